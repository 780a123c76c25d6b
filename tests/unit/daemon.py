# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker daemon in memory: containers that start, stop, crash and answer health checks as a test says."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import docker.errors

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack

UTC = datetime.timezone.utc


def moment(seconds: float = 0.0) -> str:
    """Now, or some seconds later, as Docker writes it."""
    return (datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


class Daemon:
    """Stands in for the daemon's interface of the Docker SDK; ``calls`` are the changes that were asked for."""

    def __init__(self) -> None:
        self.data: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.at: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.checks: dict[str, tuple[int, str]] = {}
        self.log_lines: dict[str, list[str]] = {}
        self.api = self

    def add(
        self,
        service: str,
        status: str = "running",
        policy: str = "unless-stopped",
        test: list[str] | None = None,
        depends_on: str = "",
        mounts: list[dict[str, Any]] | None = None,
        **config: Any,
    ) -> dict[str, Any]:
        """A container of the project; ``config`` are further keys of its Config."""
        labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": service}
        labels["com.docker.compose.depends_on"] = depends_on
        data = {
            "Id": f"id-{service}",
            "Name": f"/shop-{service}-1",
            "Image": config.pop("image_id", "sha256:app"),
            "RestartCount": 0,
            "State": {
                "Status": status,
                "Running": status == "running",
                "StartedAt": moment(-60),
                "ExitCode": 0,
                "Pid": 0,
            },
            "Config": {"Labels": labels, "Env": [], "Image": config.pop("image", "app:1"), **config},
            "HostConfig": {"RestartPolicy": {"Name": policy}},
            "Mounts": mounts or [],
        }
        if test:
            data["Config"]["Healthcheck"] = {"Test": test}
        self.data[data["Id"]] = data
        return data

    @property
    def stack(self) -> Stack:
        """The project as it is read from here."""
        stack = Stack(self, "unix:///nowhere.sock", "shop")
        stack.refresh()
        return stack

    def state(self, service: str) -> str:
        """The state of a service's container."""
        return str(self.data[f"id-{service}"]["State"]["Status"])

    # -- the interface of the SDK -----------------------------------------------------------------------------------

    def containers(self, all: bool = False, filters: Any = None) -> list[dict[str, Any]]:  # noqa: A002 - the SDK's name
        """The list of containers."""
        return [
            {"Id": data["Id"], "Names": [data["Name"]], "Labels": data["Config"]["Labels"], "Mounts": data["Mounts"]}
            for data in self.data.values()
            if (all or data["State"]["Status"] in ("running", "paused", "restarting"))
            and (not filters or filters["label"] in {"=".join(label) for label in data["Config"]["Labels"].items()})
        ]

    def inspect_container(self, name: str) -> dict[str, Any]:
        """A container; what the test has planned for this look happens first."""
        data = self.data[name]
        if name in self.at:
            self.at[name](data)
        return data

    def start(self, name: str) -> None:
        """Start a container."""
        self.calls.append(f"start {name[3:]}")
        state = self.data[name]["State"]
        if state["Status"] != "running":
            state.update(Status="running", Running=True, StartedAt=moment())

    def stop(self, name: str, timeout: int | None = None) -> None:
        """Stop a container."""
        self.calls.append(f"stop {name[3:]}" + (f" within {timeout} s" if timeout is not None else ""))
        self.data[name]["State"].update(Status="exited", Running=False)

    def pause(self, name: str) -> None:
        """Freeze a container."""
        self.calls.append(f"pause {name[3:]}")
        self.data[name]["State"].update(Status="paused")

    def unpause(self, name: str) -> None:
        """End a pause."""
        self.calls.append(f"unpause {name[3:]}")
        self.data[name]["State"].update(Status="running", Running=True)

    def logs(self, name: str, tail: int, since: int) -> bytes:
        """The end of a log."""
        return "\n".join(self.log_lines.get(name[3:], [])[-tail:]).encode()

    def exec_create(self, name: str, argv: list[str]) -> dict[str, str]:
        """Prepare a health check."""
        if self.data[name]["State"]["Status"] != "running":
            raise docker.errors.APIError(f"Container {name} is not running")
        return {"Id": name}

    def exec_start(self, name: str) -> bytes:
        """Run a health check; returns its output."""
        return self.checks.get(name[3:], (0, ""))[1].encode()

    def exec_inspect(self, name: str) -> dict[str, int]:
        """The exit code of a health check."""
        return {"ExitCode": self.checks.get(name[3:], (0, ""))[0]}
