# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the daemon's answers; a real daemon is used in tests/integration."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker.errors
import pytest
import requests

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import stack as docker_stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import container_from
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import unreachable
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import (
    HelperSpec,
    Mount,
    Stack,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon
from ansible_collections.maxops.ops.tests.unit.stacks import (
    CONFIG_FILES,
    ENVIRONMENT_FILE,
    WORKING_DIR,
    bind,
    container,
    stack_of,
    volume_mount,
)

# The daemon's answer, without the keys that are not read here.
INSPECTED: dict[str, Any] = {
    "Id": "f00d",
    "Name": "/shop-app-1",
    "Image": "sha256:cafe",
    "State": {"Status": "running"},
    "Config": {
        "Image": "app:1",
        "Env": ["PLAIN=1", "WITH=a=b", "EMPTY=", "BARE"],
        "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "app"},
    },
    "HostConfig": {"NetworkMode": "shop_default"},
    "Mounts": [
        {"Type": "volume", "Name": "shop_data", "Source": "/v/_data", "Destination": "/data", "RW": True},
        {"Type": "bind", "Source": "/opt/shop/x.conf", "Destination": "/x.conf", "RW": False},
        {"Type": "tmpfs", "Destination": "/run"},
    ],
    "NetworkSettings": {
        "Networks": {"none": {"IPAddress": ""}, "back": {"IPAddress": "172.18.0.3"}, "front": {"IPAddress": "10.0.0.3"}}
    },
}


def changed(**keys: Any) -> dict[str, Any]:
    return {**INSPECTED, **keys}


# -- containers -----------------------------------------------------------------------------------------------------


def test_container_is_read_from_the_daemons_answer() -> None:
    read = container_from(INSPECTED)
    assert (read.id, read.name, read.service, read.state) == ("f00d", "shop-app-1", "app", "running")
    assert (read.image, read.image_id) == ("app:1", "sha256:cafe")
    assert read.environment == {"PLAIN": "1", "WITH": "a=b", "EMPTY": "", "BARE": ""}
    assert read.mounts == (
        Mount("volume", "shop_data", "/v/_data", "/data", True),
        Mount("bind", "", "/opt/shop/x.conf", "/x.conf", False),
        Mount("tmpfs", "", "", "/run", False),
    )
    assert read.addresses == ("172.18.0.3", "10.0.0.3")


def test_container_on_the_hosts_network_is_reached_there() -> None:
    networks = {"Networks": {"host": {"IPAddress": ""}}}
    read = container_from(changed(HostConfig={"NetworkMode": "host"}, NetworkSettings=networks))
    assert read.addresses == ("127.0.0.1",)


def test_container_with_few_facts_can_be_read() -> None:
    read = container_from(
        changed(Config={"Env": None, "Labels": None}, HostConfig=None, Mounts=None, NetworkSettings=None)
    )
    assert (read.service, read.image, read.environment, read.mounts, read.addresses) == ("", "", {}, (), ())


@pytest.mark.parametrize(("state", "running"), [("running", True), ("paused", False), ("exited", False)])
def test_only_a_running_container_runs(state: str, running: bool) -> None:
    assert container_from(changed(State={"Status": state})).running is running


def test_secrets_of_a_container_are_not_in_its_repr() -> None:
    assert "hidden" not in repr(stack_of(container("app", environment={"PASSWORD": "hidden"})).containers)


# -- services -------------------------------------------------------------------------------------------------------


def test_running_container_of_a_service_is_found_among_others() -> None:
    stack = stack_of(container("app"), container("db", state="exited"), container("db"))
    assert stack.require_running("db").running
    assert len(stack.of_service("db")) == 2


def test_service_that_is_not_running_is_reported_with_its_state() -> None:
    stack = stack_of(container("db", state="restarting"))
    with pytest.raises(MaxopsError, match=r'shop-db-1 of service "db" is restarting, not running; .*\(docker start '):
        stack.require_running("db")


def test_unknown_service_is_reported_with_the_existing_ones() -> None:
    with pytest.raises(MaxopsError, match=r'"shop" has no service "db" \(services: app, web\); .* database_service'):
        stack_of(container("web"), container("app"), container("app")).require_running("db")


# -- files of the project -------------------------------------------------------------------------------------------


def test_project_files_are_the_existing_ones_each_once(tmp_path: Path) -> None:
    for name in ("docker-compose.yml", ".env", "extra.env"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    labels = {
        WORKING_DIR: str(tmp_path),
        CONFIG_FILES: f"{tmp_path}/docker-compose.yml,docker-compose.yml,gone.yml,folder",
        ENVIRONMENT_FILE: f"./extra.env,{tmp_path}/.env",
    }
    stack = stack_of(container("one-without-labels"), container("app", labels=labels))
    assert stack.working_dir == str(tmp_path)
    assert stack.project_files() == [str(tmp_path / name) for name in ("docker-compose.yml", "extra.env", ".env")]


def test_files_of_other_containers_and_service_environments_are_project_files(tmp_path: Path) -> None:
    for name in ("docker-compose.yml", "override.yml", "openproject.env", ".env.gitea", "notes.txt"):
        (tmp_path / name).touch()
    first = container("app", labels={WORKING_DIR: str(tmp_path), CONFIG_FILES: "docker-compose.yml"})
    other = container("web", labels={WORKING_DIR: str(tmp_path), CONFIG_FILES: "docker-compose.yml,override.yml"})
    names = [os.path.basename(path) for path in stack_of(first, other).project_files()]
    assert names == ["docker-compose.yml", "override.yml", ".env.gitea", "openproject.env"]


def test_project_without_labels_has_no_files() -> None:
    stack = stack_of(container("app", bind("/etc/hosts", "/etc/hosts")))
    assert (stack.working_dir, stack.project_files(), stack.read_only_binds()) == (None, [], [])


def test_configuration_is_mounted_read_only_from_below_the_projects_folder(tmp_path: Path) -> None:
    (tmp_path / "real" / "gateway").mkdir(parents=True)
    (tmp_path / "real" / "outward").symlink_to("/etc")
    (tmp_path / "project").symlink_to("real")
    project = str(tmp_path / "project")
    stack = stack_of(
        container(
            "app",
            bind(f"{project}/gateway", "/etc/nginx"),
            bind(f"{project}/data", "/data", writable=True),
            bind(f"{project}-other/x", "/x"),
            bind(f"{project}/outward", "/y"),
            bind("/etc/localtime", "/etc/localtime"),
            volume_mount("shop_data", f"{project}/volume", writable=False),
            labels={WORKING_DIR: project},
        ),
        container("other", bind(f"{project}/gateway", "/conf"), bind(f"{tmp_path}/real/a.conf", "/a.conf")),
    )
    assert stack.read_only_binds() == [f"{project}/gateway", f"{tmp_path}/real/a.conf"]


# -- the daemon -----------------------------------------------------------------------------------------------------


def test_address_that_this_host_reaches_is_the_first_one() -> None:
    """The gateway of a bridge is this host; that of a physical network is its router, and an internal one has none."""
    networks = {
        "a_lan": {"IPAddress": "198.51.100.2", "Gateway": "198.51.100.1"},
        "b_internal": {"IPAddress": "172.19.0.2", "Gateway": ""},
        "c_bridge": {"IPAddress": "127.0.0.7", "Gateway": "127.0.0.1"},
    }
    read = container_from(changed(NetworkSettings={"Networks": networks}))
    assert read.addresses == ("127.0.0.7", "172.19.0.2", "198.51.100.2")


@pytest.mark.parametrize("docker_host", ["tcp://127.0.0.1:2375", "ssh://host", "", "/var/run/docker.sock"])
def test_daemon_of_another_host_is_refused(docker_host: str) -> None:
    with pytest.raises(MaxopsError, match=r"is not a local socket; .* docker_host unix:///"):
        Stack.connect("shop", docker_host)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("('Connection aborted.', PermissionError(13, 'Permission denied'))", "run as root (become: true)"),
        ("('Connection aborted.', ConnectionRefusedError(111, 'Connection refused'))", "systemctl start docker"),
        ("something else", "journalctl -u docker"),
    ],
)
def test_next_step_fits_the_cause(text: str, advice: str) -> None:
    words = unreachable("unix:///x.sock", text)
    assert words.startswith(f"cannot reach the Docker daemon at unix:///x.sock: {text}; ")
    assert advice in words


def test_helper_needs_no_log_driver_of_the_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text('#!/bin/sh\necho "$@" >&2\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    done = stack_of().run_helper(HelperSpec("sha256:1", ["true"], "key"), Cancellation())
    assert " run --rm --interactive --pull=never --log-driver none " in done.stderr


# -- commands in containers -------------------------------------------------------------------------------------------


class Client:
    """A daemon whose container runs a command as ``work`` says."""

    def __init__(self, work: Callable[[], tuple[int, bytes]]) -> None:
        self.containers = self
        self._work = work

    def get(self, _container_id: str) -> Client:
        return self

    def exec_run(self, _argv: list[str], user: str) -> tuple[int, bytes]:
        return self._work()


def test_a_command_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_stack, "EXECUTE_SECONDS", 0.05)
    end = threading.Event()

    def hang() -> tuple[int, bytes]:
        end.wait(20)
        return 0, b""

    try:
        with pytest.raises(HostFault, match=r"rm in shop-app-1 has not ended after 0\.05 s.*docker top shop-app-1"):
            Stack(Client(hang), "unix:///nowhere.sock", "shop").execute(container("app"), ["rm", "-rf", "/x"])
    finally:
        end.set()


def test_a_command_gives_its_result_or_the_error_of_the_daemon() -> None:
    def refuse() -> tuple[int, bytes]:
        raise docker.errors.APIError("no such container")

    works = Stack(Client(lambda: (3, b"no")), "unix:///nowhere.sock", "shop")
    assert works.execute(container("app"), ["test"]) == (3, "no")
    with pytest.raises(MaxopsError, match=r"could not run test in shop-app-1.*no such container"):
        Stack(Client(refuse), "unix:///nowhere.sock", "shop").execute(container("app"), ["test"])


# -- pauses ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def unpausing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A ``docker`` program that fails as often as its file ``failures`` has bytes, as while Docker restarts."""
    program = tmp_path / "docker"
    program.write_text(
        "#!/bin/sh\n"
        f"cd {tmp_path}; shift 2; echo $* >>calls\n"
        "if [ -s failures ]; then sed -i s/.// failures; exit 1; fi\n"
        "[ $1 != unpause ] || rm -f frozen; [ $1 != ps ] || ! [ -e frozen ] || echo id-app\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_a_container_is_unpaused_until_it_is_no_longer_paused(unpausing: Path) -> None:
    daemon = Daemon()
    daemon.add("app")
    stack = daemon.stack
    with stack.paused(stack.containers):
        assert daemon.state("app") == "paused"
        (unpausing / "frozen").touch()
        (unpausing / "failures").write_text("xxx")  # the first unpause and look, and the second unpause
    assert not (unpausing / "frozen").exists()
    calls = (unpausing / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["unpause", "ps", "unpause", "ps", "unpause", "ps"]
    assert calls[1] == "ps --all --quiet --filter status=paused --filter id=id-app"


def test_a_container_that_stays_paused_is_named_with_what_failed_before(
    unpausing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_stack, "UNPAUSE_SECONDS", 0)
    daemon = Daemon()
    daemon.add("app")
    stack = daemon.stack

    def refuse(_name: str) -> None:
        raise docker.errors.APIError("cannot unpause")

    monkeypatch.setattr(daemon, "unpause", refuse)
    (unpausing / "failures").write_text("x" * 9)
    text = r"shop-app-1 is still paused: .*; run docker unpause shop-app-1, .*: tar failed$"
    with pytest.raises(HostFault, match=text), stack.paused(stack.containers):
        raise MaxopsError("tar failed")


def test_a_guard_that_failed_is_helped_out(unpausing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_stack, "UNPAUSE_SECONDS", 0)
    daemon = Daemon()
    daemon.add("app")
    stack = daemon.stack
    (unpausing / "failures").write_text("x" * 9)
    with stack.paused(stack.containers):
        assert daemon.state("app") == "paused"
    assert daemon.state("app") == "running"


@pytest.mark.usefixtures("unpausing")
@pytest.mark.parametrize("status", [404, 409])
def test_a_container_that_is_gone_or_has_stopped_is_not_paused(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    daemon = Daemon()
    daemon.add("app")
    stack = daemon.stack
    answer = requests.Response()
    answer.status_code = status

    def refuse(_name: str) -> None:
        raise docker.errors.APIError("no such container", response=answer)

    monkeypatch.setattr(daemon, "pause", refuse)
    with stack.paused(stack.containers):
        assert daemon.state("app") == "running"
    answer.status_code = 500
    with pytest.raises(HostFault, match="could not pause shop-app-1"), stack.paused(stack.containers):
        pass
