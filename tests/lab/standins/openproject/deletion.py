"""The job that removes a deleted account, in a thread in place of a worker."""

from __future__ import annotations

import os
import threading
import time

from ..shared.web import database


def later(user_id: int) -> None:
    """Remove the row after ``LAB_DELETION_SECONDS`` (1 by default); below 0 never, as with a stopped worker."""
    seconds = float(os.environ.get("LAB_DELETION_SECONDS", "1"))
    if seconds >= 0:
        connections = database()

        def run() -> None:
            time.sleep(seconds)
            with connections.transaction() as transaction:
                transaction.run("DELETE FROM users WHERE id = %s AND status = 5", (user_id,))

        threading.Thread(target=run, daemon=True).start()
