"""Guarantees for an operator after deploy, backup, rehearsal and restore."""

import hashlib
import json

import pytest

STACK = "/var/lib/maxops-lab/molecule/stack"
REPOSITORY = "/var/lib/maxops-lab/molecule/backups"
PROJECT = "maxmolecule"
GATEWAY = "http://127.0.0.1:9190"
EXPORTER = "http://127.0.0.1:9193"
SERVICES = {"postgres", "redis", "openproject", "gitea", "nginx", "backup", "postgres_exporter"}


def containers(host, template, *filters):
    arguments = " ".join(f"--filter {value}" for value in filters)
    return host.check_output(f"docker ps --all {arguments} --format '{template}'").splitlines()


@pytest.fixture(scope="module")
def backup_set(host):
    names = host.check_output("find %s -mindepth 1 -maxdepth 1 -type d -printf '%%f\n'", f"{REPOSITORY}/sets").split()
    assert len(names) == 1, "converge makes one set; the idempotence run makes none"
    return f"{REPOSITORY}/sets/{names[0]}"


@pytest.fixture(scope="module")
def manifest(host, backup_set):
    return json.loads(host.check_output("cat %s", f"{backup_set}/manifest.json"))


def files_in(host, folder):
    paths = host.check_output("find %s -type f -printf '%%P\\n'", folder).splitlines()
    return {path for path in paths if path != "manifest.json"}


@pytest.mark.parametrize("path", ["/health", "/health/openproject", "/health/gitea"])
def test_gateway_reports_that_all_services_are_healthy(host, path):
    assert host.check_output("curl -sS -o /dev/null -w %%{http_code} %s", GATEWAY + path) == "200"


def test_all_services_are_running(host):
    running = containers(host, '{{.Label "com.docker.compose.service"}}', f"label=com.docker.compose.project={PROJECT}")
    assert sorted(running) == sorted(SERVICES)


def test_prometheus_can_read_the_metrics_of_the_database(host):
    metrics = host.check_output("curl -sS %s", f"{EXPORTER}/metrics").splitlines()
    assert "pg_up 1" in metrics
    assert any(line.startswith("pg_stat_database_numbackends{") and '"gitea"' in line for line in metrics)
    bound = containers(host, "{{.Ports}}", f"label=com.docker.compose.project={PROJECT}", "name=postgres_exporter")
    assert bound == ["127.0.0.1:9193->9187/tcp"]


def test_only_root_can_read_the_passwords(host):
    environment = host.file(f"{STACK}/.env")
    assert (environment.user, environment.mode) == ("root", 0o600)


def test_set_contains_exactly_the_files_of_its_manifest(host, backup_set, manifest):
    assert {entry["path"] for entry in manifest["files"]} == files_in(host, backup_set)
    expected_files = {entry["path"]: (entry["size"], entry["sha256"]) for entry in manifest["files"]}
    for name, expected in expected_files.items():
        content = host.run("sha256sum < %s && stat -c %%s %s", f"{backup_set}/{name}", f"{backup_set}/{name}")
        digest, _dash, size = content.stdout.split()
        assert (int(size), digest) == expected, name


def test_manifest_has_not_been_changed(manifest):
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert hashlib.sha256(text.encode()).hexdigest() == manifest["sha256"]


def test_set_contains_the_complete_stack(host, backup_set):
    names = files_in(host, backup_set)
    for expected in (
        "databases/openproject/toc.dat",
        "databases/gitea/toc.dat",
        "globals.sql",
        "config/.env",
        "config/docker-compose.yml",
    ):
        assert expected in names
    for volume in ("openproject-assets", "gitea-data"):
        assert any(name.startswith(f"volumes/{volume}.tar") for name in names)
    assert not any("postgres-data" in name or "redis-data" in name for name in names)


def test_pg_restore_of_the_server_lists_the_dump(host, backup_set):
    image = host.check_output(f"docker inspect --format '{{{{.Image}}}}' {PROJECT}-postgres-1")
    contents = host.check_output(
        "docker run --rm --network none -v %s:/set:ro --entrypoint pg_restore %s --list /set/databases/gitea",
        backup_set,
        image,
    )
    assert "TABLE DATA public repository" in contents


def test_only_root_can_read_the_sets(host, backup_set):
    assert host.file(REPOSITORY).mode == 0o700
    assert host.file(f"{backup_set}/config/.env").mode == 0o600


def test_nothing_is_left_behind(host):
    assert containers(host, "{{.Names}}", f"label=ops.maxops.helper={REPOSITORY}") == []
    assert host.check_output("ls -A %s", f"{REPOSITORY}/staging") == ""
    assert containers(host, "{{.Names}}", "status=paused", f"label=com.docker.compose.project={PROJECT}") == []


def test_rehearsal_is_recorded_beside_the_set(host, backup_set):
    verdict = json.loads(host.check_output("cat %s", f"{backup_set}.verified.json"))
    assert (verdict["passed"], verdict["level"]) == (True, "rehearse")


def test_restore_keeps_what_it_replaced(host):
    databases = host.check_output(
        f"docker exec {PROJECT}-postgres-1 psql -U maxops -Atc 'SELECT datname FROM pg_database'"
    )
    assert sum("__maxops_previous_" in name for name in databases.splitlines()) == 2
    volume = f"/var/lib/docker/volumes/{PROJECT}_gitea-data"
    assert host.check_output("find %s -maxdepth 1 -name '_data.maxops-previous-*' | wc -l", volume) == "1"
