# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack as Docker shows it: one Compose project on this host.

This is the only file that imports the Docker SDK or calls the ``docker`` program.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import traceback
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    Cancellation,
    Stage,
    StageResult,
    require_program,
    run_pipeline,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.time_limit import within

from .container import DEFAULT_DOCKER_HOST, ONE_OFF_LABEL, PROJECT_LABEL, Container, Mount
from .engine import cannot_connect, lost_connection, no_such_project, refuse_remote
from .inspection import Inspection, inspection_from
from .project import ComposeProject, project_from, project_of

__all__ = [
    "DEFAULT_DOCKER_HOST",
    "DOCKER_IMPORT_ERROR",
    "HELPER_LABEL",
    "Container",
    "HelperSpec",
    "Mount",
    "Stack",
]

DOCKER_IMPORT_ERROR: str | None = None
try:
    import docker
    import docker.errors
    import requests.exceptions
except ImportError:
    DOCKER_IMPORT_ERROR = traceback.format_exc()

HELPER_LABEL = "ops.maxops.helper"
"""Label of every container that this collection starts; its value is the job's key, and a job removes only its own."""

EXECUTE_SECONDS = 600.0
"""How long a command in a container may take; Gitea's hooks of many thousand repositories are written in less."""
CONNECT_SECONDS = 120
"""How long the daemon may take for one answer."""

UNPAUSE_SECONDS = 300
"""How long to try to unpause a container: Docker may be restarting at that moment."""

SETTLE_SECONDS = 10
"""How long a killed job's containers are watched: the daemon may still be about to pause one."""

# Until no container of these is paused (one that is gone is not): a single attempt fails while Docker restarts.
_UNPAUSE = (
    'patience=$1; shift; begun=$(date +%s); filters=; for id; do filters="$filters --filter id=$id"; done; '
    'while :; do docker --host "$DOCKER" unpause "$@"; '
    'paused=$(docker --host "$DOCKER" ps --all --quiet --filter status=paused $filters) && known=yes || known=; '
    "age=$(($(date +%s) - begun)); "
    'if [ "$known" ] && [ -z "$paused" ]; then '
    f'if [ "$input" = left ] || [ "$age" -ge {SETTLE_SECONDS} ]; then exit 0; fi; '
    'elif [ "$age" -ge "$patience" ]; then exit 1; fi; sleep 1; done'
)

_ENVIRONMENT_FILE = re.compile(r"\.env\..*|.*\.env")

# Ends the work when standard input ends: Docker closes it when the process on the other side is gone, so that a
# killed job leaves no dump running. The shell is process 1: when it ends, all processes of the container end.
_HELPER_SCRIPT = (
    'signal=$1; shift; umask 077; exec 3<&0; "$@" </dev/null & work=$!; '
    "{ cat <&3 >/dev/null; kill -$signal $work; } 2>/dev/null & wait $work"
)


@dataclass
class HelperSpec:
    """A throw-away container: its image and program, and the files, network and rights that it gets.

    ``user`` is a name or number in the image, ``capabilities`` are rights beyond those of its user, ``stop_signal``
    stops the program early.
    """

    image_id: str
    argv: Sequence[str]
    key: str
    network_of: str | None = None
    binds: Sequence[tuple[str, str, bool]] = field(default_factory=tuple)
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    cpu_shares: int | None = None
    user: str = "0:0"
    capabilities: Sequence[str] = ()
    stop_signal: str = "TERM"


class Stack:
    """One Compose project, read through the Docker daemon of this host."""

    def __init__(self, client: Any, docker_host: str, project_name: str) -> None:
        self._client = client
        self._docker_host = docker_host
        self.project_name = project_name
        self.inspections: list[Inspection] = []
        self.containers: list[Container] = []
        self.declared: Mapping[str, str] = {}
        """The application that each service is, where the operator declared it."""

    @classmethod
    def connect(cls, project_name: str, docker_host: str = DEFAULT_DOCKER_HOST, required: bool = True) -> Stack:
        """Read the project from the daemon. Raises MaxopsError when the daemon or a required project is missing."""
        refuse_remote(docker_host)
        try:
            client = docker.DockerClient(base_url=docker_host, version="auto", timeout=CONNECT_SECONDS)
        except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
            raise cannot_connect(docker_host, error, CONNECT_SECONDS) from error
        stack = cls(client, docker_host, project_name)
        stack.refresh(required)
        return stack

    def refresh(self, required: bool = True) -> None:
        """Read the project's containers again."""
        with self._daemon_errors("list the containers"):
            label = f"{PROJECT_LABEL}={self.project_name}"
            listed = self._client.api.containers(all=True, filters={"label": label})
            details = [self._inspect(entry["Id"]) for entry in listed if entry["Labels"].get(ONE_OFF_LABEL) != "True"]
        inspections = (self._as_declared(inspection_from(data)) for data in details if data)
        self.inspections = sorted(inspections, key=lambda inspection: inspection.name)
        self.containers = [inspection.container for inspection in self.inspections]
        if required and not self.containers:
            raise no_such_project(self.project_name, self._projects())

    @property
    def docker_host(self) -> str:
        """The daemon's address."""
        return self._docker_host

    def read_again(self) -> Stack:
        """The project as it is now, also without any container; what was read before stays as it is."""
        stack = Stack(self._client, self._docker_host, self.project_name)
        stack.declared = self.declared
        stack.refresh(required=False)
        return stack

    def declare(self, applications: Mapping[str, Sequence[str]]) -> None:
        """Take the operator's word on which services an application has, also whenever the project is read again."""
        self.declared = {service: name for name, services in applications.items() for service in services}
        self.inspections = [self._as_declared(inspection) for inspection in self.inspections]
        self.containers = [inspection.container for inspection in self.inspections]

    def _as_declared(self, inspection: Inspection) -> Inspection:
        name = self.declared.get(inspection.service, "")
        return replace(inspection, container=replace(inspection.container, application=name)) if name else inspection

    def _inspect(self, container_id: str) -> dict[str, Any] | None:
        try:
            data: dict[str, Any] = self._client.api.inspect_container(container_id)
            return data
        except docker.errors.NotFound:
            return None

    def _projects(self) -> set[str]:
        with self._daemon_errors("list the containers"):
            entries = self._client.api.containers(all=True, filters={"label": PROJECT_LABEL})
        return {entry["Labels"][PROJECT_LABEL] for entry in entries}

    def of_service(self, service: str) -> list[Container]:
        """Containers of one service, any state."""
        return [container for container in self.containers if container.service == service]

    def inspection_of(self, container: Container) -> Inspection:
        """The inspection of a container from the last time that the project was read."""
        inspections = (inspection for inspection in self.inspections if inspection.container.id == container.id)
        return next(inspections, Inspection(container))

    def not_found(self, what: str, option: str) -> MaxopsError:
        """The error for something that none of the services is recognised as; ``option`` names its service."""
        return MaxopsError(
            f'project "{self.project_name}" has no {what} that could be found by image, environment, command or the '
            f"applications' logins (services: {self._services()}); if one of them is it, name that in {option}"
        )

    def _services(self) -> str:
        return ", ".join(sorted({container.service for container in self.containers})) or "none"

    def no_service(self, names: Sequence[str], advice: str) -> MaxopsError:
        """The error for services that this project does not have; ``advice`` is the next step."""
        wanted = ", ".join(f'"{name}"' for name in names)
        return MaxopsError(
            f'project "{self.project_name}" has no service {wanted} (services: {self._services()}); {advice}'
        )

    def require_running(self, service: str, option: str = "database_service") -> Container:
        """The running container of a service. Raises MaxopsError with its state when there is none.

        ``option`` is the name of the option that the service came from.
        """
        containers = self.of_service(service)
        for container in containers:
            if container.running:
                return container
        if not containers:
            raise self.no_service([service], f"name the right one in {option}")
        container = containers[0]
        raise MaxopsError(
            f'container {container.name} of service "{service}" is {container.state}, not running; '
            f"see docker logs --tail=50 {container.name}, start it (docker start {container.name}), "
            "then run this again"
        )

    # -- what the project is made of -------------------------------------------------------------------------

    @property
    def compose(self) -> ComposeProject:
        """How the project was started: its folder and files, from the labels that Compose left."""
        return project_of(self.project_name, self.containers)

    @property
    def working_dir(self) -> str | None:
        """Folder of the Compose project on the host."""
        return self.compose.folder or None

    def project_files(self) -> list[str]:
        """Absolute paths of the project's Compose files and environment files that exist."""
        folder = self.working_dir
        # Each container has the files of its own last start, and its labels do not name an env_file.
        starts = [project_from(container.labels) for container in self.containers]
        paths = [path for start in starts for path in start.files] + [
            path for start in starts for path in start.env_files
        ]
        if folder and os.path.isdir(folder):
            names = [".env", *(name for name in sorted(os.listdir(folder)) if _ENVIRONMENT_FILE.fullmatch(name))]
            paths += [os.path.normpath(os.path.join(folder, name)) for name in names]
        return [path for path in dict.fromkeys(paths) if os.path.isfile(path)]

    def read_only_binds(self) -> list[str]:
        """Files and folders below the project's folder that services mount read-only: their configuration."""
        folder = self.working_dir
        if not folder:
            return []
        inside = os.path.join(os.path.realpath(folder), "")
        sources = {
            mount.source
            for container in self.containers
            for mount in container.mounts
            if mount.kind == "bind" and not mount.writable and os.path.realpath(mount.source).startswith(inside)
        }
        return sorted(sources)

    def image_facts(self, image_id: str) -> dict[str, Any]:
        """Facts that identify an image: id, registry digests if it has any, tags, version label."""
        data: dict[str, Any] = {"Id": image_id}
        # The image of a stopped container may be gone.
        with self._daemon_errors(f"inspect the image {image_id}"), suppress(docker.errors.ImageNotFound):
            data = self._client.api.inspect_image(image_id)
        labels = (data.get("Config") or {}).get("Labels") or {}
        return {
            "id": data["Id"],
            "digests": data.get("RepoDigests") or [],
            "tags": data.get("RepoTags") or [],
            "version": labels.get("org.opencontainers.image.version"),
        }

    def find_image(self, reference: str) -> str | None:
        """Id of the image with this id, digest or tag; None when it is not on this host."""
        with self._daemon_errors(f"look for the image {reference}"):
            try:
                return str(self._client.api.inspect_image(reference)["Id"])
            except docker.errors.ImageNotFound:
                return None

    def image_environment(self, image_id: str) -> dict[str, str]:
        """The variables that an image sets; empty where the image is not on this host."""
        data: dict[str, Any] = {}
        with self._daemon_errors(f"inspect the image {image_id}"), suppress(docker.errors.ImageNotFound):
            data = self._client.api.inspect_image(image_id)
        return dict(entry.partition("=")[::2] for entry in (data.get("Config") or {}).get("Env") or [])

    def engine_version(self) -> str:
        """Version of the Docker Engine."""
        with self._daemon_errors("report its version"):
            return str(self._client.version().get("Version", "unknown"))

    @contextmanager
    def daemon_call(self, action: str) -> Iterator[Any]:
        """The daemon's interface for other files of the collection; ``action`` names the call in an error message."""
        with self._daemon_errors(action):
            yield self._client.api

    # -- running things ---------------------------------------------------------------------------------------

    def execute(self, container: Container, argv: Sequence[str], user: str = "") -> tuple[int, str]:
        """Run a short command in a running container, as the image's user or another; returns exit code and output.

        Raises HostFault when it has not ended after EXECUTE_SECONDS; then it may still be running in the container.
        """

        def run() -> tuple[int, bytes]:
            code, output = self._client.containers.get(container.id).exec_run(list(argv), user=user)
            return code, output

        with self._daemon_errors(f"run {argv[0]} in {container.name}"):
            try:
                # The SDK waits for the end of the output without a limit, for example of a program that waits for NFS.
                code, output = within(EXECUTE_SECONDS, run)
            except TimeoutError as error:
                raise HostFault(
                    f"{argv[0]} in {container.name} has not ended after {EXECUTE_SECONDS:g} s and may still run: "
                    f"see docker top {container.name}, and whether its files are on a network file system that hangs"
                ) from error
        return code, output.decode("utf-8", "replace")

    def run_helper(self, spec: HelperSpec, cancellation: Cancellation) -> StageResult:
        """Run a throw-away container to its end. It only has its user's rights, and ends when this process ends."""
        require_program("docker")
        words = ["docker", "--host", self._docker_host, "run", "--rm", "--interactive", "--pull=never"]
        # The output comes here; a log driver that the daemon cannot reach would keep the container from starting.
        words += ["--log-driver", "none"]
        words += ["--name", f"maxops-helper-{uuid.uuid4().hex[:12]}", "--label", f"{HELPER_LABEL}={spec.key}"]
        words += ["--user", spec.user, "--cap-drop=ALL", *(f"--cap-add={name}" for name in spec.capabilities)]
        words += ["--security-opt", "no-new-privileges", "--read-only"]
        # Files of a set belong to the host's root and have the host's labels, whatever the daemon's defaults are.
        words += ["--userns=host", "--security-opt", "label=disable"]
        words += ["--network", f"container:{spec.network_of}" if spec.network_of else "none"]
        if spec.cpu_shares:
            words += ["--cpu-shares", str(spec.cpu_shares)]
        for source, target, writable in spec.binds:
            # --mount takes CSV: quoting keeps a path with a comma or a colon in one piece.
            fields = ["type=bind", f"source={source}", f"target={target}"] + ([] if writable else ["readonly"])
            words += ["--mount", ",".join('"' + text.replace('"', '""') + '"' for text in fields)]
        for key, value in spec.environment.items():
            words += ["--env", f"{key}={value}"]
        words += ["--entrypoint", "sh", spec.image_id, "-c", _HELPER_SCRIPT, "sh", spec.stop_signal, *spec.argv]
        reading, writing = os.pipe()
        # The docker client must not be killed: between create and start, that would leave a container behind.
        with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb") as lifeline:
            return run_pipeline([Stage(words)], cancellation, stdin=stdin, stop=lifeline.close).stages[0]

    def remove_helpers(self, key: str) -> list[str]:
        """Remove containers that an earlier or failed job of the same key left behind; returns their names."""
        removed = []
        with self._daemon_errors("remove helper containers"):
            for container in self._client.containers.list(all=True, filters={"label": f"{HELPER_LABEL}={key}"}):
                try:
                    container.remove(force=True)
                except docker.errors.NotFound:
                    continue
                except docker.errors.APIError as error:
                    if "already in progress" not in str(error):
                        raise
                removed.append(container.name)
        return removed

    @contextmanager
    def paused(self, containers: Sequence[Container]) -> Iterator[None]:
        """Freeze running containers for the length of the block; they run again even if this process is killed.

        A container that is gone, has stopped or is paused meanwhile is passed over. Raises HostFault after the block,
        also instead of the block's own error, when one stays paused.
        """
        targets = [container for container in containers if container.running]
        if not targets:
            yield
            return
        guards: list[Callable[[], int]] = []
        try:
            with self._afterwards(_UNPAUSE, [str(UNPAUSE_SECONDS), *(container.id for container in targets)]) as ended:
                guards.append(ended)
                for container in targets:
                    self._pause(container)
                yield
        except BaseException as error:
            self._check_unpaused(targets, guards, error)
            raise
        self._check_unpaused(targets, guards)

    def _pause(self, container: Container) -> None:
        with self._daemon_errors(f"pause {container.name}"):
            try:
                self._client.api.pause(container.id)
            except docker.errors.APIError as error:
                # Gone (404), or stopped, restarting or paused already (409).
                if error.status_code not in (404, 409):
                    raise

    def _check_unpaused(
        self, containers: Sequence[Container], guards: Sequence[Callable[[], int]], error: BaseException | None = None
    ) -> None:
        """Raise HostFault when a container stays paused although the guard and one more attempt tried to unpause it."""
        if not any(ended() for ended in guards):
            return
        frozen = [container.name for container in containers if not self._unpaused(container)]
        if frozen:
            before = f". Before that: {error}" if error else ""
            raise HostFault(
                f"container {', '.join(frozen)} is still paused: Docker did not unpause it within {UNPAUSE_SECONDS} s; "
                f"run docker unpause {' '.join(frozen)}, and see the daemon's log (journalctl -u docker){before}"
            ) from error

    def _unpaused(self, container: Container) -> bool:
        """Unpause a container where it is paused; returns False when that failed."""
        try:
            with self._daemon_errors(f"unpause {container.name}"):
                data = self._inspect(container.id)
                if data and data["State"]["Status"] == "paused":
                    self._client.api.unpause(container.id)
        except HostFault:
            return False
        return True

    @contextmanager
    def starting(self, containers: Sequence[Container], grace: float) -> Iterator[None]:
        """Start these containers after the block, in this order, even if this process is killed.

        If it is killed, the daemon may still be stopping one, so the start is repeated for ``grace`` seconds.
        """
        start = (
            'end=$(($(date +%s) + $1)); shift; while :; do docker --host "$DOCKER" start "$@"; '
            '[ "$input" != left ] && [ "$(date +%s)" -lt "$end" ] || break; sleep 1; done'
        )
        with self._afterwards(start, [str(math.ceil(grace)), *(container.id for container in containers)]):
            yield

    @contextmanager
    def clearing(self, key: str, folders: Sequence[str]) -> Iterator[None]:
        """Remove a key's helpers and folders at the end of the block, even if this process is killed."""
        remove = (
            'key=$1; shift; ids=$(docker --host "$DOCKER" ps --all --quiet --filter "label=$LABEL=$key"); '
            '[ -z "$ids" ] || docker --host "$DOCKER" rm --force $ids; rm -rf -- "$@"'
        )
        with self._afterwards(remove, [key, *folders]):
            yield

    @contextmanager
    def _afterwards(self, script: str, arguments: Sequence[str]) -> Iterator[Callable[[], int]]:
        """Run a shell script at the end of the block, also when this process is killed inside it.

        Only at a normal end of the block ``$input`` is "left". Gives a function for the script's exit code.
        """
        require_program("docker")
        # It runs in its own session; its standard input ends with the block or with this process.
        guard = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", f'trap "" HUP INT TERM; input=$(cat); {script}', "maxops-afterwards", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=dict(os.environ, DOCKER=self._docker_host, LABEL=HELPER_LABEL),
        )
        try:
            yield guard.wait
        finally:
            with suppress(OSError):  # the guard was killed
                if guard.stdin:
                    guard.stdin.write(b"left")
                    guard.stdin.close()
            guard.wait()

    @contextmanager
    def _daemon_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
            lost = None if getattr(error, "explanation", None) else lost_connection(self._docker_host, error)
            if lost:
                raise lost from error
            raise HostFault(
                f'the Docker daemon at {self._docker_host} could not {action} for project "{self.project_name}": '
                f"{_reason(error)}; see docker info and the daemon's log (journalctl -u docker)"
            ) from error


def _reason(error: Exception) -> str:
    explanation = getattr(error, "explanation", None)
    return str(explanation or error)
