"""Common parts of requests to both applications: a database transaction, requested slowness, client address."""

from __future__ import annotations

import contextlib
import time

import psycopg2
from flask import Flask, Response, current_app, g

from .. import control
from .database import Database, Transaction


def transaction() -> Transaction:
    """The request's transaction, begun at first use, committed unless the answer is an error."""
    if "transaction" not in g:
        g.transaction = database().acquire()
    opened: Transaction = g.transaction
    return opened


def database() -> Database:
    found: Database = current_app.config["DATABASE"]
    return found


def install(app: Flask, connections: Database) -> None:
    app.config["DATABASE"] = connections
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]

    @app.before_request
    def dawdle() -> None:
        g.started = time.monotonic()
        g.control = control.read()
        time.sleep(g.control.slow)

    @app.after_request
    def end_transaction(response: Response) -> Response:
        opened = g.pop("transaction", None)
        if opened is not None:
            connections.release(opened, commit=response.status_code < 400)
        return response

    @app.teardown_request
    def abandon_transaction(_error: BaseException | None) -> None:
        opened = g.pop("transaction", None)
        if opened is not None:
            with contextlib.suppress(psycopg2.Error):
                connections.release(opened, commit=False)


def printable(text: str) -> str:
    """One log line stays one line, whatever name a client sends."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
