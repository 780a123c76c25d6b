"""`openproject-token LOGIN`: a new API token, as created by the account page."""

from __future__ import annotations

import os
import sys

from ..shared.database import Database, clean_url
from . import accounts, secrets


def main(words: list[str]) -> int:
    if len(words) != 1:
        print("usage: openproject-token LOGIN", file=sys.stderr)
        return 2
    with Database(dsn=clean_url(os.environ["DATABASE_URL"])).transaction() as transaction:
        user = accounts.by_login(transaction, words[0])
        if user is None:
            print(f"openproject-token: there is no user {words[0]!r}", file=sys.stderr)
            return 1
        # Like the account page: a new API token replaces the old one.
        transaction.run("DELETE FROM tokens WHERE user_id = %s AND type = 'Token::API'", (user["id"],))
        token = secrets.new_token()
        row = {"user_id": user["id"], "type": "Token::API", "value": secrets.token_hash(token)}
        transaction.insert("tokens", row)
    print(token)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
