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
    for section, key, value in _defaults():
        merged.setdefault(section, {}).setdefault(key, value)
    for name, value in environment.items():
        match = VARIABLE.fullmatch(name)
        if match:
            in_file = match["key"].endswith("__FILE")
            text = Path(value).read_text(encoding="utf-8").rstrip("\n") if in_file else value
            merged.setdefault(_decoded(match["section"]), {})[_decoded(match["key"].removesuffix("__FILE"))] = text
    merged["security"]["INSTALL_LOCK"] = "true"
    return merged


def _decoded(name: str) -> str:
    return re.sub(r"_0[xX]([0-9A-Fa-f]{2})_", lambda match: chr(int(match[1], 16)), name)


def _defaults() -> list[tuple[str, str, str]]:
    return [
        ("", "APP_NAME", "Gitea: Git with a cup of tea"),
        ("", "RUN_MODE", "prod"),
        ("", "RUN_USER", "git"),
        ("repository", "ROOT", "/data/git/repositories"),
        ("server", "APP_DATA_PATH", "/data/gitea"),
        ("server", "HTTP_PORT", "3000"),
        ("server", "ROOT_URL", "http://localhost:3000/"),
        ("database", "DB_TYPE", "postgres"),
        ("session", "PROVIDER", "file"),
        ("session", "PROVIDER_CONFIG", "/data/gitea/sessions"),
        ("indexer", "ISSUE_INDEXER_PATH", "/data/gitea/indexers/issues.bleve"),
        ("lfs", "PATH", "/data/git/lfs"),
        ("attachment", "PATH", "/data/gitea/attachments"),
        ("security", "SECRET_KEY", secrets.token_urlsafe(48)),
        ("security", "INTERNAL_TOKEN", secrets.token_urlsafe(78)),
    ]
