# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A complete stack that notices its faults within seconds, and functions that cause each fault."""

from __future__ import annotations

import datetime
import json
import math
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from jinja2 import Environment, StrictUndefined

from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, run, wait_until

PROJECT = "maxfaults"
PORT = 9220
PASSWORD = "fault-Passw0rd"
MAX_CONNECTIONS = 100
ROLE = CHECKOUT / "roles" / "stack"
SMALL_VOLUME = "8m"

QUICK = {"interval": "1s", "timeout": "2s", "retries": 2, "start_period": "20s"}
IMPATIENT = {"LAB_DATABASE_WAIT": "2"}
"""The stand-ins give up after 2 s when the database refuses them, instead of after a minute."""
COMMON: dict[str, Any] = {"restart": "unless-stopped", "stop_grace_period": "1s"}
VOLUMES = "/var/lib/docker/volumes"


def _service(image: str, test: list[str], **more: Any) -> dict[str, Any]:
    return {**COMMON, "image": f"maxops-lab/{image}", "healthcheck": {"test": test, **QUICK}, **more}


def _curl(address: str) -> list[str]:
    return ["CMD", "curl", "-fsS", "-o", "/dev/null", f"http://127.0.0.1:{address}"]


def compose_file() -> dict[str, Any]:
    """The services of the role stack, with a health check every second and a small volume that is easy to fill."""
    url = f"redis://:{PASSWORD}@redis:6379"
    after = {"depends_on": {name: {"condition": "service_healthy"} for name in ("postgres", "redis")}}
    return {
        "name": PROJECT,
        "services": {
            "postgres": _service(
                "postgres:17",
                ["CMD", "pg_isready", "--quiet", "--host=127.0.0.1", "--username=maxops", "--dbname=postgres"],
                command=["postgres", "-c", "fsync=off", "-c", f"max_connections={MAX_CONNECTIONS}"],
                environment={
                    "POSTGRES_USER": "maxops",
                    "POSTGRES_PASSWORD": "${POSTGRES_PASSWORD:?is missing in .env}",
                    "POSTGRES_DB": "postgres",
                },
                volumes=["postgres-data:/var/lib/postgresql/data", "./initdb:/docker-entrypoint-initdb.d:ro"],
            ),
            "redis": _service(
                "redis:8",
                ["CMD-SHELL", "redis-cli ping | grep -q PONG"],
                user="redis",
                command=["sh", "-c", "exec redis-server - <<CONFIG\nrequirepass $$REDIS_PASSWORD\ndir /data\nCONFIG"],
                environment={"REDIS_PASSWORD": PASSWORD, "REDISCLI_AUTH": PASSWORD},
                volumes=["redis-data:/data"],
            ),
            "openproject": _service(
                "openproject:14.6.3",
                _curl("8080/health_checks/default"),
                **after,
                environment={
                    **IMPATIENT,
                    "DATABASE_URL": "postgres://maxops:${POSTGRES_PASSWORD}@postgres:5432/openproject",
                    "SECRET_KEY_BASE": "b" * 64,
                    "OPENPROJECT_CACHE__REDIS__URL": f"{url}/1",
                },
                volumes=["openproject-assets:/var/openproject/assets"],
            ),
            "gitea": _service(
                "gitea:1.21.11",
                _curl("3000/api/healthz"),
                **after,
                environment={
                    **IMPATIENT,
                    "GITEA__database__DB_TYPE": "postgres",
                    "GITEA__database__HOST": "postgres:5432",
                    "GITEA__database__NAME": "gitea",
                    "GITEA__database__USER": "maxops",
                    "GITEA__database__PASSWD": "${POSTGRES_PASSWORD}",
                    "GITEA__server__ROOT_URL": f"https://localhost:{PORT}/git/",
                    "GITEA__cache__ADAPTER": "redis",
                    "GITEA__cache__HOST": f"{url}/2",
                },
                volumes=["gitea-data:/data"],
            ),
            "nginx": _service(
                "nginx:1",
                _curl("8081/"),
                command=["nginx", "-c", "/etc/nginx/maxops/nginx.conf", "-g", "daemon off;"],
                ports=[f"127.0.0.1:{PORT}:8080"],
                volumes=["./gateway:/etc/nginx/maxops:ro"],
            ),
        },
        "volumes": {
            "postgres-data": {},
            "redis-data": {},
            "gitea-data": {},
            # A separate file system, small enough to be filled at once.
            "openproject-assets": {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": f"size={SMALL_VOLUME}"}},
        },
    }


def gateway_configuration() -> str:
    """The role stack's own gateway, with TLS and short waits."""
    variables = {**_yaml("defaults/main.yml"), **_yaml("vars/main.yml")}
    variables.update(
        __stack_scheme="https",
        __stack_host=f"localhost:{PORT}",
        __stack_health_password="",
        __stack_health_paths={"openproject": "/health_checks/database", "gitea": "/api/healthz"},
        stack_tls_certificate="x",
        stack_gateway_probe_timeout=2,
    )
    environment = Environment(trim_blocks=True, undefined=StrictUndefined)
    return environment.from_string((ROLE / "templates" / "nginx.conf.j2").read_text()).render(variables)


def _yaml(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROLE / name).read_text())
    return content


def write_certificate(folder: Path, days: float) -> None:
    """Write a certificate that expires in so many days, or has expired, and is valid from a month before that."""
    now = datetime.datetime.now(datetime.timezone.utc)
    end = now + datetime.timedelta(days=days)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(min(now, end) - datetime.timedelta(days=30))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@dataclass
class FaultStack:
    """The stack, and its faults: every fault is a context manager that breaks something and repairs it at the end."""

    folder: Path

    # -- start, stop, state -------------------------------------------------------------------------------------

    def compose(self, *words: str, check: bool = True, **options: Any) -> str:
        """Run docker compose on the project."""
        return run("docker", "compose", "-p", PROJECT, *words, check=check, cwd=self.folder, **options).stdout

    def up(self) -> None:
        """Start the stack and wait until all services are healthy."""
        for name in ("gateway", "initdb"):
            (self.folder / name).mkdir()
        shutil.copy(ROLE / "files" / "databases.sql", self.folder / "initdb")
        (self.folder / "gateway" / "nginx.conf").write_text(gateway_configuration())
        write_certificate(self.folder / "gateway" / "tls", 90)
        (self.folder / "docker-compose.yml").write_text(json.dumps(compose_file()))
        (self.folder / ".env").write_text(f"POSTGRES_PASSWORD={PASSWORD}\n")
        (self.folder / ".env").chmod(0o600)
        self.compose("up", "--detach", "--wait")

    def down(self) -> None:
        """Remove the stack with its volumes."""
        run("docker", "compose", "-p", PROJECT, "down", "--volumes", "--timeout", "0", check=False)

    def name(self, service: str) -> str:
        """The container of a service."""
        return f"{PROJECT}-{service}-1"

    def docker(self, *words: str, check: bool = True) -> str:
        """Run docker."""
        return run("docker", *words, check=check).stdout.strip()

    def state(self, service: str) -> dict[str, Any]:
        """The state of a service's container, as the daemon reports it."""
        state: dict[str, Any] = json.loads(self.docker("inspect", "-f", "{{json .State}}", self.name(service)))
        return state

    def health(self, *services: str) -> set[str]:
        """The health states of some services."""
        names = [self.name(service) for service in services]
        return set(self.docker("inspect", "-f", "{{.State.Health.Status}}", *names).splitlines())

    def wait_health(self, wanted: str, *services: str, seconds: float = 60) -> None:
        """Wait until services are healthy, or unhealthy."""
        wait_until(lambda: self.health(*services) == {wanted}, seconds, f"{', '.join(services)} {wanted}")

    def wait_healthy(self) -> None:
        """Wait until all services are healthy again."""
        self.wait_health("healthy", "postgres", "redis", "openproject", "gitea", "nginx")

    def volume(self, name: str) -> Path:
        """The folder of a volume on this host."""
        return Path(VOLUMES) / f"{PROJECT}_{name}" / "_data"

    def connect(self, number: int = 1) -> list[Any]:
        """Sessions in the database, as a superuser."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        address = self.docker("inspect", "-f", form, self.name("postgres"))
        login = {"host": address, "user": "maxops", "password": PASSWORD, "dbname": "openproject"}
        return [psycopg2.connect(**login) for _number in range(number)]

    def redis(self, *words: str, data: str | None = None) -> str:
        """Run redis-cli in the container, which has its password in its environment."""
        return run("docker", "exec", "-i", self.name("redis"), "redis-cli", *words, input=data).stdout

    # -- faults of any service ------------------------------------------------------------------------------------

    @contextmanager
    def stopped(self, service: str) -> Iterator[None]:
        """The service was stopped."""
        self.docker("stop", "--time", "1", self.name(service))
        yield
        self.docker("start", self.name(service))

    @contextmanager
    def paused(self, service: str) -> Iterator[None]:
        """The processes of the service are frozen."""
        self.docker("pause", self.name(service))
        yield
        self.docker("unpause", self.name(service))

    @contextmanager
    def restarting(self, service: str) -> Iterator[None]:
        """The service ends soon after every start."""
        self.docker("exec", self.name(service), "lab-control", "refuse-start=1")
        self.docker("restart", "--time", "1", self.name(service))
        wait_until(lambda: self._restarts(service) > 0, 30, f"{service} is started again and again")
        yield
        self.docker("stop", "--time", "1", self.name(service))
        (self.folder / "state.json").write_text("{}")
        self.docker("cp", str(self.folder / "state.json"), f"{self.name(service)}:/tmp/lab-control/state.json")
        self.docker("start", self.name(service))

    def _restarts(self, service: str) -> int:
        return int(self.docker("inspect", "-f", "{{.RestartCount}}", self.name(service)))

    @contextmanager
    def unhealthy(self, service: str) -> Iterator[None]:
        """The service is running and reports itself unhealthy."""
        self.docker("exec", self.name(service), "lab-control", "unhealthy=1")
        self.wait_health("unhealthy", service)
        yield
        self.docker("exec", self.name(service), "lab-control", "reset")

    @contextmanager
    def hanging(self, service: str) -> Iterator[None]:
        """The service accepts connections and does not answer in time."""
        # Longer than the time limits of all checks, and short enough not to disturb the next test.
        self.docker("exec", self.name(service), "lab-control", "slow=5")
        self.wait_health("unhealthy", service)
        yield
        self.docker("exec", self.name(service), "lab-control", "reset")

    @contextmanager
    def out_of_memory(self, service: str) -> Iterator[None]:
        """The memory limit of the service is too low for its start."""
        name = self.name(service)
        self.docker("stop", "--time", "1", name)
        self.docker("update", "--memory", "12m", "--memory-swap", "12m", name)
        self.docker("start", name, check=False)
        wait_until(lambda: self._killed(service), 20, f"{service} is killed for its memory")
        yield
        self.docker("stop", "--time", "1", name, check=False)
        self.docker("update", "--memory", "1g", "--memory-swap", "1g", name)
        self.docker("start", name)

    def _killed(self, service: str) -> bool:
        return bool(self.state(service)["OOMKilled"])

    @contextmanager
    def without_permissions(self, service: str, volume: str) -> Iterator[None]:
        """The owner and the mode of a volume were changed, and the service was restarted."""
        folder = self.volume(volume)
        before = folder.stat()
        self.docker("stop", "--time", "1", self.name(service))
        shutil.chown(folder, 0 if service == "redis" else before.st_uid, 0)
        folder.chmod(0o700 if service == "redis" else 0)
        self.docker("start", self.name(service))
        wait_until(lambda: self.state(service)["Status"] == "restarting", 20, f"{service} does not start")
        yield
        self.docker("stop", "--time", "1", self.name(service), check=False)
        shutil.chown(folder, before.st_uid, before.st_gid)
        folder.chmod(before.st_mode & 0o7777)
        self.docker("start", self.name(service))

    # -- the database and the cache ---------------------------------------------------------------------------------

    @contextmanager
    def wrong_password(self) -> Iterator[None]:
        """The server's password differs from that of the applications, which lose their sessions."""
        self._sql("ALTER ROLE maxops PASSWORD 'another-one'")
        self._sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        yield
        self._sql(f"ALTER ROLE maxops PASSWORD '{PASSWORD}'")

    @contextmanager
    def wrong_password_of(self, service: str) -> Iterator[None]:
        """One application was created with a wrong password, which .env had for a moment."""
        (self.folder / ".env").write_text("POSTGRES_PASSWORD=another-one\n")
        self.compose("up", "--detach", "--no-deps", service)
        (self.folder / ".env").write_text(f"POSTGRES_PASSWORD={PASSWORD}\n")
        yield
        self.compose("up", "--detach", "--no-deps", service)

    def _sql(self, statement: str) -> None:
        psql = ["psql", "-U", "maxops", "-d", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement]
        self.docker("exec", self.name("postgres"), *psql)

    @contextmanager
    def connections(self, ratio: float = 0.95) -> Iterator[None]:
        """A large share of the server's connections is used."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        [first] = self.connect()
        first.autocommit = True
        with closing(first), first.cursor() as cursor:
            cursor.execute(query)
            opened = self.connect(math.ceil(ratio * MAX_CONNECTIONS) - cursor.fetchone()[0])
            yield
        for connection in opened:
            connection.close()

    @contextmanager
    def idle_transaction(self) -> Iterator[None]:
        """An idle session holds a lock, and another session waits for it."""
        [idle] = self.connect()
        try:
            with idle.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS held (id int)")
                idle.commit()
                cursor.execute("LOCK TABLE held")
            psql = ["psql", "-U", "maxops", "-d", "openproject", "-c", "TABLE held"]
            argv = ["docker", "exec", self.name("postgres"), *psql]
            waiter = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1.2)
            yield
        finally:
            idle.close()
            waiter.wait(timeout=20)

    @contextmanager
    def cache_full(self) -> Iterator[None]:
        """Redis is at its memory limit and must not evict anything."""
        self.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
        self.redis("CONFIG", "SET", "maxmemory", "3mb")
        self.redis(data="".join(f"SET key{number} {'x' * 1000}\n" for number in range(4000)))
        yield
        self.redis("CONFIG", "SET", "maxmemory", "0")
        self.redis("FLUSHALL")

    @contextmanager
    def wrong_cache_password(self) -> Iterator[None]:
        """Redis' password differs from that of the applications."""
        self.redis("CONFIG", "SET", "requirepass", "another-one")
        yield
        run(
            "docker",
            "exec",
            "-e",
            "REDISCLI_AUTH=another-one",
            self.name("redis"),
            "redis-cli",
            "CONFIG",
            "SET",
            "requirepass",
            PASSWORD,
        )

    # -- disk, network, ports, certificate ----------------------------------------------------------------------------

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """The small volume of OpenProject's files is full."""
        ballast = self.volume("openproject-assets") / "ballast"
        with suppress(OSError), open(ballast, "wb", buffering=0) as stream:
            while True:
                stream.write(b"x" * 65536)
        yield
        ballast.unlink()

    @contextmanager
    def name_missing(self) -> Iterator[None]:
        """The database was connected to its network by hand, without the name that the other services use."""
        network, name = f"{PROJECT}_default", self.name("postgres")
        self.docker("network", "disconnect", network, name)
        self.docker("network", "connect", network, name)
        # It keeps its address, so existing sessions continue until they have to reconnect.
        self._sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        yield
        self.docker("network", "disconnect", network, name)
        self.docker("network", "connect", "--alias", "postgres", network, name)

    @contextmanager
    def port_taken(self) -> Iterator[None]:
        """Another process uses the gateway's port since the gateway was stopped."""
        self.docker("stop", "--time", "1", self.name("nginx"))
        script = (
            "import socket, time; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);"
            f"s.bind(('127.0.0.1', {PORT})); s.listen(); print('has it', flush=True); time.sleep(600)"
        )
        taker = subprocess.Popen([sys.executable, "-c", script, "--password=not-to-be-shown"], stdout=subprocess.PIPE)
        try:
            taker.stdout.readline()  # type: ignore[union-attr]
            self.docker("start", self.name("nginx"), check=False)
            yield
        finally:
            taker.kill()
            taker.communicate()
        self.docker("start", self.name("nginx"))

    @contextmanager
    def certificate(self, days: float) -> Iterator[None]:
        """The gateway presents a certificate that expires in so many days, or has expired."""
        self._install_certificate(days)
        yield
        self._install_certificate(90)

    def _install_certificate(self, days: float) -> None:
        write_certificate(self.folder / "gateway" / "tls", days)
        pem = (self.folder / "gateway" / "tls" / "certificate.pem").read_text()
        self.docker("exec", self.name("nginx"), "nginx", "-c", "/etc/nginx/maxops/nginx.conf", "-s", "reload")
        wait_until(lambda: _presented() == pem.strip(), 10, "the gateway presents the new certificate")


def _presented() -> str:
    with suppress(OSError):
        return ssl.get_server_certificate(("127.0.0.1", PORT)).strip()
    return ""


def dead_socket(folder: Path) -> str:
    """A Docker socket without a listening process, as a killed daemon leaves it behind."""
    path = folder / "docker.sock"
    with socket.socket(socket.AF_UNIX) as unused:
        unused.bind(str(path))
    return f"unix://{path}"
