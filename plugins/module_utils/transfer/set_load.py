# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading the dump of a set: in one go where possible, and in several steps where something has to wait.

Until the rows are counted these wait: event triggers, because they may add rows or refuse statements, and materialized
views that read another server. Extensions that work only in a database of another name wait until after the swap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases, inventory, subscriptions
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult

from . import dump_contents, load_failures, programs, roles, search_path
from .load_run import Loading, count_and_analyze, row_differences
from .load_target import Target

SECTIONS = ("pre-data", "data", "post-data")

_DROPS = {"schema public": "DROP SCHEMA public", "extension plpgsql": "DROP EXTENSION plpgsql"}
_REFRESH = re.compile(r"Command was: REFRESH MATERIALIZED VIEW (.+?);?$", re.MULTILINE)


def program(target: Target, name: str, *options: str) -> list[str]:
    """The words of a pg_restore into a database, without the dump that it reads."""
    return ["pg_restore", "--format=directory", "--no-password", *options, f"--dbname={target.dsn(name)}"]


class SetLoad:
    """The load of one database of a set."""

    def __init__(
        self,
        loading: Loading,
        part: Mapping[str, Any],
        properties: Mapping[str, Any] | None,
        globals_path: str,
        jobs: int,
    ) -> None:
        self.loading = loading
        self.target = loading.target
        self.part = part
        self.jobs = jobs
        self.properties = properties
        self.contents = dump_contents.Contents.of(loading.folder)
        self.schemas = search_path.schemas_of(self.properties)
        self.options = ["--exit-on-error"]
        self.without: list[str] = []
        self.left_out: list[str] = []
        self.routines: list[search_path.Routine] = []
        self._globals = globals_path

    def run(self) -> dict[str, Any]:
        """All steps, in their order."""
        self._choose()
        self._create()
        result = self.loading.run(self._command())
        function = load_failures.relying_on_search_path(result) if result.failed else None
        if function:
            self._load_by_sections(result, function)
        elif result.failed:
            raise self.loading.failure(result, self.schemas)
        if self.contents.distant_views:
            self._fill_views()
        rows, roots = count_and_analyze(self.loading)
        self._finish()
        differences = row_differences(self.part["rows"], rows, roots)
        return {**self.loading.result(rows), "differences": differences, "left_out": self.left_out}

    def _choose(self) -> None:
        """What of the dump is loaded later, or cannot be loaded by this server."""
        if self.contents.event_triggers and self.target.fires_event_triggers:
            self.without.append(dump_contents.EVENT_TRIGGERS)
        if self.contents.distant_views:
            self.without.append(dump_contents.MATERIALIZED_ROWS)
        extensions = dump_contents.single_database(self.part.get("extensions", {}))
        with self.target.session(self.loading.cancellation) as session:
            present = databases.tablespaces(session)
            for extension in extensions:
                if databases.setting(session, dump_contents.SINGLE_DATABASE[extension]) != self.loading.name:
                    self.left_out.append(extension)
                    self.without.append(dump_contents.of_extension(extension))
        missing = self.contents.tablespaces([name for name in _tablespaces(self._globals) if name not in present])
        if missing:
            names = ", ".join(f'"{name}"' for name in missing)
            self.options.append("--no-tablespaces")
            self.loading.notes.append(f"tablespace {names} does not exist here: all of its tables are in pg_default")

    def _create(self) -> None:
        with self.target.session(self.loading.cancellation) as session:
            # Every server has this one. It is only loaded into an empty server of a rehearsal, never in a restore.
            made = self.loading.name != inventory.MAINTENANCE
            for remark in databases.create(session, self.loading.name, self.part, self.properties) if made else []:
                if remark not in self.loading.notes:
                    self.loading.notes.append(remark)
        # Every new database has these two, and a dump does not say that they were dropped.
        statements = [_DROPS[each] for each in (self.properties or {}).get("absent") or [] if each in _DROPS]
        if statements:
            with Session(self.target.server, self.loading.name, self.loading.cancellation) as session:
                for statement in statements:
                    session.run("prepare", statement)

    def _command(self, *options: str, only: str | None = None) -> list[str]:
        words = program(self.target, self.loading.name, f"--jobs={self.jobs}", *self.options, *options)
        return dump_contents.loading(words, () if only else self.without, only)

    def _load_by_sections(self, failed: StageResult, function: str) -> None:
        """Start again, and give functions a search_path while the rows are loaded and the indexes are built."""
        with self.target.session(self.loading.cancellation) as session:
            databases.drop(session, self.loading.name)
        self._create()
        for section in SECTIONS:
            result = self.loading.run(self._command(f"--section={section}"))
            if result.failed:
                error = self.loading.failure(result, self.schemas)
                # Without a cause of its own, the failure of the first try says more.
                raise error if getattr(error, "fix", True) else self.loading.failure(failed, self.schemas)
            if section == SECTIONS[0]:
                with Session(self.target.server, self.loading.name, self.loading.cancellation) as session:
                    self.routines = search_path.routines(session)
                    search_path.give(session, self.routines, self.schemas)
        names = [routine.signature for routine in self.routines]
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        self.loading.faults.append(
            f"function {function} relies on the search_path, which is empty while a dump is loaded. Meanwhile these "
            f"functions had a search_path of their own: {', '.join(names[:10])}{more}. In production: ALTER "
            f"FUNCTION {function} SET search_path = {search_path.in_sql(self.schemas)}, then back up again"
        )

    def _fill_views(self) -> None:
        """Fill materialized views last; one that reads a server that cannot be reached stays empty."""
        words = program(self.target, self.loading.name, *(each for each in self.options if each != "--exit-on-error"))
        result = self.loading.run(dump_contents.loading(words, only=dump_contents.MATERIALIZED_ROWS))
        if not result.failed:
            return
        views = _REFRESH.findall(result.stderr)
        if not views or not load_failures.another_server(result):
            raise self.loading.failure(result, self.schemas)
        self.loading.remarks.append(
            f"materialized view {', '.join(views)} could not be filled, because it reads another server: "
            f"{programs.first_error(result)}; when that server can be reached: REFRESH MATERIALIZED VIEW {views[0]}"
        )

    def _finish(self) -> None:
        """What must come after the rows are counted: event triggers; and what a dump does not contain."""
        name = self.loading.name
        if self.routines:
            with Session(self.target.server, name, self.loading.cancellation) as session:
                search_path.take_back(session, self.routines)
        if dump_contents.EVENT_TRIGGERS in self.without:
            result = self.loading.run(self._command(only=dump_contents.EVENT_TRIGGERS))
            if result.failed:
                raise self.loading.failure(result, self.schemas)
        with self.target.session(self.loading.cancellation) as session:
            if self.properties:
                databases.apply_properties(session, name, self.part["owner"], self.properties)
            self.loading.notes += [
                f'subscription "{each}" is restored, but disabled: ALTER SUBSCRIPTION "{each}" ENABLE, when its '
                "publisher is to send to this database"
                for each in subscriptions.names(session, name)
            ]


def _tablespaces(globals_path: str) -> list[str]:
    try:
        return roles.tablespaces(globals_path)
    except MaxopsError:
        return []  # where the roles are needed, their file was read before
