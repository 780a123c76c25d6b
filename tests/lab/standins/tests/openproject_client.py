"""An OpenProject with a little content, and requests to its API as a given user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

from .support import Application, Lab

JSON = "application/json"
CONTENT = """
INSERT INTO projects (name, identifier) VALUES ('Demo', 'demo');
INSERT INTO work_packages (type_id, project_id, subject, description, status_id, priority_id, author_id) VALUES
    (1, 1, 'Open one', 'Text', 1, 2, 3), (1, 1, 'Closed one', 'Text', 12, 2, 3);
INSERT INTO attachments (container_id, container_type, file, filesize, content_type, digest, author_id) VALUES
    (1, 'WorkPackage', 'a b.txt', 5, 'text/plain', '5d41402abc4b2a76b9719d911017c592', 3);
"""
WRITE_FILE = (
    "mkdir -p /var/openproject/assets/files/attachment/file/1"
    " && printf hello > '/var/openproject/assets/files/attachment/file/1/a b.txt'"
)


@dataclass
class OpenProject:
    application: Application
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, login: str) -> str:
        if login not in self.tokens:
            self.tokens[login] = self.application.output("openproject-token", login)
        return self.tokens[login]

    def api(self, request: str, *, who: str = "admin", **options: Any) -> requests.Response:
        """`who` is a login, anonymous, bearer (the admin, by bearer token), bearer:TOKEN or NAME:PASSWORD."""
        method, path = request.split(" ", 1)
        if who.startswith("bearer"):
            token = who.partition(":")[2] or self.token("admin")
            options.setdefault("headers", {})["Authorization"] = f"Bearer {token}"
        elif ":" in who:
            name, _, password = who.partition(":")
            options["auth"] = (name, password)
        elif who != "anonymous":
            options["auth"] = ("apikey", self.token(who))
        return self.application.send(method, path, **options)


def start(lab: Lab, version: str, **options: Any) -> OpenProject:
    return OpenProject(lab.start("openproject", version, **options))


def add_content(openproject: OpenProject) -> None:
    openproject.application.query(CONTENT)
    openproject.application.output("sh", "-c", WRITE_FILE)
