# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the image that reads a set, and the parts that a rehearsal restores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.image import Image, find_image
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.values import Source
from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import HOST
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import DECODE, REHEARSE
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import HelperSpec, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import list_databases, list_roles
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .decode import Lister
from .options import VerifyOptions
from .result import CheckedSet


def lister_of(checked: CheckedSet, connect: Callable[[], Stack], options: VerifyOptions) -> Lister | None:
    """How to run a program of the image that made the set; None for a set without databases.

    Also None without such an image, or without Docker; that becomes a finding.
    """
    if not checked.subject.parts("database"):
        return None
    try:
        stack = connect()
        image = _image(checked, stack, options)
    except Cancelled:
        raise
    except MaxopsError as error:
        checked.subject.warning(
            DECODE, "lists of the dumps", f"were not read: {error}", "the list of each dump", cause=HOST
        )
        return None

    def run(argv: Sequence[str], binds: Sequence[tuple[str, str, bool]], cancellation: Cancellation) -> Any:
        spec = HelperSpec(image.id, argv, f"verify:{os.path.abspath(options.repository)}", binds=binds, cpu_shares=256)
        return stack.run_helper(spec, cancellation)

    return run


def source_of(checked: CheckedSet, stack: Stack, options: VerifyOptions) -> Source:
    """What a rehearsal restores. Raises MaxopsError when this host has no image that can read it.

    A set without databases has no server to start: then there is no image.
    """
    if checked.source is None and not checked.subject.parts("database"):
        return Source(None, [])
    image = _image(checked, stack, options)
    if checked.source is not None:
        part, roles = _as_on_server(checked.source.databases[0], stack, options)
        return Source(image, [part], checked.source.file, roles)
    if not image.same:
        set_image = image.recorded or "unknown"
        fix = f"For a valid drill, get the set's own image: docker pull {set_image}"
        seen = f"rehearsed in {image.name} ({image.id}), because its own image is not on this host"
        checked.subject.warning(REHEARSE, "image", seen, f"the image that made the set ({set_image})", fix, HOST)
    return Source(image, checked.subject.parts("database"))


def _image(checked: CheckedSet, stack: Stack, options: VerifyOptions) -> Image:
    """The image that reads the set. Raises MaxopsError where there is none, or where several servers could have it."""
    roles = options.access.roles(stack)
    try:
        return find_image(stack, checked.subject.manifest, roles.database)
    except MaxopsError as error:
        problem = roles.problem("database_service")
        raise MaxopsError(f"{error}; {problem}" if problem else str(error)) from error


def _as_on_server(part: dict[str, Any], stack: Stack, options: VerifyOptions) -> tuple[dict[str, Any], list[str]]:
    """A database's properties and the roles as in the running server, for a legacy dump that holds neither."""
    default = {"owner": "maxops", "encoding": "UTF8", "collate": "C", "ctype": "C", **part}
    try:
        server = options.access.server(stack)
        _version, databases = list_databases(server)
        roles = list_roles(server)
    except Cancelled:
        raise
    except MaxopsError:
        return default, []
    for facts in databases:
        if facts.name == part["name"]:
            properties = {"owner": facts.owner, "encoding": facts.encoding}
            return {**default, **properties, "collate": facts.collate, "ctype": facts.ctype}, roles
    return {**default, "owner": server.user}, roles
