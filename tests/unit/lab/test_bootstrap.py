"""What tests/lab/bootstrap.sh decides on which machine, and how it says so.

The real script runs on a machine on paper: a root in a temporary folder (MAXOPS_BOOTSTRAP_MACHINE) whose programs are
small scripts that write down what would have changed something. The table below is the list of its decisions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

LAB = Path(__file__).parents[2] / "lab"
TOOLS = [
    "awk",
    "bash",
    "cat",
    "chmod",
    "cp",
    "dirname",
    "env",
    "flock",
    "grep",
    "head",
    "mkdir",
    "mktemp",
    "rm",
    "setsid",
]
TOOLS += ["sha256sum", "tail", "touch", "tr"]
NO_ENGINE = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
TOO_NEW = "Error response from daemon: client version 1.52 is too new. Maximum supported API version is 1.41"
TOO_OLD = "Error response from daemon: client version 1.24 is too old. Minimum supported API version is 1.44"
COMPOSE_SOURCES = "etc/apt/sources.list.d/maxops-lab-compose.sources"
COMPOSE_PINS = "etc/apt/preferences.d/maxops-lab-compose"

# $M is the machine's root, $M/state what is the case on it, $M/calls what was done to it.
PROGRAMS = {
    "docker": """
        case "$*" in
          --version) cat "$M/state/client" ;;
          "context inspect "*) echo "${DOCKER_HOST:-$(cat "$M/state/context")}" ;;
          version*)
            if [[ ! -e $M/state/running ]]; then echo "@NO_ENGINE@" >&2; exit 1; fi
            if [[ -e $M/state/api && $0 != */usr/bin/docker ]]; then cat "$M/state/api" >&2; exit 1; fi
            cat "$M/state/server" ;;
          info*) cat "$M/state/info" ;;
          "compose version"*)
            if [[ ! -e $M/state/compose ]]; then echo "docker: unknown command: docker compose"; exit 1; fi
            cat "$M/state/compose" ;;
          *) exit 1 ;;
        esac""",
    "dockerd": """
        echo dockerd >>"$M/calls"
        if [[ -e $M/state/broken ]]; then echo "failed to start daemon: no iptables" >&2; exit 1; fi
        touch "$M/state/running"
        exec /bin/sleep 1""",
    "containerd": "exit 1",
    "runc": "exit 1",
    "systemctl": 'echo "systemctl $*" >>"$M/calls"; touch "$M/state/running"',
    "service": 'echo "service $*" >>"$M/calls"; touch "$M/state/running"',
    "apt-get": """
        command='' packages=() debian=$(< "$M/etc/os-release")
        for word; do
          case $word in
            update | install | indextargets) command=$word ;;
            -*) ;;
            *) [[ -z $command ]] || packages+=("$word") ;;
          esac
        done
        [[ $command != indextargets ]] || { echo "bookworm http://mirror.test/debian/"; exit; }
        echo "apt-get $command${packages:+ ${packages[*]}}" >>"$M/calls"
        for word in "${packages[@]}"; do
          case $word in
            docker.io)
              cp "$M/shelf/dockerd" "$M/shelf/runc" "$M/usr/sbin/"
              cp "$M/shelf/containerd" "$M/usr/bin/"
              [[ $debian == *trixie* ]] || cp "$M/shelf/docker" "$M/usr/bin/" ;;
            docker-cli) cp "$M/shelf/docker" "$M/usr/bin/" ;;
            docker-compose)
              if [[ $debian == *trixie* || -e $M/@SOURCES@ ]]; then echo 2.26.1 >"$M/state/compose"; fi ;;
            docker-compose-plugin) echo 2.40.0 >"$M/state/compose" ;;
            *) : >"$M/usr/bin/$word"; chmod 755 "$M/usr/bin/$word" ;;
          esac
        done""",
    "apt-cache": """
        case "$*" in
          "show docker-compose-plugin") [[ -e $M/state/docker-source ]] ;;
          "policy docker-compose")
            candidate=1.29.2-3
            if [[ -e $M/@SOURCES@ || $(< "$M/etc/os-release") == *trixie* ]]; then candidate=2.26.1-4; fi
            if [[ ${LC_ALL:-} == C ]]; then echo "  Candidate: $candidate"; else echo "  후보: $candidate"; fi ;;
        esac""",
    "dpkg-query": 'cat "$M/state/packages"',
    "id": 'if [[ $1 == -u ]]; then cat "$M/state/uid"; else echo kim; fi',
    "locale": "if [[ ${1:-} == charmap ]]; then echo UTF-8; fi",
    "sleep": "exec /bin/sleep 0.02",
    "python3": """
        case "$*" in
          -V) echo "Python 3.11.2" ;;
          "-m venv "*)
            echo "python -m venv" >>"$M/calls"
            mkdir -p "$3/bin"
            printf '#!/bin/sh\\nexit 0\\n' >"$3/bin/pip"
            chmod 755 "$3/bin/pip" ;;
        esac""",
    "podman-docker": 'if [[ $* == --version ]]; then echo "podman version 4.3.1"; fi',
    "docker-compose-v1": "echo 1.29.2",
    "there": "",
}


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


class Machine:
    """A Debian 12 with Python and the small tools, no Docker, root at the keyboard and no init."""

    def __init__(self, folder: Path, checkout: str = "ops") -> None:
        self.root = folder / "machine"
        self.checkout = folder / checkout
        self.environment: dict[str, str] = {}
        self.umask = 0o022
        for name in ("usr/bin", "usr/sbin", "usr/local/bin", "shelf", "proc/1", "var/log", "var/run", "var/lib/docker"):
            (self.root / name).mkdir(parents=True)
        for name in ("etc/apt/sources.list.d", "etc/apt/preferences.d"):
            (self.root / name).mkdir(parents=True)
        for name in ("apt-get", "apt-cache", "dpkg-query", "id", "locale", "sleep", "python3"):
            self.has(f"usr/bin/{name}")
        for name in ("debootstrap", "zstd", "curl", "xz", "git"):
            self.has(f"usr/bin/{name}", "there")
        for name in ("prometheus", "promtool", "prometheus-node-exporter"):
            self.has(f"var/lib/maxops-lab/tools/{name}", "there")
        for name in ("docker", "dockerd", "containerd", "runc"):
            self.has(f"shelf/{name}")
        self.debian("bookworm")
        write(self.root / "proc/1/comm", "sleep\n")
        self.state(uid="0", client="Docker version 28.2.2, build e6534b4", packages="", server="20.10.24 Engine runc")
        self.state(context="unix:///var/run/docker.sock", info="/var/lib/docker [name=seccomp,profile=default]")
        for name in ("bootstrap.sh", "environment.sh"):
            write(self.checkout / "tests/lab" / name, (LAB / name).read_text(encoding="utf-8"), 0o755)
        for name in ("requirements.txt", "tests/requirements.txt", "tests/constraints.txt"):
            write(self.checkout / name, "")
        for name in TOOLS:
            found = shutil.which(name)
            assert found, name
            (folder / "tools").mkdir(exist_ok=True)
            (folder / "tools" / name).symlink_to(found)
        self.path = ":".join(str(self.root / name) for name in ("usr/local/bin", "usr/bin"))
        self.path += f":{folder / 'tools'}"

    def has(self, path: str, program: str = "") -> None:
        text = PROGRAMS[program or Path(path).name]
        text = text.replace("@NO_ENGINE@", NO_ENGINE).replace("@SOURCES@", COMPOSE_SOURCES)
        write(self.root / path, f"#!/bin/bash\nM={self.root}\n{text}\n", 0o755)

    def state(self, **facts: str) -> None:
        for name, text in facts.items():
            write(self.root / "state" / name.replace("_", "-"), f"{text}\n")

    def debian(self, name: str, identity: str = "debian") -> None:
        text = f'ID={identity}\nVERSION_CODENAME={name}\nPRETTY_NAME="{identity} {name}"\n'
        write(self.root / "etc/os-release", text)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        (self.root / "calls").write_text("")
        return subprocess.run(
            [self.checkout / "tests/lab/bootstrap.sh", *words],
            env={"PATH": self.path, "MAXOPS_BOOTSTRAP_MACHINE": str(self.root), "LANG": "C.UTF-8", **self.environment},
            umask=self.umask,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        return (self.root / "calls").read_text(encoding="utf-8").splitlines()

    @property
    def changes(self) -> list[str]:
        """What was done to Docker and the packages; the checkout's own .venv is no change of the machine."""
        return [call for call in self.calls if call not in ("apt-get update", "python -m venv")]


def client(machine: Machine) -> None:
    machine.has("usr/local/bin/docker")


def engine(machine: Machine) -> None:
    machine.has("usr/bin/docker")
    machine.has("usr/sbin/dockerd")
    machine.has("usr/sbin/runc")
    machine.has("usr/bin/containerd")
    machine.state(compose="2.26.1")


def running(machine: Machine) -> None:
    engine(machine)
    machine.state(running="")


def systemd(machine: Machine) -> None:
    machine.has("usr/bin/systemctl")
    (machine.root / "run/systemd/system").mkdir(parents=True)


def sysv(machine: Machine) -> None:
    machine.has("usr/sbin/service")
    write(machine.root / "proc/1/comm", "init\n")
    write(machine.root / "etc/inittab", "")


def starting(machine: Machine) -> None:
    # Debian's own script of the package started it a moment ago.
    write(machine.root / "var/run/docker.pid", "77\n")
    write(machine.root / "proc/77/comm", "dockerd\n")
    machine.has("usr/bin/sleep", "service")


def stale_pid(machine: Machine) -> None:
    write(machine.root / "var/run/docker.pid", "77\n")
    write(machine.root / "proc/77/comm", "postgres\n")


def user(machine: Machine) -> None:
    machine.state(uid="1000")


def docker_ce(machine: Machine) -> None:
    engine(machine)
    machine.state(packages="installed docker-ce\ninstalled docker-ce-cli\ninstalled containerd.io", docker_source="")


def without(*paths: str) -> Callable[[Machine], None]:
    return lambda machine: [(machine.root / path).unlink() for path in paths] and None


def state(**facts: str) -> Callable[[Machine], None]:
    return lambda machine: machine.state(**facts)


def env(**variables: str) -> Callable[[Machine], None]:
    return lambda machine: machine.environment.update(variables)


def has(path: str, program: str = "") -> Callable[[Machine], None]:
    return lambda machine: machine.has(path, program)


def debian(name: str, identity: str = "debian") -> Callable[[Machine], None]:
    return lambda machine: machine.debian(name, identity)


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
BY_HAND = "starting the Docker Engine (dockerd, as no init runs here)"
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
         "Compose v2 comes from Debian 13, pinned so that nothing else does"),
    # Stopped: started, by what starts services there.
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
    # Not the engine that the lab can run on.
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
            "usr/bin/docker is Podman's, and the lab needs Docker's own engine", "apt-get remove podman-docker"),
    refuses("Podman on Docker's socket", [client, state(running="", server="4.3.1 Podman Engine Conmon")],
            "Podman answers on /var/run/docker.sock", "systemctl disable --now podman.socket"),
    refuses("the socket of another machine's engine", [client, state(running="", info="/srv/docker [name=seccomp]")],
            "keeps its data in /srv/docker, which is not on this machine"),
    refuses("a client that does not run", [has("usr/local/bin/docker", "runc")],
            "The command", "usr/local/bin/docker does not run", "Remove it and run again"),
    refuses("half of Docker CE", [client, state(packages="installed containerd.io\nnot-installed docker-ce")],
            "Packages of Docker's own source are installed (containerd.io), but no whole engine",
            "apt-get install docker-ce containerd.io"),
    # A client and an engine that do not understand each other.
    refuses("a client too new", [running, client, state(api=TOO_NEW)],
            "have no API version in common: Error response from daemon: client version 1.52 is too new",
            "usr/bin/docker fits: move", "usr/local/bin/docker away"),
    refuses("a client too old", [running, client, without("usr/bin/docker"), state(api=TOO_OLD)],
            "client version 1.24 is too old", "Use the client that was installed with the engine"),
    refuses("DOCKER_API_VERSION", [running, client, state(api=TOO_NEW), env(DOCKER_API_VERSION="1.52")],
            "is too new", "DOCKER_API_VERSION=1.52 may be the cause: unset it"),
    refuses("a client too new for the engine just installed", [client, systemd, state(api=TOO_NEW)],
            "is too new", "usr/bin/docker fits: move", does=[INSTALLS, "systemctl start docker"]),
    # What this user or this system cannot do.
    refuses("missing, not root", [client, user], "Missing on this machine: docker.io docker-compose",
            "Run the same command as root"),
    refuses("stopped, not root", [engine, user], f"Docker does not answer for user kim: {NO_ENGINE}",
            "sudo systemctl start docker"),
    refuses("another distribution", [client, debian("noble", "ubuntu")], "Only Debian 12 and 13 are prepared",
            "on ubuntu noble install Docker Engine, Compose v2"),
    refuses("its owner's Docker, a tool missing", [running, without("usr/bin/zstd")],
            "This machine has a Docker of its own, so nothing is installed here unasked; missing: zstd.",
            "apt-get install --no-install-recommends zstd"),
    refuses("dockerd ends at once", [engine, state(broken="")],
            "dockerd ended at once: failed to start daemon: no iptables", "Remove the cause", does=["dockerd"]),
]  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("case", MACHINES, ids=lambda case: case.name)
def test_each_machine_has_its_decision_and_its_sentence(machine: Machine, case: Case) -> None:
    for arrange in case.machine:
        arrange(machine)
    done = machine.run()
    assert (done.returncode != 0) == case.refuses, done.stderr
    assert machine.changes == case.does, done.stderr
    for sentence in case.says:
        assert sentence in done.stderr
    assert all(line.startswith("bootstrap: ") for line in done.stderr.splitlines()), done.stderr
    if case.refuses:
        assert case.does or done.stderr.count("\n") <= 3, "a refusal is a sentence and the next step"
        assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize("arrange", [[], [client], [engine], [docker_ce]], ids=["bare", "client", "engine", "ce"])
def test_a_second_run_changes_and_says_nothing(machine: Machine, arrange: list[Callable[[Machine], None]]) -> None:
    for each in arrange:
        each(machine)
    assert machine.run().returncode == 0
    done = machine.run()
    assert (done.returncode, machine.calls, done.stderr) == (0, [], "")


def test_python_alone_looks_at_no_docker(machine: Machine) -> None:
    machine.has("usr/bin/docker", "podman-docker")
    done = machine.run("python")
    assert (done.returncode, machine.calls) == (0, ["python -m venv"]), done.stderr


def test_a_strict_umask_does_not_reach_what_others_read(machine: Machine) -> None:
    client(machine)
    machine.umask = 0o077
    done = machine.run()
    assert done.returncode == 0, done.stderr
    made = [machine.root / COMPOSE_SOURCES, machine.root / COMPOSE_PINS, machine.checkout / ".venv/.made-of"]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in made if path.stat().st_mode & 0o044 != 0o044} == {}
    assert (machine.checkout / ".venv").stat().st_mode & 0o055 == 0o055


def test_debian_13_gives_compose_and_nothing_else(machine: Machine) -> None:
    assert machine.run().returncode == 0
    assert "URIs: http://mirror.test/debian/\nSuites: trixie\n" in (machine.root / COMPOSE_SOURCES).read_text()
    pins = [pin.split("\n") for pin in (machine.root / COMPOSE_PINS).read_text().strip().split("\n\n")]
    assert pins == [
        ["Package: *", "Pin: release n=trixie", "Pin-Priority: -1"],
        ["Package: docker-compose", "Pin: release n=trixie", "Pin-Priority: 990"],
    ]


def test_a_path_with_spaces_is_no_matter(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "my projects/ops collection")
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert (machine.checkout / ".venv/.made-of").is_file()


def test_a_path_with_a_colon_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "a:b/ops")
    done = machine.run()
    assert done.returncode == 1
    assert machine.calls == []
    assert f"The path of this checkout has a colon: {machine.checkout}" in done.stderr


def test_compose_that_the_client_does_not_find_is_said(machine: Machine) -> None:
    client(machine)
    # What the package brings is in a folder where this client does not look.
    installer = machine.root / "usr/bin/apt-get"
    write(installer, installer.read_text(encoding="utf-8").replace('"$M/state/compose"', "/dev/null"), 0o755)
    done = machine.run()
    assert done.returncode == 1
    assert "Compose v2 is installed, but" in done.stderr
    assert "does not find it: docker: unknown command: docker compose" in done.stderr


@pytest.mark.parametrize(
    ("said", "charmap", "wanted"),
    [
        ("", "UTF-8", "ko_KR.UTF-8 -"),
        ("locale: Cannot set LC_ALL to default locale", "ANSI_X3.4-1968", "ko_KR.UTF-8 C.UTF-8"),
        ("", "EUC-KR", "ko_KR.UTF-8 C.UTF-8"),
    ],
    ids=["generated", "not generated", "not UTF-8"],
)
def test_the_locale_is_one_that_ansible_starts_in(machine: Machine, said: str, charmap: str, wanted: str) -> None:
    text = f'#!/bin/bash\nif [[ ${{1:-}} == charmap ]]; then echo {charmap}; else echo -n "{said}" >&2; fi\n'
    write(machine.root / "usr/bin/locale", text, 0o755)
    done = subprocess.run(
        ["bash", "-c", f'. "{LAB}/environment.sh"; echo "$LANG ${{LC_ALL:--}}"; umask'],
        env={"PATH": f"{machine.root}/usr/bin:{os.environ['PATH']}", "LANG": "ko_KR.UTF-8"},
        umask=0o077,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{wanted}\n0022\n"
