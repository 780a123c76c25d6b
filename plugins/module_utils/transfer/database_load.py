# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading a database of a backup set, or a legacy dump, into a new database.

Shared by the restore, which uses the running server, and the rehearsal, which uses a throw-away container.
The caller drops a new database that could not be loaded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part

from . import dump_contents, legacy_load, search_path
from .load_run import Loading, count_and_analyze
from .load_target import Target
from .set_load import SetLoad, program


def load_set_database(
    target: Target,
    layout: Layout,
    part: Mapping[str, Any],
    name: str,
    jobs: int,
    cancellation: Cancellation,
    meter: Part,
) -> dict[str, Any]:
    """Make the database ``name`` and load a part of the manifest into it, with its owner, properties and settings.

    Returns ``rows``, as ``differences`` the tables whose number of rows differs from the manifest, ``remarks``,
    ``faults``, ``notes``, and as ``left_out`` the extensions for :func:`load_extension`.
    Raises HostFault or LoadError, which say who is at fault.
    """
    loading = Loading(target, part["name"], layout.database(part["name"]), name, cancellation, meter)
    properties = _read_properties(layout.properties(part["name"]))
    return SetLoad(loading, part, properties, layout.globals, jobs).run()


def load_extension(
    target: Target, layout: Layout, part: Mapping[str, Any], name: str, extension: str, cancellation: Cancellation
) -> None:
    """Load an extension that works only in a database of this name, with its rows, into the swapped database.

    Does nothing where the server's configuration names another database: the plan of a restore says so.
    """
    with target.session(cancellation) as session:
        if databases.setting(session, dump_contents.SINGLE_DATABASE[extension]) != name:
            return
    loading = Loading(target, part["name"], layout.database(part["name"]), name, cancellation, Part("", 0))
    only = dump_contents.of_extension(extension)
    result = loading.run(dump_contents.loading(program(target, name, "--exit-on-error"), only=only))
    if result.failed:
        raise loading.failure(result)


def load_file(
    target: Target,
    path: str,
    like: Mapping[str, Any],
    properties: Mapping[str, Any] | None,
    name: str,
    cancellation: Cancellation,
    meter: Part,
) -> dict[str, Any]:
    """Make the database ``name`` and load a legacy dump into it, ``.sql`` or ``.sql.gz``, in one transaction.

    ``like`` has owner, encoding, collate and ctype; ``properties`` are not in such a dump. Returns ``rows``,
    ``remarks``, ``faults`` and ``notes``. Raises HostFault or LoadError.
    """
    loading = Loading(target, os.path.basename(path), os.path.dirname(path), name, cancellation, meter)
    with target.session(cancellation) as session:
        loading.notes += databases.create(session, name, like, properties)
        unknown = legacy_load.unknown_settings(session, path)
    for number, setting in unknown.items():
        loading.remarks.append(f"line {number} of {loading.source} sets {setting}, which this server does not know")
    result = loading.run(legacy_load.command(target, path, name, unknown))
    if result.failed:
        raise loading.failure(result, search_path.schemas_of(properties))
    if properties:
        with target.session(cancellation) as session:
            databases.apply_properties(session, name, like["owner"], properties)
    rows, _roots = count_and_analyze(loading)
    return loading.result(rows)


def _read_properties(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as stream:
            properties: dict[str, Any] = json.load(stream)
            return properties
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise MaxopsError(f"{path} cannot be read: {error}; verify the set, or take another") from error
