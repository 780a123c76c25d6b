# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from the Docker daemon over its socket, for jobs that only read and must be fast.

The Docker SDK takes longer to import than the daemon takes to answer; all changes go through stack.py.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlencode

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import SocketConnection

from .container import DEFAULT_DOCKER_HOST, ONE_OFF_LABEL, PROJECT_LABEL
from .inspection import Inspection, inspection_from
from .sdk_version import wrong_versions

INSPECT_SECONDS = 2.0
"""How long the daemon may take to inspect one container."""


NOT_RUNNING = "Docker is not running: start it (systemctl start docker), or name its socket in docker_host"


class EngineUnreachable(HostFault):
    """The daemon cannot be reached, or does not answer in time; ``forbidden`` where this user has no access to it."""

    def __init__(self, text: str, forbidden: bool = False) -> None:
        super().__init__(text)
        self.forbidden = forbidden


class EngineTimeout(EngineUnreachable):
    """The daemon accepted the request and does not answer in time."""


def refuse_remote(docker_host: str) -> None:
    """Raise MaxopsError for a daemon that is not reached through a socket of this host."""
    if not docker_host.startswith("unix://"):
        raise MaxopsError(
            f'docker_host "{docker_host}" is not a local socket; containers use folders of the same host, so run this '
            "task on the host that runs the stack, with docker_host unix:///…"
        )


def unreachable(docker_host: str, cause: str) -> str:
    """The message for a daemon that cannot be reached, with the next step."""
    lower = cause.lower()
    if "permission denied" in lower:
        advice = "this user has no access to Docker: run as root (become: true)"
    elif "not a socket" in lower or "not a directory" in lower:
        advice = "name the daemon's socket in docker_host"
    elif "no such file" in lower:
        advice = _of_missing(docker_host)
    elif "refused" in lower:
        advice = NOT_RUNNING
    elif "no answer within" in lower:
        advice = "it hangs: see its log (journalctl -u docker), then systemctl restart docker"
    else:
        advice = "see the daemon's log (journalctl -u docker)"
    return f"cannot reach the Docker daemon at {docker_host}: {cause}; {advice}"


def _of_missing(docker_host: str) -> str:
    """The next step where no daemon listens at a socket: another one may be the right one."""
    if docker_host != DEFAULT_DOCKER_HOST and _is_socket(DEFAULT_DOCKER_HOST):
        return (
            f"correct docker_host (maxops_docker_host): there is a socket at {DEFAULT_DOCKER_HOST}; or this other "
            "Docker is not running: start it"
        )
    return NOT_RUNNING


def _is_socket(docker_host: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(docker_host[len("unix://") :]).st_mode)
    except OSError:
        return False


def cannot_connect(docker_host: str, error: Exception, seconds: float) -> HostFault:
    """The error for a first connection of the Docker SDK that failed, after at most ``seconds``.

    The SDK's text quotes exceptions of several libraries, so the system's own cause is shown instead.
    """
    if "http+docker" in str(error):
        return HostFault(wrong_versions())
    return _of_connection(docker_host, error, seconds) or EngineUnreachable(unreachable(docker_host, str(error)))


def lost_connection(docker_host: str, error: Exception) -> HostFault | None:
    """The error for a call of the Docker SDK that failed for its connection; None for any other failure."""
    return _of_connection(docker_host, error, 0)


def _of_connection(docker_host: str, error: Exception, seconds: float) -> HostFault | None:
    for cause in _causes(error):
        if isinstance(cause, (TimeoutError, socket.timeout)):
            waited = f"no answer within {seconds:.3g} s" if seconds else "no answer within its time limit"
            return EngineTimeout(unreachable(docker_host, waited))
        if isinstance(cause, OSError) and cause.errno:
            text = unreachable(docker_host, os.strerror(cause.errno))
            return EngineUnreachable(text, isinstance(cause, PermissionError))
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception, and those that it was made of, as its cause or as its arguments."""
    waiting, seen = [error], set()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            inner = [cause.__cause__, cause.__context__, *cause.args]
            waiting += [each for each in inner if isinstance(each, BaseException)]


def no_such_project(project: str, projects: Iterable[str]) -> MaxopsError:
    """The error for a project without containers on this host; ``projects`` are those that have containers."""
    names = ", ".join(f'"{name}"' for name in sorted(projects)) or "none"
    return MaxopsError(
        f'there is no Compose project "{project}" on this host (projects here: {names}); set project_name to one of '
        "them, or deploy the stack with ansible-playbook maxops.ops.deploy"
    )


class Engine:
    """The Docker daemon of this host. Each call opens its own connection, so threads can share an Engine."""

    def __init__(self, docker_host: str = DEFAULT_DOCKER_HOST, seconds: float = 10.0) -> None:
        refuse_remote(docker_host)
        self.docker_host = docker_host
        self._path = docker_host[len("unix://") :]
        self._seconds = seconds

    def get(self, path: str, **query: str) -> Any:
        """The daemon's answer to a GET, from JSON; None for an unknown object."""
        with closing(SocketConnection(self._path, self._seconds)) as connection:
            return self._get(connection, path, query)

    def containers(self, project: str) -> list[Inspection]:
        """Every container of a Compose project, in any state, sorted by name, without one-off runs.

        The daemon does not answer about one container while something holds it, for example during a pause. Such a
        container is read from the list: with its state, but without its environment and health.
        """
        label = json.dumps({"label": [f"{PROJECT_LABEL}={project}"]})
        listed = self.get("/containers/json", all="1", filters=label)
        permanent = [entry for entry in listed if (entry.get("Labels") or {}).get(ONE_OFF_LABEL) != "True"]
        details = [self._inspect(entry) for entry in permanent]
        # A container that was removed a moment ago is None.
        inspections = (inspection_from(data) for data in details if data)
        return sorted(inspections, key=lambda inspection: inspection.name)

    def _inspect(self, entry: Mapping[str, Any]) -> Any:
        try:
            with closing(SocketConnection(self._path, min(self._seconds, INSPECT_SECONDS))) as connection:
                return self._get(connection, f"/containers/{quote(entry['Id'])}/json", {})
        except EngineTimeout:
            return _as_listed(entry)

    def projects(self) -> list[str]:
        """Names of the Compose projects on this host."""
        entries = self.get("/containers/json", all="1", filters=json.dumps({"label": [PROJECT_LABEL]}))
        return sorted({entry["Labels"][PROJECT_LABEL] for entry in entries})

    def events(self, since: int, until: int, **filters: list[str]) -> list[dict[str, Any]]:
        """The events between two times (seconds since 1970) that the daemon still remembers."""
        query = {"since": str(since), "until": str(until), "filters": json.dumps(filters)}
        with closing(SocketConnection(self._path, self._seconds)) as connection:
            return [json.loads(line) for line in self._text(connection, "/events", query).splitlines()]

    def images(self, names: Iterable[str]) -> dict[str, str]:
        """The image ids for image names on this host; unknown names are left out.

        One by one: a list of all images takes the daemon ten times as long, because it adds up their sizes.
        """
        with closing(SocketConnection(self._path, self._seconds)) as connection:
            images = {name: self._get(connection, f"/images/{quote(name, safe='/:@')}/json", {}) for name in names}
        return {name: image["Id"] for name, image in images.items() if image}

    def _get(self, connection: http.client.HTTPConnection, path: str, query: Mapping[str, str]) -> Any:
        return json.loads(self._text(connection, path, query) or "null")

    def _text(self, connection: http.client.HTTPConnection, path: str, query: Mapping[str, str]) -> str:
        """The body of an answer; empty for an unknown object."""
        try:
            connection.request("GET", f"{path}?{urlencode(query)}" if query else path)
            response = connection.getresponse()
            body = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, (TimeoutError, socket.timeout)):
                raise EngineTimeout(self._message(error)) from error
            raise EngineUnreachable(self._message(error), isinstance(error, PermissionError)) from error
        if response.status == 404:
            return ""
        if response.status >= 400:
            raise EngineUnreachable(
                f"the Docker daemon at {self.docker_host} refuses {path}: {body.strip()[:300] or response.status}; "
                "see the daemon's log (journalctl -u docker)"
            )
        return body

    def _message(self, error: Exception) -> str:
        timed_out = isinstance(error, (TimeoutError, socket.timeout))
        cause = getattr(error, "strerror", None) or str(error)
        return unreachable(self.docker_host, f"no answer within {self._seconds:.3g} s" if timed_out else cause)


def _as_listed(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A container's entry of the list, in the form of an inspection."""
    return {
        "Id": entry["Id"],
        "Name": entry["Names"][0],
        "Image": entry["ImageID"],
        "Config": {"Image": entry["Image"], "Labels": entry.get("Labels") or {}, "Env": []},
        "State": {"Status": entry["State"]},
        **{key: entry.get(key) for key in ("HostConfig", "NetworkSettings", "Mounts")},
    }
