# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines that name a cause, and the command for each."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import KINDS
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.log_signs import (
    HOST_NAME,
    LOG_SIGNS,
    refused_host,
    remedy,
    sign_in,
)
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection, view_of
from ansible_collections.maxops.ops.tests.unit.stacks import CONFIG_FILES, WORKING_DIR

LABELS = {WORKING_DIR: "/opt/shop", CONFIG_FILES: "/opt/shop/compose.yml"}
COMPOSE = "docker compose --project-name shop --project-directory /opt/shop --file /opt/shop/compose.yml"
NEWER = (
    "2026/11/30 13:26:49 ...ations/migrations.go:612:Migrate() [F] Migration Failed: Your database (migration version: "
    "299) is for a newer Gitea, you can not use the newer database for this old Gitea release (280)."
)
INSECURE = """======= INSECURE SECRET_KEY_BASE DETECTED =======
SECRET_KEY_BASE is set to a well-known default value ("OVERWRITE_ME").
Generate a strong, random value (for example via `openssl rand -hex 64`)
================================================="""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("FATAL:  could not write to file: No space left on device", "disk_full"),
        ("*** FATAL CONFIG FILE ERROR *** Can't chdir to '/data': Permission denied", "volume_permissions"),
        ('FATAL:  password authentication failed for user "maxops"', "database_password"),
        ("FATAL:  database files are incompatible with server", "database_version"),
        ("dial tcp: lookup postgres on 127.0.0.11:53: no such host", "dns_name_missing"),
        ("FATAL:  sorry, too many clients already", "database_connections"),
        ("listen tcp4 127.0.0.1:9220: bind: address already in use", "port_taken"),
        ("(error) OOM command not allowed when used memory > 'maxmemory'.", "cache_memory"),
        (NEWER, "database_newer"),
        (
            "Your database (migration version: 40) is for a newer version of Forgejo, you cannot use it",
            "database_newer",
        ),
        ("ActiveRecord::PendingMigrationError: ", "migrations_pending"),
        ("Migrations are pending. To resolve this issue, run: bin/rails db:migrate", "migrations_pending"),
        ("You have 3 pending migrations:", "migrations_pending"),
        ("Missing `secret_key_base` for 'production' environment", "secret_key_missing"),
        (INSECURE.splitlines()[0], "secret_key_missing"),
        ("Invalid host_name configuration", "host_name_refused"),
        ("[HostAuthorization::DefaultResponseApp] Blocked hosts: shop.example.org", "host_name_refused"),
        ("ERROR:  permission denied for table users", None),
        ("ArgumentError: `secret_key_base` for production environment must be a type of String`", "secret_key_missing"),
        ('KeyError: key not found: "SECRET_KEY_BASE"', "secret_key_missing"),
        ("SECRET_KEY_BASE environment variable is not set", "secret_key_missing"),
        ("Please set SECRET_KEY_BASE", "secret_key_missing"),
        ("There are no pending migrations.", None),
        ("0 pending migrations", None),
        ("10 pending migrations", "migrations_pending"),
        ("DEPRECATION WARNING: config/secrets.yml is deprecated, move secret_key_base to the credentials", None),
        ('Started POST "/work_packages?subject=migrations+are+pending" for 10.0.0.7', None),
        ('  Parameters: {"subject"=>"Migrations are pending", "project"=>"7"}', None),
        ('10.0.0.7 - - "GET /search?q=no%20space HTTP/1.1" 200 "no space left on device"', None),
        ('method=GET path=/search format=html status=200 params={"q"=>"permission denied"}', None),
        ("router: completed GET /org/repo/issues?q=pending migrations for 10.0.0.7, 200 OK", None),
        ("ERROR STATEMENT:  INSERT INTO issue VALUES ('no space left on device')", None),
        ("Started in 2.4 seconds", None),
        ("the migration has ended", None),
    ],
)
def test_log_line_points_to_a_cause(line: str, kind: str | None) -> None:
    found = sign_in(["before", line, "after"])
    assert (found[0] if found else None) == kind


def test_log_of_a_server_says_what_is_wrong_with_itself_and_not_with_its_clients() -> None:
    clients = [
        'FATAL:  password authentication failed for user "scanner"',
        'FATAL:  database "nothing" does not exist',
        "FATAL:  sorry, too many clients already",
    ]
    assert sign_in(clients, of_server=True) is None
    assert sign_in(["FATAL:  No space left on device", *clients], of_server=True) == (
        "disk_full",
        "FATAL:  No space left on device",
    )


def test_refused_host_name_comes_after_what_can_end_a_service() -> None:
    refused = "Blocked hosts: scan.example.org"
    full = "PG::DiskFull: ERROR:  could not extend file: No space left on device"
    assert sign_in([full, refused]) == ("disk_full", full)
    assert sign_in([refused, *["trace"] * 100]) == ("host_name_refused", refused)


def test_command_for_the_database_names_its_superuser() -> None:
    web = inspection("web", labels=LABELS)
    database = inspection("db", image="postgres:17", environment={"POSTGRES_USER": "forge"})
    assert "docker exec -it shop-db-1 psql -U forge -d postgres" in remedy(
        view_of(web, database), web, "database_missing"
    )
    plain = inspection("db", image="postgres:17")
    assert "docker exec -it shop-db-1 psql -U postgres -d" in remedy(view_of(web, plain), web, "database_missing")


def test_every_sign_is_a_kind_of_cause_with_a_command() -> None:
    web = inspection("web", labels=LABELS)
    view = view_of(web)
    for kind, _sign in (*LOG_SIGNS, HOST_NAME):
        assert kind in KINDS
        assert remedy(view, web, kind)


def test_cause_of_a_failed_start_is_found_above_a_long_trace() -> None:
    trace = [f"app/models/{number}.rb:1" for number in range(100)]
    assert sign_in(["Migrations are pending.", *trace]) == ("migrations_pending", "Migrations are pending.")
    assert sign_in(["No space left on device", *trace]) is None
    assert sign_in(["before", *INSECURE.splitlines()]) == ("secret_key_missing", INSECURE.splitlines()[0])


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["Blocked hosts: shop.example.org"], "Blocked hosts: shop.example.org"),
        (["Blocked host: shop.example.org:8080", "GET /"], "Blocked host: shop.example.org:8080"),
        (["Blocked hosts: 127.0.0.1:9000"], ""),
        (["Blocked hosts: localhost:9000"], ""),
        (["Blocked hosts: [fd00::1]:9000"], ""),
        (["Invalid host_name configuration"], "Invalid host_name configuration"),
        (["GET / 200"], ""),
        (['Started GET "/search?q=Blocked hosts: shop.example.org" for 10.0.0.7'], ""),
    ],
)
def test_refused_name_counts_only_where_people_may_have_typed_it(lines: list[str], shown: str) -> None:
    assert refused_host(lines) == shown


def test_newer_database_goes_back_together_with_the_image() -> None:
    gitea = inspection(
        "gitea",
        environment={
            "GITEA__database__DB_TYPE": "postgres",
            "GITEA__database__HOST": "db:5432",
            "GITEA__database__NAME": "forge",
            "GITEA__database__USER": "x",
            "GITEA__database__PASSWD": "x",
        },
    )
    fix = remedy(view_of(gitea), gitea, "database_newer")
    assert fix.startswith("set the newer image of gitea in the Compose file again")
    assert (
        """ansible-playbook maxops.ops.restore -e restore_before=MOMENT -e '{"restore_databases": ["forge"]}'""" in fix
    )
    assert "manual 3.2" in fix


def test_pending_migrations_are_run_by_the_seeder_of_the_stack() -> None:
    image = "openproject/openproject:17-slim"
    web = inspection("web", image=image, labels=LABELS, command=["./docker/prod/web"])
    seeder = inspection("seeder", image=image, labels=LABELS, state="exited", exit_code=0)
    database = inspection("db-migrations", image="other:1", labels=LABELS, state="exited", exit_code=0)
    assert remedy(view_of(web, seeder, database), web, "migrations_pending") == (
        f"{COMPOSE} up seeder; then docker restart shop-web-1"
    )
    assert remedy(view_of(web, database), web, "migrations_pending") == (
        f"{COMPOSE} run --rm web ./docker/prod/seeder; then docker restart shop-web-1"
    )
    whole = inspection("openproject", image="openproject/openproject:17", command=["./docker/prod/supervisord"])
    assert remedy(view_of(whole), whole, "migrations_pending") == "docker restart shop-openproject-1"


def test_secret_key_is_set_in_the_file_of_variables() -> None:
    web = inspection("web", labels=LABELS)
    fix = remedy(view_of(web), web, "secret_key_missing")
    assert fix.startswith("set SECRET_KEY_BASE in /opt/shop/.env")
    assert fix.endswith(f"{COMPOSE} up --detach web")
