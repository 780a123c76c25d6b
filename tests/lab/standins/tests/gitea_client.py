"""A Gitea with its first admin, and requests to its API as a given user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from .support import Application, Lab

ADMIN, ADMIN_PASSWORD = "root1", "Adm1n!pass"


@dataclass
class Gitea:
    application: Application
    token: str

    def api(self, request: str, body: Any = None, *, who: str = "admin") -> requests.Response:
        """`who` is admin, anonymous, bad (a token that does not exist), token:SECRET or NAME:PASSWORD."""
        method, path = request.split(" ", 1)
        options: dict[str, Any] = {} if body is None else {"json": body}
        if who in {"admin", "bad"} or who.startswith("token:"):
            token = {"admin": self.token, "bad": "0" * 40}.get(who) or who.removeprefix("token:")
            options["headers"] = {"Authorization": f"token {token}"}
        elif who != "anonymous":
            name, _, password = who.partition(":")
            options["auth"] = (name, password)
        return self.application.send(method, f"/api/v1{path}", **options)


def start(lab: Lab, version: str, **options: Any) -> Gitea:
    application = lab.start("gitea", version, **options)
    application.output(
        *["gitea", "admin", "user", "create", "--admin", "--username", ADMIN, "--password", ADMIN_PASSWORD],
        *["--email", f"{ADMIN}@example.test"],
    )
    token = application.output(
        *["gitea", "admin", "user", "generate-access-token", "--username", ADMIN, "--scopes", "all", "--raw"]
    )
    return Gitea(application, token)
