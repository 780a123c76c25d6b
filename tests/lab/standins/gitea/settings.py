"""What the application reads from app.ini."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..shared.database import Database
from ..shared.redis import Redis, from_text
from ..shared.sqlite import SqliteDatabase
from .ini import Ini

TRUE = {"true", "1", "yes", "on"}


@dataclass(frozen=True)
class Settings:
    ini: Ini

    def text(self, section: str, key: str, default: str = "") -> str:
        return self.ini.get(section, {}).get(key, default)

    def number(self, section: str, key: str, default: int) -> int:
        return int(self.text(section, key, str(default)))

    def truth(self, section: str, key: str, default: bool) -> bool:
        return self.text(section, key, str(default)).lower() in TRUE

    @property
    def app_name(self) -> str:
        return self.text("", "APP_NAME", "Gitea")

    @property
    def root_url(self) -> str:
        return self.text("server", "ROOT_URL", "http://localhost:3000/").rstrip("/") + "/"

    @property
    def sub_path(self) -> str:
        return urlsplit(self.root_url).path.rstrip("/")

    @property
    def port(self) -> int:
        return self.number("server", "HTTP_PORT", 3000)

    @property
    def repositories(self) -> Path:
        return Path(self.text("repository", "ROOT", "/data/git/repositories"))

    @property
    def database(self) -> dict[str, Any]:
        host, _, port = self.text("database", "HOST", "localhost:5432").partition(":")
        return {
            "host": host,
            "port": int(port or 5432),
            "dbname": self.text("database", "NAME", "gitea"),
            "user": self.text("database", "USER", "root"),
            "password": self.text("database", "PASSWD"),
        }

    @property
    def database_kind(self) -> str:
        return self.text("database", "DB_TYPE", "postgres").lower()

    @property
    def database_file(self) -> Path | None:
        """The file of SQLite, or None where the database is on a server."""
        if self.database_kind != "sqlite3":
            return None
        return Path(self.text("database", "PATH", "/data/gitea/gitea.db"))

    def open_database(self) -> Database:
        file = self.database_file
        return Database(**self.database) if file is None else SqliteDatabase(file)

    @property
    def database_attempts(self) -> tuple[int, float]:
        pause = self.text("database", "DB_RETRY_BACKOFF", "3s").removesuffix("s")
        return self.number("database", "DB_RETRIES", 10), float(pause)

    @property
    def cache(self) -> Redis | None:
        """The cache server, or None where the cache is the process's own memory."""
        return from_text(self.text("cache", "HOST")) if self.text("cache", "ADAPTER", "memory") == "redis" else None

    @property
    def trusted_proxies(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        if self.number("security", "REVERSE_PROXY_LIMIT", 1) < 1:
            return []
        listed = self.text("security", "REVERSE_PROXY_TRUSTED_PROXIES", "127.0.0.0/8,::1/128")
        networks = "0.0.0.0/0,::/0" if listed.strip() == "*" else listed
        return [ipaddress.ip_network(network.strip(), strict=False) for network in networks.split(",")]

    @property
    def page_sizes(self) -> tuple[int, int]:
        """The default and the largest."""
        return self.number("api", "DEFAULT_PAGING_NUM", 30), self.number("api", "MAX_RESPONSE_ITEMS", 50)

    @property
    def shortest_password(self) -> int:
        return self.number("security", "MIN_PASSWORD_LENGTH", 8)

    @property
    def password_classes(self) -> set[str]:
        named = {name.strip() for name in self.text("security", "PASSWORD_COMPLEXITY", "off").split(",")}
        return named - {"off", "", "all"}

    @property
    def allowed_visibilities(self) -> set[str]:
        named = self.text("service", "ALLOWED_USER_VISIBILITY_MODES", "public,limited,private")
        return {name.strip() for name in named.split(",") if name.strip()}

    @property
    def default_visibility(self) -> str:
        return self.text("service", "DEFAULT_USER_VISIBILITY", "public")

    @property
    def requires_sign_in(self) -> bool:
        return self.truth("service", "REQUIRE_SIGNIN_VIEW", False)

    @property
    def basic_authentication(self) -> bool:
        return self.truth("service", "ENABLE_BASIC_AUTHENTICATION", True)

    @property
    def metrics_token(self) -> str | None:
        """The token that /metrics requires (empty: no token required), or None where it is off."""
        return self.text("metrics", "TOKEN") if self.truth("metrics", "ENABLED", False) else None
