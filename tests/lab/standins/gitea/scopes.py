"""Scopes of access tokens."""

from __future__ import annotations

from .errors import ApiError, RefusedError

CATEGORIES = (
    "activitypub",
    "admin",
    "issue",
    "misc",
    "notification",
    "organization",
    "package",
    "repository",
    "user",
)
KNOWN = {"all", "public-only"} | {f"{level}:{category}" for level in ("read", "write") for category in CATEGORIES}


def normalized(scopes: list[str]) -> str:
    for scope in scopes:
        if scope and scope not in KNOWN:
            raise RefusedError(f"invalid access token scope: {scope}")
    if "all" in scopes:
        return "all"
    # Writing includes reading: Gitea keeps only the larger of the two.
    kept = {scope for scope in scopes if scope and scope.replace("read:", "write:") not in set(scopes) - {scope}}
    return ",".join(sorted(kept))


def check(scope: str, category: str, writes: bool) -> None:
    owned = set(scope.split(","))
    needed = f"{'write' if writes else 'read'}:{category}"
    if not owned & {"all", needed, f"write:{category}"}:
        raise ApiError(
            403,
            f"token does not have at least one of required scope(s), required=[{needed}], token scope={scope}",
        )
