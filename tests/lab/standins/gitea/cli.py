"""The `gitea` command inside the container: `--version`, `admin user …` and `admin regenerate …`."""

from __future__ import annotations

import os
import secrets as random
import string
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg2

from ..shared.database import Row, Transaction
from . import accounts, ini, keys_file, scopes, secrets
from .errors import NotExistError, RefusedError, VisibilityError
from .go_flags import Flag, Parsed, UsageError, parse
from .release import Release, from_environment
from .settings import Settings

AS_ROOT = (
    "Gitea is not supposed to be run as root. Sorry. If you need to use privileged TCP ports "
    "please instead use setcap and the `cap_net_bind_service` permission"
)
GLOBAL = [
    Flag("config", aliases=("c",)),
    Flag("custom-path", aliases=("C",)),
    Flag("work-path", aliases=("w",)),
]


class CommandError(Exception):
    pass


Action = Callable[[Transaction, Parsed, Settings, Release], None]


def create(transaction: Transaction, flags: Parsed, settings: Settings, release: Release) -> None:
    if not flags.text("email"):
        raise CommandError("email is not set")
    name = flags.text("username") or flags.text("name")
    if not name:
        raise CommandError("one of --name or --username flags must be set")
    if "password" in flags.values and "random-password" in flags.values:
        raise CommandError("cannot set both -random-password and -password flags")
    if flags.truth("random-password"):
        password = _random_password(int(flags.text("random-password-length", "12")))
        print(f"generated random password is '{password}'")
    elif "password" in flags.values:
        password = flags.text("password")
    else:
        raise CommandError("must set either password or random-password flag")
    # The first account is the owner's: it does not have to change its password.
    first = not transaction.value('SELECT EXISTS (SELECT 1 FROM "user" WHERE type = 0)')
    visibility = accounts.VISIBILITIES.index(settings.default_visibility)
    try:
        accounts.check_visibility(settings, visibility)
        user = accounts.create(
            transaction,
            name,
            flags.text("email"),
            password,
            full_name=flags.text("fullname"),
            is_admin=flags.truth("admin"),
            is_restricted=flags.truth("restricted"),
            must_change_password=flags.truth("must-change-password", default=not first),
            visibility=visibility,
        )
    except (RefusedError, VisibilityError) as error:
        raise CommandError(f"CreateUser: {error}") from error
    if flags.truth("access-token"):
        # Before 1.23 the token gets no scope, so it gives no access, as in the real application.
        scope = flags.text("access-token-scopes", "all" if release.at_least(1, 23) else "")
        token_name = flags.text("access-token-name", "gitea-admin")
        _row, token = accounts.new_token(transaction, user, token_name, _scope(scope))
        print(f"Access token was successfully created... {token}")
    print(f"New user '{name}' has been successfully created!")


def _random_password(length: int) -> str:
    letters = string.ascii_letters + string.digits
    return "".join(random.choice(letters) for _letter in range(length))


def _scope(text: str) -> str:
    try:
        return scopes.normalized(text.split(","))
    except RefusedError as error:
        raise CommandError(f"invalid access token scope provided: {error}") from error


def list_users(transaction: Transaction, flags: Parsed, _settings: Settings, _release: Release) -> None:
    users = transaction.rows('SELECT * FROM "user" WHERE type = 0 ORDER BY id')
    header = ["ID", "Username", "Email", "IsActive"]
    if "admin" in flags.values:
        table = [header, *(_cells(user) for user in users if user["is_admin"])]
    else:
        table = [[*header, "IsAdmin", "2FA"], *([*_cells(user), _go(user["is_admin"]), "false"] for user in users)]
    widths = [max(5, *(len(row[column]) + 1 for row in table)) for column in range(len(table[0]) - 1)]
    for row in table:
        print("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + row[-1])


def _cells(user: Row) -> list[str]:
    return [str(user["id"]), user["name"], user["email"], _go(user["is_active"])]


def _go(truth: bool | None) -> str:
    return "true" if truth else "false"


def change_password(transaction: Transaction, flags: Parsed, settings: Settings, _release: Release) -> None:
    for needed in ("username", "password"):
        if not flags.text(needed):
            raise CommandError(f"{needed} is not set")
    password = flags.text("password")
    problem = accounts.password_problem(password, settings.shortest_password, settings.password_classes)
    if problem == "length":
        raise CommandError(f"Password is not long enough. Needs to be at least {settings.shortest_password}")
    if problem:
        raise CommandError("Password does not meet complexity requirements")
    user = accounts.existing(transaction, flags.text("username"))
    changes: Row = dict(secrets.password_fields(password))
    if "must-change-password" in flags.values:
        changes["must_change_password"] = flags.truth("must-change-password")
    transaction.update("user", user["id"], changes)
    print(f"{user['name']}'s password has been successfully updated!")


def must_change_password(transaction: Transaction, flags: Parsed, _settings: Settings, _release: Release) -> None:
    if not flags.words and not flags.truth("all"):
        raise CommandError("either usernames or --all must be provided")
    wanted = not flags.truth("unset")
    excluded = [name.lower() for name in flags.text("exclude").split(",") if name]
    names = [name.lower() for name in flags.words]
    changed = transaction.run(
        'UPDATE "user" SET must_change_password = %s WHERE type = 0 AND must_change_password <> %s'
        " AND (%s OR lower_name = ANY(%s)) AND NOT lower_name = ANY(%s)",
        (wanted, wanted, flags.truth("all"), names, excluded),
    )
    print(f"Updated {changed} users setting MustChangePassword to {_go(wanted)}")


def generate_access_token(transaction: Transaction, flags: Parsed, _settings: Settings, release: Release) -> None:
    if not flags.text("username"):
        raise CommandError("you must provide a username to generate a token for")
    user = accounts.existing(transaction, flags.text("username"))
    scope = _scope(flags.text("scopes", "all" if release.at_least(1, 23) else ""))
    _row, token = accounts.new_token(transaction, user, flags.text("token-name", "gitea-admin"), scope)
    print(token if flags.truth("raw") else f"Access token was successfully created: {token}")


def regenerate(what: str, transaction: Transaction, settings: Settings) -> None:
    if what == "keys":
        keys_file.write_all(settings, transaction)
        return
    for row in transaction.rows("SELECT owner_name, lower_name FROM repository"):
        hooks = settings.repositories / row["owner_name"].lower() / f"{row['lower_name']}.git" / "hooks"
        if hooks.parent.is_dir():
            (hooks / "post-receive.d").mkdir(parents=True, exist_ok=True)
            (hooks / "post-receive.d" / "gitea").write_text("#!/usr/bin/env bash\n")


def _commands(release: Release) -> dict[str, tuple[Action, list[Flag]]]:
    create_flags = [Flag(name) for name in ("name", "username", "password", "email", "random-password-length")]
    switches = ("admin", "random-password", "must-change-password", "access-token", "restricted")
    create_flags += [Flag(name, switch=True) for name in switches]
    if release.at_least(1, 23):
        create_flags += [Flag("access-token-name"), Flag("access-token-scopes")]
    if release.at_least(1, 24):
        create_flags += [Flag("fullname"), Flag("user-type")]
    password_flags = [Flag("username", aliases=("u",)), Flag("password", aliases=("p",))]
    if release.at_least(1, 22):
        password_flags.append(Flag("must-change-password", switch=True))
    must_flags = [Flag("all", switch=True, aliases=("A",)), Flag("exclude", aliases=("e",)), Flag("unset", switch=True)]
    token_flags = [Flag("username", aliases=("u",)), Flag("token-name", aliases=("t",))]
    token_flags += [Flag("raw", switch=True), Flag("scopes")]
    return {
        "create": (create, create_flags),
        "list": (list_users, [Flag("admin", switch=True)]),
        "change-password": (change_password, password_flags),
        "must-change-password": (must_change_password, must_flags),
        "generate-access-token": (generate_access_token, token_flags),
    }


def run(arguments: list[str], release: Release) -> None:
    first = parse(arguments, [*GLOBAL, Flag("version", switch=True, aliases=("v",))])
    if first.truth("version"):
        print(f"Gitea version {release.version} built with the lab's stand-in")
        return
    commands = _commands(release)
    if first.words[:2] == ["admin", "regenerate"] and first.words[2:3] in (["keys"], ["hooks"]):
        if os.geteuid() == 0:
            raise PermissionError(AS_ROOT)
        settings = Settings(ini.read(Path(first.text("config") or ini.path())))
        with settings.open_database().transaction() as transaction:
            regenerate(first.words[2], transaction, settings)
        return
    if first.words[:2] != ["admin", "user"] or len(first.words) < 3 or first.words[2] not in commands:
        known = "admin user, admin regenerate, --version"
        raise UsageError(f"No help topic for '{' '.join(first.words)}' (this stand-in knows: {known})")
    if os.geteuid() == 0:
        raise PermissionError(AS_ROOT)
    action, flags = commands[first.words[2]]
    parsed = parse(first.words[3:], [*flags, *GLOBAL])
    file = Path(parsed.text("config") or first.text("config") or ini.path())
    if not file.exists():
        raise CommandError(f'unable to find configuration file: "{file}"')
    settings = Settings(ini.read(file))
    with settings.open_database().transaction() as transaction:
        action(transaction, parsed, settings, release)


def main(arguments: list[str]) -> int:
    try:
        run(arguments, from_environment())
    except UsageError as error:
        print(f"Incorrect Usage: {error}", file=sys.stderr)
    except PermissionError as error:
        print(error, file=sys.stderr)
    except (CommandError, NotExistError, RefusedError, psycopg2.Error) as error:
        print(f"Command error: {' '.join(str(error).split())}", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
