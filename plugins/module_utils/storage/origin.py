# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets belong to this host and stack; the sets of another host in the same repository are never its own."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.host.machine import machine_id

from .backup_set import moment_of
from .repository.interface import KeptSet

UNSURE_FOR = datetime.timedelta(days=40)
"""Retention does not remove sets of a former name for so long: a clone would make its next set in this time."""


@dataclass(frozen=True)
class Origin:
    """A stack on a host: its Compose project, the host's name, and its machine id where it has one."""

    project: str
    host: str
    machine_id: str | None = None

    def split(self, sets: Iterable[KeptSet]) -> Ownership:
        """Sort the complete sets of this project, in their order, into own ones and those of other hosts.

        The machine id decides; where this host or a set has none, the host name does. A set with this machine id and
        another host name was made before this host was renamed, so it is older than every set with the present name.
        If it is not, two machines share a machine id (clones): then the set belongs to the other machine.
        """
        of_project = [kept for kept in sets if kept.manifest and kept.manifest.get("project") == self.project]
        named = {kept.set_id for kept in of_project if self._has_this_name(kept.manifest or {})}
        last: dict[str, str] = {}
        for kept in of_project:
            if kept.set_id not in named and self._has_this_id(kept.manifest or {}):
                last[host_of(kept)] = max(kept.set_id, last.get(host_of(kept), ""))
        former = {name for name, set_id in last.items() if not named or set_id < min(named)}

        def is_own(kept: KeptSet) -> bool:
            return kept.set_id in named or (self._has_this_id(kept.manifest or {}) and host_of(kept) in former)

        return Ownership(
            self,
            [kept for kept in of_project if is_own(kept)],
            [kept for kept in of_project if not is_own(kept)],
            sorted(former),
            sorted(set(last) - former),
        )

    def made(self, manifest: Mapping[str, Any]) -> bool:
        """Whether this host surely made a set of this project: under its present name, and with no other machine id."""
        return manifest.get("project") == self.project and self._has_this_name(manifest)

    def _has_this_name(self, manifest: Mapping[str, Any]) -> bool:
        ids = {manifest.get("machine_id"), self.machine_id} - {None}
        # A manifest always has a host; one without any cannot be said to be another host's.
        return len(ids) < 2 and manifest.get("host", self.host) == self.host

    def _has_this_id(self, manifest: dict[str, Any]) -> bool:
        return self.machine_id is not None and manifest.get("machine_id") == self.machine_id


@dataclass(frozen=True)
class Ownership:
    """The complete sets of one project in a repository, the oldest first.

    ``former`` are earlier names of this host in its own sets; ``clones`` are other machines with the same machine id.
    """

    origin: Origin
    own: list[KeptSet] = field(default_factory=list)
    others: list[KeptSet] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    clones: list[str] = field(default_factory=list)

    @property
    def other_hosts(self) -> list[str]:
        """Names of the hosts that made the other sets."""
        return sorted({host_of(kept) for kept in self.others})

    def is_former(self, kept: KeptSet) -> bool:
        """True for a set of a former name that was in use until lately: another machine may have the same id."""
        name = host_of(kept)
        if name not in self.former:
            return False
        last = max(other.set_id for other in self.own if host_of(other) == name)
        return moment_of(self.own[-1].set_id) - moment_of(last) <= UNSURE_FOR

    def remarks(self) -> list[str]:
        """What an operator should know about sets of other hosts, and about other names."""
        remarks = []
        if self.clones:
            remarks.append(
                f"{_names(self.clones)} and this host ({self.origin.host}) have the same machine id, and both make "
                "sets: give one of them its own (rm /etc/machine-id; systemd-machine-id-setup)"
            )
        if self.former and all(host_of(kept) != self.origin.host for kept in self.own):
            remarks.append(
                f"the sets of {_names(self.former)} have this host's machine id, so they count as its own under an "
                f"earlier name; if {_names(self.former)} is another machine, give this one its own id first "
                "(rm /etc/machine-id; systemd-machine-id-setup)"
            )
        return remarks


def here(project: str) -> Origin:
    """A project on this host."""
    return Origin(project, socket.gethostname(), machine_id())


def host_of(kept: KeptSet) -> str:
    """The name of the host that made a set."""
    return str((kept.manifest or {}).get("host", "an unknown host"))


def _names(names: list[str]) -> str:
    return ", ".join(names)
