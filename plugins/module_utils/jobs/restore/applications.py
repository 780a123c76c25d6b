# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore does to sessions, caches, search indexes and SSH keys. Plans only; swap/clearing.py does it.

Gitea's sessions and the lines of authorized_keys name a person only by a number, and after a restore numbers are given
again: without this, people would come back signed in as another person.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from ansible_collections.maxops.ops.plugins.module_utils.swap import clearing_files as how
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Clearing, Journal
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import (
    MEMCACHED,
    REDIS,
    Files,
    database_logins,
    gitea_settings,
    is_gitea,
    uses_database,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container, mount_of, on_host
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea import places
from ansible_collections.maxops.ops.plugins.module_utils.systems.stores import (
    CACHE,
    DATABASE,
    FILES,
    MEMORY,
    SESSIONS,
    Store,
    is_openproject,
    stores_of,
)

from .effects import Effects, check, check_files, empty

KNOWN_DATABASES = {"gitea": "Gitea", "forgejo": "Forgejo", "openproject": "OpenProject"}
REPOSITORIES = ("/data/git/repositories", "/var/lib/gitea/git/repositories")
AS_THEN = "people are signed in as at the moment of the restored data"


def plan_effects(
    stack: Stack, journal: Journal, servers: Sequence[str], started: Iterable[str], paused: bool
) -> Effects:
    """The effects of a journal's swaps. ``started`` are services that stop and start, ``servers`` keep data for others.

    ``paused``: all restored data is of one moment. Raises MaxopsError when sessions could not be ended now.
    """
    effects = Effects()
    started = list(started)
    containers = [container for container in stack.containers if container.service not in servers]
    stores = [store for container in containers for store in stores_of(container, _root(stack, container))]
    known = [container for container in containers if is_gitea(container) or is_openproject(container)]
    for container in known:
        touched = Touched(journal, container, _root(stack, container), container.service in started)
        if is_gitea(container):
            _Gitea(stack, container, touched, stores, paused, effects).plan()
        elif touched.database:
            _openproject(stack, container, stores, effects)
    for swap in journal.databases:
        if swap.name in KNOWN_DATABASES and not uses_database(known, swap.name, partial(_root, stack)):
            application = KNOWN_DATABASES[swap.name]
            effects.warn(
                f'no container of {application} uses database "{swap.name}", so its sessions and caches were not '
                "deleted: empty its cache server before it starts"
            )
    check(stack, effects, started)
    check_files(stack, replace(journal, clearings=effects.clearings))
    return effects


class Touched:
    """Which data of a container a restore replaces: its ``database``, some of its ``files``.

    ``root`` is its file system on this host while it runs, and ``stops`` says that it stops for the restore.
    """

    def __init__(self, journal: Journal, container: Container, root: str, stops: bool) -> None:
        self._container = container
        self._volumes = {volume.name for volume in journal.volumes}
        self._folders = [os.path.realpath(volume.folder) for volume in journal.volumes]
        names = [database.name for database in journal.databases]
        self.database = any(uses_database([container], name, lambda _container: root) for name in names)
        self.files = any(self.has(mount.target) for mount in container.mounts)
        if names and stops and not self.files and not database_logins(container, root):
            # Where its configuration cannot be read, it stops because it has a session in one of the databases.
            self.database = True

    def has(self, inside: str) -> bool:
        """True when a path inside the container is on a volume or in a folder that is replaced."""
        mount = mount_of(inside, self._container.mounts)
        if mount is None:
            return False
        path = os.path.realpath(on_host(inside, self._container.mounts)) + "/"
        return mount.name in self._volumes or any(path.startswith(f"{folder}/") for folder in self._folders)


def _root(stack: Stack, container: Container) -> str:
    return stack.inspection_of(container).files_root


# -- Gitea ----------------------------------------------------------------------------------------------------------


class _Gitea:
    """Plans the effects for one container of Gitea."""

    def __init__(
        self,
        stack: Stack,
        container: Container,
        touched: Touched,
        stores: Sequence[Store],
        paused: bool,
        effects: Effects,
    ) -> None:
        self._stack = stack
        self._container = container
        self._service = container.service
        self._touched = touched
        self._stores = stores
        self._paused = paused
        self._effects = effects
        self._settings = gitea_settings(container, _root(stack, container))
        environment = container.environment
        self._data = places.data_paths(self._settings, environment)
        self._keys = places.key_files(self._settings, environment)
        databases = places.sqlite_files(self._settings, environment)
        self._database = touched.database or any(touched.has(path) for path in databases)

    def plan(self) -> None:
        """Plan everything, where the restore replaces data of this container."""
        if not self._database and not self._touched.files:
            return
        _inside, path = Files(self._container, _root(self._stack, self._container)).ini_path()
        if not path and ("session", "PROVIDER") not in self._settings:
            self._effects.warn(
                f"app.ini of {self._container.name} cannot be read while it is down, so it is not known where its "
                "sessions are: start it and restore again, or delete them before Gitea is used"
            )
        for store in self._stores:
            if store.service == self._service and store.purpose == SESSIONS:
                self._sessions(store)
            elif store.service == self._service and store.purpose == CACHE:
                empty(self._stack, store, self._stores, self._effects)
        if self._touched.files:
            # Those of a set come with it, also where Gitea keeps its sessions elsewhere now.
            self._session_files([path for path in self._defaults() if self._touched.has(path)])
        self._indexes()
        self._written_again()

    def _defaults(self) -> list[str]:
        return [f"{path}/sessions" for path in self._data]

    def _apart(self, paths: Iterable[str]) -> list[str]:
        """Paths on mounts whose files and rows are of different moments after the restore."""
        mounted = [path for path in paths if mount_of(path, self._container.mounts)]
        return [path for path in mounted if not (self._paused and self._database and self._touched.has(path))]

    def _session_files(self, paths: list[str]) -> None:
        if paths:
            what = "Gitea's session files"
            self._effects.add(Clearing(how.SESSION_FILES, self._service, what, True, paths=paths))

    def _sessions(self, store: Store) -> None:
        effects = self._effects
        if store.kind == FILES:
            self._sessions_in_files(store)
        elif not self._database:
            return  # the numbers in the sessions still belong to the same people
        elif store.kind in (REDIS, MEMCACHED):
            empty(self._stack, store, self._stores, effects)
        elif store.kind == DATABASE:
            effects.say(f"Gitea: its sessions are in the database, {AS_THEN}")
        elif store.kind == MEMORY:
            effects.say("Gitea: everybody signs in again, its sessions are in its memory")
        else:
            effects.warn(
                f"Gitea's sessions ({store.detail}, {store.source}) cannot be deleted by a restore: people may be "
                "signed in as others; delete them there before they use Gitea again"
            )

    def _sessions_in_files(self, store: Store) -> None:
        mounted = [path for path in store.folders if mount_of(path, self._container.mounts)]
        paths = [path for path in mounted if self._database or self._touched.has(path)]
        self._session_files(paths)
        if paths:
            self._effects.say("Gitea: everybody signs in again, its session files are deleted")
        elif self._database and not mounted:
            self._effects.warn(
                f"Gitea's sessions are in {store.folders[0]} of its container and cannot be deleted there: people may "
                f"be signed in as others; {_recreate(self._stack, self._service)} ends all sessions"
            )

    def _indexes(self) -> None:
        effects, environment = self._effects, self._container.environment
        indexes = self._apart(self._harmless(places.index_folders(self._settings, environment)))
        if indexes:
            effects.add(Clearing(how.INDEX, self._service, "Gitea's search indexes", paths=indexes))
            effects.say("Gitea: its search indexes are removed, and it builds them again after the start")
        for kind in places.external_indexes(self._settings):
            effects.warn(
                f"Gitea's search index is in {kind} and was not removed: delete it there, and Gitea builds it again at "
                "its next start"
            )
        temporary = self._apart(places.temporary_folders(self._settings, environment))
        if temporary:
            effects.add(Clearing(how.FOLDER, self._service, "Gitea's temporary files", paths=temporary))

    def _harmless(self, paths: Iterable[str]) -> list[str]:
        """The paths without those that contain something else of Gitea, such as its repositories."""
        root = self._settings.get(("repository", "ROOT"), "")
        others = [*self._data, *(os.path.dirname(path) for path in self._keys), *REPOSITORIES, root, "/etc/gitea"]
        return [path for path in paths if not any(f"{other}/".startswith(f"{path}/") for other in others)]

    def _written_again(self) -> None:
        keys = self._apart(self._keys)
        if not keys and not self._apart(self._data):
            return
        if self._service not in self._effects.regenerate:
            self._effects.regenerate.append(self._service)
        own = places.has_own_ssh_server(self._settings)
        if keys and not own:
            self._effects.add(Clearing(how.KEYS, self._service, "Gitea's lines in authorized_keys", True, paths=keys))
        what = "the hooks of its repositories are" if own else "authorized_keys and the hooks of its repositories are"
        self._effects.say(f"Gitea: {what} written again from the database")


def _recreate(stack: Stack, service: str) -> str:
    return stack.compose.command("up", "--detach", "--force-recreate", service)


# -- OpenProject ----------------------------------------------------------------------------------------------------


def _openproject(stack: Stack, container: Container, stores: Sequence[Store], effects: Effects) -> None:
    for store in stores:
        if store.service != container.service:
            continue
        if store.kind == DATABASE:
            effects.say(f"OpenProject: its sessions are in the database, {AS_THEN}")
        elif store.source:
            empty(stack, store, stores, effects)
        elif store.purpose == SESSIONS:
            effects.warn(
                "OpenProject keeps sessions in its cache, and no cache server is configured: people may be signed in "
                f"as others; {_recreate(stack, store.service)} ends all sessions"
            )
        else:
            effects.say(
                "OpenProject: no cache server is configured; a cache in files of its container is not emptied (docker "
                f"compose up --detach --force-recreate {store.service} does it)"
            )
