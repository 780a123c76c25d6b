# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration: can it be read, and how does it differ from that of the running containers?

Values are never shown: it is enough to know that they differ.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import Files
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose import ComposeRefusal, compose_config
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.configuration import entries, read_ini
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.ini import IniError
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, StepResult
from ..stack_view import StackView

LISTED = 20


def check_configuration(view: StackView) -> StepResult:
    """Whether Compose and the applications can read their configuration, and which keys differ in the containers."""
    stack = view.required_stack
    result = StepResult()
    unreadable = [path for path in stack.project_files() if not os.access(path, os.R_OK)]
    result.unknown += [f"{path} cannot be read by this user; run as root (become: true)" for path in unreadable]
    count = 0
    gone = [path for path in view.project.files if not os.path.exists(path)]
    try:
        if gone:
            raise MaxopsError(_not_here(gone))
        wanted = compose_config(stack)
        count = sum(len(_environment(service)) for service in wanted.get("services", {}).values())
        result.causes += _drift(view, wanted)
    except ComposeRefusal as error:
        result.causes.append(_refusal(view, error))
    except MaxopsError as error:
        result.unknown.append(str(error))
    for inspection in view.inspections:
        result.causes += _app_ini(inspection, result)
    result.seen = f"Compose can read its files; their {count} variables match those of the containers"
    return result


def _not_here(files: Sequence[str]) -> str:
    return (
        f"the Compose file {', '.join(files)} is not on this host: it was removed, or the stack was started by a "
        "program that keeps it elsewhere (such as Portainer), so the containers cannot be compared with it"
    )


def _refusal(view: StackView, error: ComposeRefusal) -> Cause:
    folder = view.required_stack.working_dir or "."
    return Cause.of(
        "configuration_unreadable",
        folder,
        LIKELY,
        f"Compose cannot read the project: {view.mask(str(error))}",
        f"{view.compose('config', '--quiet')}; fix what it reports in {folder}/.env or the Compose file",
        ("running containers continue; no container can be recreated until this is fixed",),
        # It does not stop services that have a container.
        tuple(inspection.service for inspection in view.inspections if not inspection.well),
    )


def _drift(view: StackView, wanted: Mapping[str, Any]) -> list[Cause]:
    """Services whose containers were created with values that differ from the files."""
    found = []
    for inspection in view.inspections:
        service = wanted.get("services", {}).get(inspection.service)
        keys = differing(_environment(service), inspection.container.environment) if service is not None else []
        if keys:
            found.append((inspection, keys))
    written = _written(view) if found else {}
    return [_difference(view, inspection, keys, written) for inspection, keys in found]


def _written(view: StackView) -> dict[str, dict[str, str]]:
    """Each service's variables as they stand in the files; empty where Compose cannot show that."""
    try:
        services = compose_config(view.required_stack, interpolate=False).get("services", {})
    except MaxopsError:
        return {}
    return {name: _environment(service) for name, service in services.items()}


def _difference(
    view: StackView, inspection: Inspection, keys: Sequence[tuple[str, str]], written: Mapping[str, Mapping[str, str]]
) -> Cause:
    service = inspection.service
    names = ", ".join(key for key, _kind in keys[:5])
    seen = f"{inspection.name} was created with values that differ from .env and the Compose file: {names}"
    fix = view.compose("up", "--detach", service)
    evidence = tuple(f"{key}: {_MASKED[kind]}" for key, kind in keys[:LISTED])
    likelihood = POSSIBLE if inspection.well else LIKELY
    from_shell = variables_of([written.get(service, {}).get(key, "") for key, _kind in keys])
    if from_shell:
        # Compose prefers the variables of the shell that it is started from to those of .env, and keeps no trace of it.
        likelihood = POSSIBLE
        names = ", ".join(from_shell[:LISTED])
        fix += (
            f"; it takes the values of the files: where {names} came from the shell of whoever started the stack, "
            f"write that into {view.env_file} first"
        )
    return Cause.of("configuration_differs", service, likelihood, seen, fix, evidence, (service,))


_VARIABLE = re.compile(r"(?<!\$)(?:\$\$)*\$(?:\{(?P<braced>\w+)|(?P<plain>[A-Za-z_]\w*))")


def variables_of(texts: Sequence[str]) -> list[str]:
    """The names of the variables in values of a Compose file; ``$$`` is a dollar sign, and no variable."""
    matches = (match for text in texts for match in _VARIABLE.finditer(text))
    return list(dict.fromkeys(match["braced"] or match["plain"] for match in matches))


_MASKED = {"other": "another value (***)", "missing": "not set in the container"}


def differing(wanted: Mapping[str, str], actual: Mapping[str, str]) -> list[tuple[str, str]]:
    """Wanted keys that are missing or have another value; keys that only an image sets do not count."""
    return sorted(
        (key, "other" if key in actual else "missing") for key, value in wanted.items() if actual.get(key) != value
    )


def _environment(service: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a service that have a value; as it stands in a file, it may be a list."""
    variables = service.get("environment") or {}
    if isinstance(variables, list):
        return dict(entry.partition("=")[::2] for entry in map(str, variables) if "=" in entry)
    return {key: str(value) for key, value in variables.items() if value is not None}


# -- Gitea's own file -----------------------------------------------------------------------------------------------


def _app_ini(inspection: Inspection, result: StepResult) -> list[Cause]:
    # Secrets in separate files are left out.
    variables = entries(inspection.container.environment)
    wanted = {_name(section, key): value for (section, key), value in variables.items() if not key.endswith("__FILE")}
    inside, path = Files(inspection.container, inspection.files_root).ini_path()
    if not wanted or not path:
        return []
    try:
        ini = read_ini(path)
    except FileNotFoundError:
        return []  # created at the first start
    except OSError as error:
        result.unknown.append(f"{path}: {error.strerror}")
        return []
    except IniError as error:
        fix = f"$EDITOR {shlex.quote(path)}; docker restart {inspection.name}"
        seen = f"Gitea cannot read {inside}: see line {error.line} ({error.problem})"
        return [
            Cause.of("configuration_unreadable", inspection.service, CERTAIN, seen, fix, services=(inspection.service,))
        ]
    keys = differing(
        wanted, {_name(section.lower(), key): ini[section][key] for section in ini for key in ini[section]}
    )
    if not keys:
        return []
    listed = tuple(f"{key}: {_MASKED[kind].replace('container', 'file')}" for key, kind in keys[:LISTED])
    seen = f"{inside} differs from the container's environment: {', '.join(key for key, _kind in keys[:5])}"
    fix = f"docker restart {inspection.name}"
    advice = "Gitea writes its environment variables into the file at every start"
    likelihood = POSSIBLE if inspection.well else LIKELY
    return [
        Cause.of(
            "configuration_differs", inspection.service, likelihood, seen, fix, (*listed, advice), (inspection.service,)
        )
    ]


def _name(section: str, key: str) -> str:
    return f"[{section}] {key}" if section else key
