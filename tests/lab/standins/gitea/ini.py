"""app.ini: GITEA__section__KEY variables are written into it at start, as the real image does."""

from __future__ import annotations

import configparser
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

VARIABLE = re.compile(r"GITEA__(?P<section>.*?)__(?P<key>.+)")
ROOT = "\0root"
QUOTED = set("#;`")

Ini = dict[str, dict[str, str]]


def path(environment: Mapping[str, str] = os.environ) -> Path:
    return Path(environment.get("GITEA_APP_INI", "/data/gitea/conf/app.ini"))


def read(file: Path) -> Ini:
    if not file.exists():
        return {}
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#", ";"), strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(f"[{ROOT}]\n" + file.read_text(encoding="utf-8"))
    return {
        "" if name == ROOT else name: {key: _unquoted(value) for key, value in parser[name].items()}
        for name in parser.sections()
    }


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "`" else value


def write(file: Path, ini: Ini) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(_section(name, ini[name]) for name in sorted(ini))
    temporary = file.with_suffix(".new")
    # It holds the database's password: private from its first byte on.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, file)


def _section(name: str, values: Mapping[str, str]) -> str:
    lines = [f"[{name}]"] if name else []
    lines += [f"{key} = {f'`{value}`' if QUOTED & set(value) else value}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def from_environment(ini: Ini, environment: Mapping[str, str]) -> Ini:
    """The file's values, the image's defaults where it has none, the environment's values over both."""
    merged = {name: dict(values) for name, values in ini.items()}
    for name, value in environment.items():
        match = VARIABLE.fullmatch(name)
        if match:
            in_file = match["key"].endswith("__FILE")
            text = Path(value).read_text(encoding="utf-8").rstrip("\n") if in_file else value
            section = merged.setdefault(_decoded(match["section"]).lower(), {})
            section[_decoded(match["key"].removesuffix("__FILE"))] = text
    for name, key, value in [*_database(merged, environment), *_defaults()]:
        merged.setdefault(name, {}).setdefault(key, value)
    merged["security"]["INSTALL_LOCK"] = "true"
    return merged


def _decoded(name: str) -> str:
    return re.sub(r"_0[xX]((?:[0-9A-Fa-f]{2})+)_", lambda match: bytes.fromhex(match[1]).decode(), name)


def _database(merged: Ini, environment: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The image's own variables; with none of them SQLite, beside a server that does not exist."""
    given = merged.get("database", {})
    kind = environment.get("DB_TYPE") or ("postgres" if "HOST" in given and "DB_TYPE" not in given else "sqlite3")
    names = {"HOST": "localhost:3306", "NAME": "gitea", "USER": "root", "PASSWD": ""}
    return [
        ("database", "DB_TYPE", kind),
        ("database", "PATH", "/data/gitea/gitea.db"),
        *(("database", name, environment.get(f"DB_{name}") or value) for name, value in names.items()),
    ]


def _defaults() -> list[tuple[str, str, str]]:
    return [
        ("", "APP_NAME", "Gitea: Git with a cup of tea"),
        ("", "RUN_MODE", "prod"),
        ("", "RUN_USER", "git"),
        ("repository", "ROOT", "/data/git/repositories"),
        ("server", "APP_DATA_PATH", "/data/gitea"),
        ("server", "HTTP_PORT", "3000"),
        ("server", "ROOT_URL", "http://localhost:3000/"),
        ("session", "PROVIDER", "file"),
        ("session", "PROVIDER_CONFIG", "/data/gitea/sessions"),
        ("indexer", "ISSUE_INDEXER_PATH", "/data/gitea/indexers/issues.bleve"),
        ("lfs", "PATH", "/data/git/lfs"),
        ("attachment", "PATH", "/data/gitea/attachments"),
        ("security", "SECRET_KEY", secrets.token_urlsafe(48)),
        ("security", "INTERNAL_TOKEN", secrets.token_urlsafe(78)),
    ]
