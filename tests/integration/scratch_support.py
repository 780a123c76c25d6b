# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack whose databases, cache and leftovers the tests of optimize, cache and cleanup may change."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.maxops.ops.tests.integration.support import MiniStack, run, wait_until

LABEL = "maxops-test=scratch"
"""Label of everything that these tests create in Docker; the module cleans up nothing else."""


class ScratchStack(MiniStack):
    """A small stack whose PostgreSQL counts statements."""

    def up(self) -> None:
        """Start it, with an image in its Compose file that no container uses."""
        super().up()
        path = self.folder / "docker-compose.yml"
        unused = "  unused:\n    image: maxlitter/named:1\n    profiles: [never]\n"
        path.write_text(path.read_text().replace("\nservices:\n", f"\nservices:\n{unused}"))
        self.sql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        self.sql("CREATE DATABASE gitea")
        self.compose("restart", "--timeout", "5", "postgres")
        wait_until(self._answers, 30, "PostgreSQL answers after its restart")

    def _answers(self) -> bool:
        return self.sql("SELECT 1", check=False) == "1"

    @contextmanager
    def session(self, script: str, database: str = "openproject") -> Iterator[None]:
        """Run statements in another session, which stays open for the block."""
        where = ["exec", "-T", "--env", f"PGDATABASE={database}", "--env", "PGAPPNAME=somebody", "postgres"]
        argv = ["docker", "compose", "-p", self.project, *where, "psql", "-U", "maxops", "-qAt"]
        with subprocess.Popen(
            argv, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("psql has no standard input or output")
            process.stdin.write(f"{script};\n\\echo ready\n")
            process.stdin.flush()
            while process.stdout.readline().strip() != "ready":
                time.sleep(0.01)
            yield
            process.stdin.close()

    def redis(self, *words: str, database: int = 0) -> str:
        """Run a Redis command."""
        return self.compose(
            "exec", "-T", "--env", "REDISCLI_AUTH=secret", "redis", "redis-cli", "-n", str(database), *words
        )


def remove_all() -> None:
    """Remove everything that a cleanup test created, also after a failure."""
    chosen = f"label={LABEL}"
    for container in run("docker", "ps", "--all", "--quiet", "--filter", chosen).stdout.split():
        run("docker", "rm", "--force", "--volumes", container)
    for network in run("docker", "network", "ls", "--quiet", "--filter", chosen).stdout.split():
        run("docker", "network", "rm", network, check=False)
    names = ["images", "--all", "--filter", chosen, "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]
    for _attempt in range(2):
        for line in run("docker", *names).stdout.splitlines():
            name, number = line.split()
            run("docker", "rmi", number if "<none>" in name else name, check=False)
