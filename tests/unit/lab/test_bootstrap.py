"""The decision and the message of tests/lab/bootstrap.sh for each state of a machine: the table MACHINES."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.lab.simulated_machine import (
    COMPOSE_PINS,
    COMPOSE_SOURCES,
    LAB,
    NO_ENGINE,
    TOO_NEW,
    TOO_OLD,
    Machine,
    client,
    debian,
    docker_ce,
    engine,
    env,
    has,
    running,
    silent,
    stale_pid,
    starting,
    state,
    systemd,
    sysv,
    user,
    without,
    write,
)


@dataclass
class Case:
    name: str
    machine: list[Callable[[Machine], None]]
    does: list[str]
    says: list[str]
    refuses: bool = False


def goes(name: str, machine: list[Callable[[Machine], None]], does: list[str], *says: str) -> Case:
    return Case(name, machine, does, list(says))


def refuses(name: str, machine: list[Callable[[Machine], None]], *says: str, does: list[str] | None = None) -> Case:
    return Case(name, machine, does or [], list(says), refuses=True)


INSTALLS = "apt-get install docker.io docker-compose"
BY_HAND = "starting the Docker Engine (dockerd, because no init system runs here)"
MACHINES = [
    # Missing: installed, and the engine started.
    goes("no docker at all", [], [INSTALLS, "dockerd"], "installing docker.io docker-compose", BY_HAND),
    goes("a client without an engine", [client], [INSTALLS, "dockerd"], "installing docker.io docker-compose", BY_HAND),
    goes("a client without an engine, Compose beside it", [client, state(compose="2.30.0")],
         ["apt-get install docker.io", "dockerd"], "installing docker.io"),
    goes("dockerd without containerd and runc", [client, has("usr/sbin/dockerd")], [INSTALLS, "dockerd"], "installing"),
    goes("an engine without a client", [engine, without("usr/bin/docker")], [INSTALLS, "dockerd"], "installing"),
    goes("Debian 13", [debian("trixie")], ["apt-get install docker.io docker-cli docker-compose", "dockerd"],
         "installing docker.io docker-cli docker-compose"),
    goes("messages in Korean", [client, env(LANG="ko_KR.UTF-8")], [INSTALLS, "dockerd"],
         "Compose v2 comes from Debian 13, pinned so that no other package does"),
    # Stopped: started, with the machine's own way to start services.
    goes("stopped, systemd", [engine, systemd], ["systemctl start docker"], "starting the Docker Engine (systemctl)"),
    goes("stopped, sysv init", [engine, sysv], ["service docker start"], "starting the Docker Engine (service)"),
    goes("stopped, no init", [engine], ["dockerd"], BY_HAND),
    goes("stopped, the number of another program in its pid file", [engine, stale_pid], ["dockerd"], BY_HAND),
    goes("starting already", [engine, starting], ["service 0.5"], "waiting for the Docker Engine, which is starting"),
    goes("a client without an engine, systemd", [client, systemd], [INSTALLS, "systemctl start docker"], "installing"),
    goes("Docker CE, stopped", [docker_ce, systemd], ["systemctl start docker"], "starting the Docker Engine"),
    # Running: used as it is.
    goes("running", [running], []),
    goes("Docker CE, running", [docker_ce, state(running="")], []),
    goes("running, for a user in its group", [running, user], []),
    goes("DOCKER_HOST is the usual socket", [running, env(DOCKER_HOST="unix:///var/run/docker.sock")], []),
    goes("an old pid file of a running engine", [running, stale_pid], []),
    # Compose.
    goes("running, no Compose", [running, without("state/compose")], ["apt-get install docker-compose"],
         "installing docker-compose"),
    goes("Docker CE, no Compose", [docker_ce, state(running=""), without("state/compose")],
         ["apt-get install docker-compose-plugin"], "installing docker-compose-plugin"),
    goes("Compose v1 outside the packages", [running, without("state/compose"),
         has("usr/local/bin/docker-compose", "docker-compose-v1")], ["apt-get install docker-compose"],
         "usr/local/bin/docker-compose is Compose 1.29.2 and stays; version 2 is installed beside it"),
    refuses("Compose v1 of Debian", [running, without("state/compose"),
            has("usr/bin/docker-compose", "docker-compose-v1")],
            "docker-compose is Compose 1.29.2; the lab needs Compose v2, which would replace it",
            "Remove it (apt-get remove docker-compose)"),
    # An engine that cannot run the lab.
    refuses("DOCKER_HOST does not answer", [client, env(DOCKER_HOST="tcp://10.0.0.7:2375")],
            "tcp://10.0.0.7:2375, set by DOCKER_HOST, is not this machine's own engine", "Next: unset DOCKER_HOST"),
    refuses("DOCKER_HOST answers", [running, env(DOCKER_HOST="ssh://ops@elsewhere")],
            "ssh://ops@elsewhere, set by DOCKER_HOST, is not this machine's own engine", "Next: unset DOCKER_HOST"),
    refuses("DOCKER_HOST without any docker", [env(DOCKER_HOST="tcp://10.0.0.7:2375")], "Next: unset DOCKER_HOST"),
    refuses("a context of another machine", [running, state(context="ssh://ops@elsewhere")],
            "ssh://ops@elsewhere, set by the docker client's context", "Next: docker context use default"),
    refuses("rootless by DOCKER_HOST", [running, env(DOCKER_HOST="unix:///run/user/1000/docker.sock")],
            "set by DOCKER_HOST, is a rootless Docker; the lab needs the engine that root runs",
            "Next: unset DOCKER_HOST, then run again as root"),
    refuses("rootless by context", [client, user, state(context="unix:///run/user/1000/docker.sock")],
            "set by the docker client's context, is a rootless Docker", "Next: docker context use default"),
    refuses("rootless on the usual socket",
            [running, state(info="/var/lib/docker [name=seccomp,profile=builtin name=rootless name=cgroupns]")],
            "The Docker on /var/run/docker.sock is rootless", "systemctl --user stop docker"),
    refuses("docker is Podman", [has("usr/bin/docker", "podman-docker")],
            "usr/bin/docker belongs to Podman; the lab needs Docker Engine.", "apt-get remove podman-docker"),
    refuses("Podman on Docker's socket", [client, state(running="", server="4.3.1 Podman Engine Conmon")],
            "Podman answers on /var/run/docker.sock", "systemctl disable --now podman.socket"),
    refuses("the socket of another machine's engine", [client, state(running="", info="/srv/docker [name=seccomp]")],
            "keeps its data in /srv/docker, which is not on this machine"),
    refuses("a client that does not run", [has("usr/local/bin/docker", "runc")],
            "The command", "usr/local/bin/docker does not run", "Remove it and run again"),
    refuses("half of Docker CE", [client, state(packages="installed containerd.io\nnot-installed docker-ce")],
            "Docker's own packages are installed (containerd.io) without a complete engine",
            "apt-get install docker-ce containerd.io"),
    # A client and an engine without a common API version.
    refuses("a client too new", [running, client, state(api=TOO_NEW)],
            "have no API version in common: Error response from daemon: client version 1.52 is too new",
            "usr/bin/docker fits: move", "usr/local/bin/docker away"),
    refuses("a client too old", [running, client, without("usr/bin/docker"), state(api=TOO_OLD)],
            "client version 1.24 is too old", "Use the client that was installed with the engine"),
    refuses("DOCKER_API_VERSION", [running, client, state(api=TOO_NEW), env(DOCKER_API_VERSION="1.52")],
            "is too new", "DOCKER_API_VERSION=1.52 may be the cause: unset it"),
    refuses("a client too new for the engine just installed", [client, systemd, state(api=TOO_NEW)],
            "is too new", "usr/bin/docker fits: move", does=[INSTALLS, "systemctl start docker"]),
    # An engine that hangs: not even a second one is started, because it would take the socket.
    refuses("accepts connections without an answer", [silent],
            "The Docker Engine on /var/run/docker.sock accepts connections and has not answered within 60 s.",
            "restart it (systemctl restart docker) and run again"),
    refuses("accepts connections without an answer, systemd", [silent, systemd], "has not answered within 60 s"),
    refuses("accepts connections without an answer, to a user", [silent, user], "has not answered within 60 s"),
    refuses("a client without an engine, another engine's silent socket", [silent, without("usr/sbin/dockerd")],
            "has not answered within 60 s"),
    refuses("started, and then without an answer", [engine, has("usr/sbin/dockerd", "silent-dockerd"),
            has("usr/bin/timeout")], BY_HAND, "has not answered within 60 s", does=["dockerd"]),
    # This user or this system cannot install or start it.
    refuses("missing, not root", [client, user], "Missing on this machine: docker.io docker-compose",
            "Run the same command as root"),
    refuses("stopped, not root", [engine, user], f"Docker does not answer for user kim: {NO_ENGINE}",
            "sudo systemctl start docker"),
    refuses("another distribution", [client, debian("noble", "ubuntu")],
            "This script installs packages on Debian 12 and 13 only.", "ubuntu noble with its own tools"),
    refuses("its owner's Docker, a tool missing", [running, without("usr/bin/zstd")],
            "This machine had Docker already, so nothing is installed without being asked; missing: zstd.",
            "apt-get install --no-install-recommends zstd"),
    refuses("dockerd ends at once", [engine, state(broken="")],
            "dockerd ended at once: failed to start daemon: no iptables", "Fix the cause", does=["dockerd"]),
]  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("case", MACHINES, ids=lambda case: case.name)
def test_each_machine_has_its_decision_and_its_message(machine: Machine, case: Case) -> None:
    for arrange in case.machine:
        arrange(machine)
    done = machine.run()
    assert (done.returncode != 0) == case.refuses, done.stderr
    assert machine.changes == case.does, done.stderr
    for text in case.says:
        assert text in done.stderr
    assert all(line.startswith("bootstrap: ") for line in done.stderr.splitlines()), done.stderr
    if case.refuses:
        assert case.does or done.stderr.count("\n") <= 3, "a refusal is the cause and the next step"
        assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize("arrange", [[], [client], [engine], [docker_ce]], ids=["bare", "client", "engine", "ce"])
def test_a_second_run_changes_and_prints_nothing(machine: Machine, arrange: list[Callable[[Machine], None]]) -> None:
    for prepare in arrange:
        prepare(machine)
    assert machine.run().returncode == 0
    done = machine.run()
    assert (done.returncode, machine.calls, done.stderr) == (0, [], "")


def test_the_engine_has_a_minute_for_an_answer(machine: Machine) -> None:
    silent(machine)
    assert machine.run().returncode == 1
    limits = (machine.root / "limits").read_text(encoding="utf-8").splitlines()
    assert limits == ["--kill-after=5 60 docker version --format {{.Server.Version}}"]


@pytest.mark.parametrize(
    ("script", "message", "next_step"),
    [
        ("images/build.sh", "lab images: the Docker Engine accepts connections and has not answered", "restart it"),
        ("lab.sh", "lab: The Docker Engine accepts connections and has not answered", "restart it"),
        ("fresh.sh", "fresh: The Docker Engine accepts connections and has not answered", "restart it"),
    ],
)
def test_other_scripts_of_the_lab_do_not_wait_for_a_silent_engine(
    machine: Machine, script: str, message: str, next_step: str
) -> None:
    silent(machine)
    done = subprocess.run(
        [LAB / script, *(["status"] if script == "lab.sh" else [])],
        env={**os.environ, "PATH": f"{machine.root}/usr/bin:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert next_step in done.stderr


def test_python_alone_does_not_use_docker(machine: Machine) -> None:
    machine.has("usr/bin/docker", "podman-docker")
    done = machine.run("python")
    assert (done.returncode, machine.calls) == (0, ["python -m venv"]), done.stderr


def test_files_for_other_users_are_readable_under_a_strict_umask(machine: Machine) -> None:
    client(machine)
    machine.umask = 0o077
    done = machine.run()
    assert done.returncode == 0, done.stderr
    made = [machine.root / COMPOSE_SOURCES, machine.root / COMPOSE_PINS, machine.checkout / ".venv/.made-of"]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in made if path.stat().st_mode & 0o044 != 0o044} == {}
    assert (machine.checkout / ".venv").stat().st_mode & 0o055 == 0o055


def test_only_compose_comes_from_debian_13(machine: Machine) -> None:
    assert machine.run().returncode == 0
    assert "URIs: http://mirror.test/debian/\nSuites: trixie\n" in (machine.root / COMPOSE_SOURCES).read_text()
    pins = [pin.split("\n") for pin in (machine.root / COMPOSE_PINS).read_text().strip().split("\n\n")]
    assert pins == [
        ["Package: *", "Pin: release n=trixie", "Pin-Priority: -1"],
        ["Package: docker-compose", "Pin: release n=trixie", "Pin-Priority: 990"],
    ]


@pytest.mark.parametrize("language", ["C.UTF-8", "ko_KR.UTF-8"])
def test_compose_v2_from_the_machines_own_sources_needs_no_debian_13(machine: Machine, language: str) -> None:
    machine.state(backports="")
    machine.environment["LANG"] = language
    done = machine.run()
    assert (done.returncode, machine.changes) == (0, [INSTALLS, "dockerd"]), done.stderr
    assert not (machine.root / COMPOSE_SOURCES).exists()


def test_a_path_with_spaces_is_refused_for_the_lab_before_anything_is_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "my projects/ops collection")
    done = machine.run()
    assert (done.returncode, machine.calls) == (1, [])
    assert f"Ansible cannot start a background job from there: {machine.checkout}\n" in done.stderr
    assert "Move it to a path without one" in done.stderr


def test_lint_and_unit_tests_work_in_a_path_with_spaces(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "my projects/ops collection")
    assert machine.run("python").returncode == 0
    assert (machine.checkout / ".venv/.made-of").is_file()


def test_a_path_with_a_colon_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "a:b/ops")
    done = machine.run()
    assert done.returncode == 1
    assert machine.calls == []
    assert f"The path of this checkout has a colon: {machine.checkout}" in done.stderr


def test_compose_that_the_client_does_not_find_is_reported(machine: Machine) -> None:
    client(machine)
    # The package puts the plugin into a folder that this client does not search.
    installer = machine.root / "usr/bin/apt-get"
    write(installer, installer.read_text(encoding="utf-8").replace('"$M/state/compose"', "/dev/null"), 0o755)
    done = machine.run()
    assert done.returncode == 1
    assert "Compose v2 is installed, but" in done.stderr
    assert "does not find it: docker: unknown command: docker compose" in done.stderr


@pytest.mark.parametrize(
    ("error", "charmap", "expected"),
    [
        ("", "UTF-8", "ko_KR.UTF-8 -"),
        ("locale: Cannot set LC_ALL to default locale", "ANSI_X3.4-1968", "ko_KR.UTF-8 C.UTF-8"),
        ("", "EUC-KR", "ko_KR.UTF-8 C.UTF-8"),
    ],
    ids=["generated", "not generated", "not UTF-8"],
)
def test_ansible_starts_in_the_chosen_locale(machine: Machine, error: str, charmap: str, expected: str) -> None:
    text = f'#!/bin/bash\nif [[ ${{1:-}} == charmap ]]; then echo {charmap}; else echo -n "{error}" >&2; fi\n'
    write(machine.root / "usr/bin/locale", text, 0o755)
    done = subprocess.run(
        ["bash", "-c", f'. "{LAB}/environment.sh"; echo "$LANG ${{LC_ALL:--}}"; umask'],
        env={"PATH": f"{machine.root}/usr/bin:{os.environ['PATH']}", "LANG": "ko_KR.UTF-8"},
        umask=0o077,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{expected}\n0022\n"
