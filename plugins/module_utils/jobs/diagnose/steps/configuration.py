# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration: can it be read, and what differs from what runs? Private to this collection.

Values never show: that two of them differ is all that anybody needs to know.
"""

from __future__ import annotations

import configparser
import os
import shlex
from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import Files
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose import ComposeRefusal, compose_config
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.configuration import entries, read_ini
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, Report
from ..scene import Scene

LISTED = 20


def look_at_configuration(scene: Scene) -> Report:
    """Whether Compose and the applications can read their configuration, and which keys differ from what runs."""
    stack = scene.required_stack
    report = Report()
    unreadable = [path for path in stack.project_files() if not os.access(path, os.R_OK)]
    report.unknown += [f"{path} cannot be read by this user; run as root (become: true)" for path in unreadable]
    count = 0
    try:
        wanted = compose_config(stack)
        count = sum(len(_environment(each)) for each in wanted.get("services", {}).values())
        report.causes += _drift(scene, wanted)
    except ComposeRefusal as error:
        report.causes.append(_refusal(scene, error))
    except MaxopsError as error:
        report.unknown.append(str(error))
    for look in scene.inspections:
        report.causes += _app_ini(look, report)
    report.seen = f"Compose reads its files, and the {count} variables of the services are those of the containers"
    return report


def _refusal(scene: Scene, error: ComposeRefusal) -> Cause:
    folder = scene.required_stack.working_dir or "."
    return Cause.of(
        "configuration_unreadable",
        folder,
        LIKELY,
        f"Compose cannot read the project: {scene.mask(str(error))}",
        f"{scene.compose('config', '--quiet')}; mend what it says in {folder}/.env or the Compose file",
        ("containers that run go on; none can be made anew until this is mended",),
        # It keeps nothing from running that has a container.
        tuple(look.service for look in scene.inspections if not look.well),
    )


def _drift(scene: Scene, wanted: Mapping[str, Any]) -> list[Cause]:
    """Services whose containers were made with other values than the files have now."""
    causes = []
    for look in scene.inspections:
        service = wanted.get("services", {}).get(look.service)
        if service is None:
            continue
        keys = differing(_environment(service), look.container.environment)
        if keys:
            told = tuple(f"{key}: {_MASKED[kind]}" for key, kind in keys[:LISTED])
            names = ", ".join(key for key, _kind in keys[:5])
            seen = f"{look.name} was made with other values than .env and the Compose file have now: {names}"
            fix = scene.compose("up", "--detach", look.service)
            likelihood = POSSIBLE if look.well else LIKELY
            causes.append(Cause.of("configuration_differs", look.service, likelihood, seen, fix, told, (look.service,)))
    return causes


_MASKED = {"other": "another value (***)", "missing": "not set in the container"}


def differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[tuple[str, str]]:
    """Keys that are to be set and are not, or are set to something else; what an image adds is its own affair."""
    return sorted(
        (key, "other" if key in found else "missing") for key, value in wanted.items() if found.get(key) != value
    )


def _environment(service: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in (service.get("environment") or {}).items() if value is not None}


# -- Gitea's own file -----------------------------------------------------------------------------------------------


def _app_ini(look: Inspection, report: Report) -> list[Cause]:
    # Secrets in files of their own are left out.
    variables = entries(look.container.environment)
    told = {f"[{section}] {key}": value for (section, key), value in variables.items() if not key.endswith("__FILE")}
    inside, path = Files(look.container, look.files_root).ini_path()
    if not told or not path:
        return []
    try:
        ini = read_ini(path)
    except FileNotFoundError:
        return []  # made at the first start
    except OSError as error:
        report.unknown.append(f"{path}: {error.strerror}")
        return []
    except configparser.Error as error:
        # Its lines may hold secrets, so only their numbers are told; ours is one more at the top.
        lines = ", ".join(str(number - 1) for number, _line in getattr(error, "errors", []))
        fix = f"$EDITOR {shlex.quote(path)}; docker restart {look.name}"
        seen = f"{inside} is no INI file" + (f": see line {lines}" if lines else "")
        return [Cause.of("configuration_unreadable", look.service, CERTAIN, seen, fix, services=(look.service,))]
    keys = differing(told, {f"[{name.lower()}] {key}": value for name in ini for key, value in ini[name].items()})
    if not keys:
        return []
    listed = tuple(f"{key}: {_MASKED[kind].replace('container', 'file')}" for key, kind in keys[:LISTED])
    seen = f"{inside} has other values than the container's environment: {', '.join(key for key, _kind in keys[:5])}"
    fix = f"docker restart {look.name}"
    advice = "Gitea writes its environment into the file at each start"
    likelihood = POSSIBLE if look.well else LIKELY
    return [Cause.of("configuration_differs", look.service, likelihood, seen, fix, (*listed, advice), (look.service,))]
