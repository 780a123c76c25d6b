"""A machine that exists only as a folder: its programs are small scripts that record every change.

tests/lab/bootstrap.sh runs on it for real, with MAXOPS_BOOTSTRAP_MACHINE set to its root.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

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
TOOLS += ["sha256sum", "tail", "timeout", "touch", "tr"]
NO_ENGINE = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
TOO_NEW = "Error response from daemon: client version 1.52 is too new. Maximum supported API version is 1.41"
TOO_OLD = "Error response from daemon: client version 1.24 is too old. Minimum supported API version is 1.44"
COMPOSE_SOURCES = "etc/apt/sources.list.d/maxops-lab-compose.sources"
COMPOSE_PINS = "etc/apt/preferences.d/maxops-lab-compose"

# Programs of the machine. $M is the machine's root, $M/state has its state, $M/calls the changes that were made to it.
PROGRAMS = {
    "docker": """
        case "$*" in
          --version) cat "$M/state/client" ;;
          "context inspect "*) echo "${DOCKER_HOST:-$(cat "$M/state/context")}" ;;
          version*)
            if [[ -e $M/state/silent ]]; then exec /bin/sleep 60; fi
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
        # The real one refuses the number of any running process.
        if [[ -e $M/var/run/docker.pid ]]; then echo "pid file found" >&2; exit 1; fi
        touch "$M/state/running"
        exec /bin/sleep 1""",
    "silent-dockerd": 'echo dockerd >>"$M/calls"; touch "$M/state/silent"; exec /bin/sleep 5',
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
              if [[ $debian == *trixie* || -e $M/@SOURCES@ || -e $M/state/backports ]]; then
                echo 2.26.1 >"$M/state/compose"
              fi ;;
            docker-compose-plugin) echo 2.40.0 >"$M/state/compose" ;;
            *) : >"$M/usr/bin/$word"; chmod 755 "$M/usr/bin/$word" ;;
          esac
        done""",
    "apt-cache": """
        case "$*" in
          "show docker-compose-plugin") [[ -e $M/state/docker-source ]] ;;
          "policy docker-compose")
            candidate=1.29.2-3
            if [[ -e $M/@SOURCES@ || -e $M/state/backports ]]; then candidate=2.26.1-4; fi
            if [[ ${LC_ALL:-} == C ]]; then echo "  Candidate: $candidate"; else echo "  후보: $candidate"; fi ;;
        esac""",
    "dpkg-query": 'cat "$M/state/packages"',
    "id": 'if [[ $1 == -u ]]; then cat "$M/state/uid"; else echo kim; fi',
    "locale": "if [[ ${1:-} == charmap ]]; then echo UTF-8; fi",
    "sleep": "exec /bin/sleep 0.02",
    # The real one with a shorter limit: a command without it would hang until the test's own limit.
    "timeout": 'echo "$*" >>"$M/limits"; exec /usr/bin/timeout 0.3 "${@:3}"',
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
    """A Debian 12 with Python and the small tools, without Docker and init; its user is root."""

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
            program = shutil.which(name)
            assert program, name
            (folder / "tools").mkdir(exist_ok=True)
            (folder / "tools" / name).symlink_to(program)
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
        """Changes of Docker and packages. The checkout's own .venv is not a change of the machine."""
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


def silent(machine: Machine) -> None:
    """The socket accepts connections without an answer."""
    engine(machine)
    machine.has("usr/bin/timeout")
    machine.state(silent="")


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
