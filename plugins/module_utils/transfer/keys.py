# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that applications encrypt and sign with: a set records their hashes, so that a restore can compare them.

A key is named as the variable that sets it: ``SECRET_KEY_BASE``, ``GITEA__security__SECRET_KEY``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import Files
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea import configuration

ENVIRONMENT = "environment"
"""The source of a key that a container has as a variable."""

_ROUNDS = 20_000
"""A weak key, such as an image's default, must not be found from its hash at once."""

_GITEA_KEYS = {
    ("security", "SECRET_KEY"),
    ("security", "INTERNAL_TOKEN"),
    ("oauth2", "JWT_SECRET"),
    ("server", "LFS_JWT_SECRET"),
}
# Of any application: the names that frameworks use for the key of their encryption. Passwords are not compared: a
# restore changes none.
_VARIABLE = re.compile(
    r"(?P<name>(?:\w+_)?(?:SECRET_KEY(?:_BASE)?|APP_KEY|ENCRYPTION_KEY|CIPHER_KEY|JWT_SECRET|INTERNAL_TOKEN))"
    r"(?:_{1,2}FILE)?"
)
_URI = "file:"


@dataclass(frozen=True)
class Key:
    """A key that a container has; ``source`` is :data:`ENVIRONMENT`, or the path of app.ini inside the container."""

    name: str
    value: str = field(repr=False)
    source: str
    container: Container = field(repr=False)


def keys_of(stack: Stack) -> list[Key]:
    """The keys of all containers, in the order of services; one that several containers share appears for each."""
    containers = sorted(stack.containers, key=lambda container: (container.service, not container.running))
    return [
        key for container in containers for key in _of_container(container, stack.inspection_of(container).files_root)
    ]


def hashed(value: str, set_id: str) -> str:
    """The hash of a key in the manifest of a set; it differs from set to set."""
    return hashlib.pbkdf2_hmac("sha256", value.encode("utf-8", "surrogateescape"), set_id.encode(), _ROUNDS).hex()


def recorded(keys: Iterable[Key], set_id: str) -> dict[str, Any]:
    """The manifest's entries: ``keys`` are hashes by name, ``key_sources`` their service and source.

    Where several containers have a key of the same name, the first one counts.
    """
    first: dict[str, Key] = {}
    for key in keys:
        first.setdefault(key.name, key)
    return {
        "keys": {name: hashed(key.value, set_id) for name, key in sorted(first.items())},
        "key_sources": {
            name: {"service": key.container.service, "source": key.source} for name, key in sorted(first.items())
        },
    }


def _of_container(container: Container, root: str) -> Iterator[Key]:
    files = Files(container, root)
    environment = container.environment
    seen = set()
    for name, value in _variables(environment, files):
        if value and name not in seen:
            seen.add(name)
            yield Key(name, value, ENVIRONMENT, container)
    inside, path = files.ini_path()
    settings = files.ini() if path else {}
    for (section, key), value in _of_gitea(settings, files):
        # Gitea's image writes its variables into the file at every start, so they win.
        name = gitea_name(section, key)
        if value and name not in seen:
            seen.add(name)
            yield Key(name, value, inside, container)


def gitea_name(section: str, key: str) -> str:
    """The name of the variable that sets an entry of Gitea's configuration."""
    return f"GITEA__{section}__{key}"


def _variables(environment: Mapping[str, str], files: Files) -> Iterator[tuple[str, str]]:
    gitea = configuration.entries(environment)
    for (section, key), value in _of_gitea(gitea, files):
        yield gitea_name(section, key), value
    for variable in sorted(environment):
        match = _VARIABLE.fullmatch(variable)
        if match and not configuration.entries({variable: ""}):
            yield match["name"], files.value(environment, match["name"]) or ""


def _of_gitea(settings: Mapping[tuple[str, str], str], files: Files) -> Iterator[tuple[tuple[str, str], str]]:
    for section, key in sorted(_GITEA_KEYS):
        entries = {name: value for (other, name), value in settings.items() if other == section}
        value = files.value(entries, key)
        uri = entries.get(f"{key}_URI", "")
        if not value and uri.startswith(_URI):
            value = files.secret(uri[len(_URI) :])
        yield (section, key), (value or "").strip()
