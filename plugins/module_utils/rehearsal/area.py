# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder for a host's rehearsals, and the cleanup of what a killed rehearsal left there."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import remove_tree
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock


@dataclass(frozen=True)
class Folders:
    """Folders of one rehearsal: its top folder, the server's data, and its socket."""

    folder: str
    data: str
    socket: str


@dataclass
class RehearsalArea:
    """Where the rehearsals of one host run, one after the other.

    ``folder`` holds nothing else: its content is removed. ``stack`` is the Docker daemon that runs the throw-away
    containers, ``jobs`` the number of parallel tasks, ``budget`` the bytes that a rehearsal may write (None: derived
    from the size of the set).
    """

    folder: str
    stack: Stack
    jobs: int
    budget: int | None = None

    @property
    def key(self) -> str:
        """Label of the helper containers of this area."""
        return f"rehearsal:{self.folder}"

    @property
    def _socket_folder(self) -> str:
        """A folder with a short path: the path of a socket may have 107 bytes at most."""
        top = "/run" if os.access("/run", os.W_OK) else tempfile.gettempdir()
        return os.path.join(top, f"maxops-rehearsal-{hashlib.sha256(self.folder.encode()).hexdigest()[:12]}")

    @contextmanager
    def opened(self) -> Iterator[list[str]]:
        """Allow one rehearsal at a time, and remove what a killed one left; gives the names of what was removed."""
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise MaxopsError(
                f"{self.folder} cannot be created for rehearsals: {error.strerror}; name another folder in "
                "rehearsal_dir"
            ) from error
        # Everything in it is removed below: a link that another user planted must not be followed.
        info = os.lstat(self.folder)
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o022:
            raise MaxopsError(
                f"{self.folder} is not a folder that only this user can write to, so rehearsals cannot run there: "
                "remove it, or name another folder in rehearsal_dir"
            )
        purpose = "rehearsal of a backup set"
        with exclusive_lock(os.path.join(self.folder, "lock"), f"the rehearsals' folder {self.folder}", purpose):
            removed = self.stack.remove_helpers(self.key)
            for name in sorted(set(os.listdir(self.folder)) - {"lock"}):
                remove_tree(os.path.join(self.folder, name))
                removed.append(name)
            remove_tree(self._socket_folder)
            yield removed

    @contextmanager
    def folders(self, name: str) -> Iterator[Folders]:
        """Folders for one rehearsal, removed with its containers even if this process is killed."""
        folder = os.path.join(self.folder, name)
        folders = Folders(folder, os.path.join(folder, "data"), os.path.join(self._socket_folder, "s"))
        with self.stack.clearing(self.key, [folder, self._socket_folder]):
            for path in (folder, self._socket_folder):
                os.mkdir(path, mode=0o700)
            # Only root can enter the parent folders, so no other user of the host gets in; the container's user does.
            for path in (folders.data, folders.socket):
                os.mkdir(path)
                os.chmod(path, 0o777)  # noqa: S103
            yield folders
