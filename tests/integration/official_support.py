# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stacks of OpenProject's and of Gitea's own Compose files, as who follows their pages has them."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from ansible_collections.maxops.ops.tests.integration.official_files import (
    GITEA,
    GITEA_DATABASE,
    GITEA_SERVER,
    HOCUSPOCUS,
    IMAGES,
    OPENPROJECT,
    PROXY,
    REDIRECT,
    REGISTRY,
)
from ansible_collections.maxops.ops.tests.integration.support import MiniStack, Module, run, wait_until

PREFIX = os.environ.get("MAXOPS_LAB_IMAGE_PREFIX", "maxops-lab")
STATE = Path("/var/lib/maxops")
ADMIN = "gitadmin"
ADMIN_PASSWORD = "Adm1n!pass-word"

GIT = "git -c user.name=t -c user.email=t@example.test"
REPOSITORY = f"/data/git/repositories/{ADMIN}/tool.git"
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@dataclass
class OfficialStack(MiniStack):
    """What both have in common."""

    port: int = 0
    user: str = "postgres"
    server: str = "db"
    folders: tuple[str, ...] = field(default=(), init=False)
    """Folders of the host below the project's that hold all data."""

    def write_files(self) -> None:
        """Write the Compose file and what it reads."""
        raise NotImplementedError

    def up(self) -> None:
        """Write the project, start it as its page says, and wait until people can use it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_files()
        tag_images()
        self.start()

    def start(self) -> None:
        """``docker compose up -d``, and wait."""
        self.compose("up", "--detach", "--no-build", "--quiet-pull")
        wait_until(self.answers, 90, f"{self.project} answers")

    def answers(self) -> bool:
        """Whether people can use it."""
        raise NotImplementedError

    def down(self) -> None:
        """Remove it with all data, what restores kept about it, and its images' names."""
        self.destroy()
        shutil.rmtree(STATE / self.project, ignore_errors=True)

    def destroy(self) -> None:
        """As after the loss of a disk: no container, no volume, no folder of data."""
        self.compose("down", "--volumes", "--timeout", "0", check=False, **self._where())
        for name in self.folders:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _where(self) -> dict[str, Any]:
        # Compose needs no file to remove a project of that name.
        return {} if (self.folder / "docker-compose.yml").exists() else {"cwd": "/"}

    def compose(self, *words: str, check: bool = True, **options: Any) -> str:
        """Run docker compose on the project."""
        options.setdefault("cwd", self.folder)
        return run("docker", "compose", "-p", self.project, *words, check=check, **options).stdout

    def sql(self, statement: str, database: str = "", check: bool = True) -> str:
        """Run SQL as the superuser; gives unaligned rows."""
        psql = ["psql", "-U", self.user, "-d", database or self.database, "-v", "ON_ERROR_STOP=1", "-qAt", "-f", "-"]
        return self.compose("exec", "-T", self.server, *psql, input=statement, check=check).strip()

    @property
    def database(self) -> str:
        """The application's database."""
        raise NotImplementedError

    def inside(self, service: str, script: str, user: str = "root") -> str:
        """Run a shell script in a service's container."""
        return self.compose("exec", "-T", "--user", user, service, "bash", "-euc", script)

    def container(self, service: str) -> str:
        """Name of a service's container."""
        return self.compose("ps", "--all", "--format", "{{.Name}}", service).strip()

    def address(self, service: str) -> str:
        """One of the addresses of a service, which this host reaches."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        return run("docker", "inspect", "--format", form, self.container(service)).stdout.split()[0]

    def module(self, name: str, repository: str | Path, folder: Path, **options: Any) -> Module:
        """A module of the checkout on this stack."""
        return Module(name, {"project_name": self.project, "repository": str(repository), **options}, folder)

    def states(self) -> dict[str, str]:
        """State of each service's container, with the exit code of one that ended: "exited 0"."""
        lines = self.compose("ps", "--all", "--format", "{{.Service}} {{.State}} {{.ExitCode}}").splitlines()
        found = [line.split() for line in lines]
        return {service: f"exited {code}" if state == "exited" else state for service, state, code in found}


def tag_images() -> None:
    """Give the lab's images the names of the real ones."""
    for name, lab in IMAGES.items():
        run("docker", "tag", f"{PREFIX}/{lab}", f"{REGISTRY}/{name}")


def untag_images() -> None:
    """Remove those names, unless another stack uses them; the images stay."""
    if f"{REGISTRY}/" in run("docker", "ps", "--all", "--format", "{{.Image}}").stdout:
        return
    run("docker", "image", "rm", *(f"{REGISTRY}/{name}" for name in IMAGES), check=False)


@dataclass
class OfficialOpenProject(OfficialStack):
    """OpenProject's official Compose project with its .env file: the data is in two folders of the host.

    ``named_volumes``: without PGDATA and OPDATA in the .env file, so in the volumes pgdata and opdata. ``hocuspocus``:
    with the additional service of OpenProject 17. ``redirects``: the published port only redirects.
    """

    tag: str = "15-slim"
    named_volumes: bool = False
    hocuspocus: bool = False
    redirects: bool = False
    start_seconds: float = 1

    def __post_init__(self) -> None:
        if not self.named_volumes:
            self.folders = ("pgdata", "opdata")

    @property
    def database(self) -> str:
        """The application's database."""
        return "openproject"

    def write_files(self) -> None:
        """As after ``cp .env.example .env``."""
        (self.folder / "proxy").mkdir(exist_ok=True)
        (self.folder / "proxy" / "default.conf").write_text(REDIRECT if self.redirects else PROXY)
        (self.folder / "proxy" / "Dockerfile").write_text("FROM caddy:2\nCOPY ./Caddyfile.template /etc/caddy/\n")
        (self.folder / "docker-compose.yml").write_text(OPENPROJECT + (HOCUSPOCUS if self.hocuspocus else ""))
        lines = {
            "TAG": self.tag,
            "OPENPROJECT_HTTPS": "false",
            "OPENPROJECT_HOST__NAME": f"localhost:{self.port}",
            "OPENPROJECT_HSTS": "true",
            "PORT": f"127.0.0.1:{self.port}",
            "OPENPROJECT_RAILS__RELATIVE__URL__ROOT": "",
            "IMAP_ENABLED": "false",
            "DATABASE_URL": "postgres://postgres:p4ssw0rd@db/openproject?pool=20&encoding=unicode&reconnect=true",
            "RAILS_MIN_THREADS": "4",
            "RAILS_MAX_THREADS": "16",
            "PGDATA": f'"{self.folder}/pgdata"',
            "POSTGRES_PASSWORD": "p4ssw0rd",
            "OPDATA": f'"{self.folder}/opdata"',
            "LAB_START_SECONDS": str(self.start_seconds),
            "SEED_PASSWORD": ADMIN_PASSWORD,
            "HEALTH_INTERVAL": "1s",
        }
        if self.named_volumes:
            del lines["PGDATA"], lines["OPDATA"]
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

    def answers(self) -> bool:
        """Whether web is healthy, and all others run or have ended well."""
        states = self.states()
        health = run("docker", "inspect", "--format", "{{.State.Health.Status}}", self.container("web"), check=False)
        ended = states.pop("seeder", "") == "exited 0"
        return ended and set(states.values()) == {"running"} and health.stdout.strip() == "healthy"

    @property
    def assets(self) -> Path:
        """The application's files on this host."""
        if self.named_volumes:
            return Path("/var/lib/docker/volumes") / f"{self.project}_opdata" / "_data"
        return self.folder / "opdata"

    def page(self, path: str = "/", host: str = "") -> requests.Response:
        """A page as a visitor gets it."""
        address = f"http://127.0.0.1:{self.port}{path}"
        headers = {"Host": host or f"localhost:{self.port}"}
        return requests.get(address, headers=headers, timeout=20, allow_redirects=False)

    def fill(self, rows: int = 200, files: int = 12) -> None:
        """Projects, and attachments with their files; one was deleted, whose folder stays."""
        self.sql(
            "INSERT INTO projects (name, identifier)"
            f" SELECT 'Project ' || g, 'p' || g FROM generate_series(1, {rows}) g;"
            "INSERT INTO attachments (container_type, container_id, filename, file, filesize, content_type, digest,"
            f" author_id) SELECT 'WorkPackage', 1, 'plan ' || g || '.txt', 'plan ' || g || '.txt', 6, 'text/plain',"
            f" md5('file' || lpad(g::text, 2, '0')), 1 FROM generate_series(1, {files}) g"
        )
        numbers = self.sql("SELECT id || ' ' || file FROM attachments ORDER BY id").splitlines()
        for line in numbers:
            number, name = line.split(" ", 1)
            folder = self.assets / "files/attachment/file" / number
            folder.mkdir(parents=True, exist_ok=True)
            text = "file" + name.removeprefix("plan ").removesuffix(".txt").rjust(2, "0")
            (folder / name).write_text(text)
        (self.assets / "files/attachment/file" / "99999").mkdir()
        run("chown", "--recursive", "1000:1000", str(self.assets / "files"))

    def digest(self) -> dict[str, Any]:
        """All rows, and all files with owners and modes."""
        return {"rows": rows_of(self), "files": files_of(self.assets)}

    def memcached(self, *commands: str) -> str:
        """Send commands to memcached; returns all lines."""
        with socket.create_connection((self.address("cache"), 11211), timeout=10) as connection:
            connection.sendall("".join(f"{command}\r\n" for command in [*commands, "quit"]).encode())
            with connection.makefile() as stream:
                return stream.read()


@dataclass
class OfficialGitea(OfficialStack):
    """Gitea's first official Compose file: one service with SQLite, configured by the installation page.

    ``with_server``: the file with PostgreSQL, whose superuser is called gitea.
    """

    user: str = "gitea"
    with_server: bool = False
    ssh_port: int = 0
    token: str = ""

    def __post_init__(self) -> None:
        self.folders = ("gitea", "postgres") if self.with_server else ("gitea",)

    @property
    def database(self) -> str:
        """The application's database."""
        return "gitea"

    def write_files(self) -> None:
        """As on Gitea's page "Installation with Docker"."""
        text = GITEA.format(
            project=self.project,
            port=f"127.0.0.1:{self.port}",
            ssh_port=f"127.0.0.1:{self.ssh_port}",
            database=GITEA_DATABASE if self.with_server else "",
        )
        (self.folder / "docker-compose.yml").write_text(text + (GITEA_SERVER if self.with_server else ""))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Whether it is healthy."""
        try:
            return requests.get(f"{self.url}/api/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    @property
    def data(self) -> Path:
        """All its data on this host."""
        return self.folder / "gitea"

    def fill(self) -> None:
        """An administrator, some accounts with a key, a repository with commits, an attachment."""
        gitea = "gitea --config /data/gitea/conf/app.ini admin user"
        create = f"{gitea} create --admin --username {ADMIN} --password '{ADMIN_PASSWORD}' --email a@example.test"
        token = f"{gitea} generate-access-token --username {ADMIN} --scopes all --raw"
        self.token = self.inside("server", f"{create} && {token}", "git").split()[-1]
        for number in range(1, 6):
            self.api("/admin/users", username=f"user{number}", email=f"u{number}@example.test", password=ADMIN_PASSWORD)
        self.api("/admin/users/user1/keys", title="laptop", key=f"ssh-rsa {KEY}")
        self.inside("server", f"mkdir -p {REPOSITORY} && git init -q --bare -b main {REPOSITORY}", "git")
        for message in ("first", "second"):
            self.commit(message)
        folder = f"/data/gitea/attachments/{UUID[0]}/{UUID[1]}"
        self.inside("server", f"mkdir -p {folder} && printf abc > {folder}/{UUID}", "git")
        self.execute(
            "INSERT INTO repository (owner_id, owner_name, lower_name, name, default_branch)"
            f" SELECT id, name, 'tool', 'tool', 'main' FROM \"user\" WHERE name = '{ADMIN}'"
        )
        # As Gitea does when it makes a repository; a restore does it again.
        self.inside("server", "gitea --config /data/gitea/conf/app.ini admin regenerate hooks", "git")
        self.execute(f"INSERT INTO attachment (uuid, name, size, created_unix) VALUES ('{UUID}', 'a.txt', 3, 0)")

    def execute(self, statement: str) -> None:
        """Run SQL that changes something, as Gitea itself would."""
        if self.with_server:
            self.sql(statement)
            return
        code = "import sqlite3, sys; c = sqlite3.connect('/data/gitea/gitea.db'); c.execute(sys.argv[1]); c.commit()"
        self.compose("exec", "-T", "--user", "git", "server", "python3", "-c", code, statement)

    def commit(self, message: str) -> None:
        """Add a commit to the repository, as a push does."""
        tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        self.inside(
            "server",
            f"cd {REPOSITORY}; git hash-object -w -t tree /dev/null >/dev/null; "
            "parent=$(git rev-parse -q --verify main || true); "
            f"new=$({GIT} commit-tree {tree} ${{parent:+-p $parent}} -m {message}); "
            "git update-ref refs/heads/main $new",
            "git",
        )

    def refs(self) -> str:
        """The references of the repository."""
        return self.inside("server", f"git -C {REPOSITORY} for-each-ref && git -C {REPOSITORY} fsck", "git")

    def api(self, path: str, **body: Any) -> dict[str, Any]:
        """A request of the administrator that makes something."""
        headers = {"Authorization": f"token {self.token}"}
        answer = requests.post(f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=20)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def digest(self) -> dict[str, Any]:
        """All rows, all files with owners and modes, and the references."""
        ignored = ("gitea/indexers", "gitea/gitea.db", "gitea/sessions", "gitea/conf")
        rows = rows_of(self) if self.with_server else rows_of_sqlite(self.data / "gitea/gitea.db")
        return {"rows": rows, "files": files_of(self.data, ignored), "refs": self.refs()}


KEY = "AAAAB3NzaC1yc2EAAAADAQABAAAAgQ" + "C7" * 60 + "=="


def rows_of(stack: OfficialStack) -> dict[str, str]:
    """A digest of the rows of each table."""
    tables = stack.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").split()
    digest = "coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '')"
    form = f"SELECT '{{0}} ' || count(*) || ' ' || {digest} FROM \"{{0}}\" t"
    lines = stack.sql(";".join(form.format(table) for table in tables)).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def rows_of_sqlite(file: Path) -> dict[str, str]:
    """The same for a file of SQLite, which has to be intact."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {table: sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"'))) for table in tables}
    return {table: f"{len(found)} {hashlib.md5(repr(found).encode()).hexdigest()}" for table, found in rows.items()}


def files_of(folder: Path, ignored: tuple[str, ...] = ()) -> dict[str, str]:
    """Each file and folder below one with its owner, its mode and its content."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        name = str(path.relative_to(folder))
        if any(name == prefix or name.startswith((f"{prefix}/", f"{prefix}-")) for prefix in ignored):
            continue
        stat = path.lstat()
        content = hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[name] = f"{stat.st_uid}:{stat.st_gid} {stat.st_mode:o} {content}"
    return found
