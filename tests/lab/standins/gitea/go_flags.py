"""Flags as Gitea's command line reads them: one dash or two, and none any more after the first word without."""

from __future__ import annotations

from dataclasses import dataclass, field

TRUE = {"1", "t", "true", "T", "TRUE", "True"}
FALSE = {"0", "f", "false", "F", "FALSE", "False"}


class UsageError(Exception):
    pass


@dataclass(frozen=True)
class Flag:
    name: str
    switch: bool = False
    aliases: tuple[str, ...] = ()


@dataclass
class Parsed:
    values: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def truth(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name)
        return default if value is None else value in TRUE


def parse(arguments: list[str], flags: list[Flag]) -> Parsed:
    known = {spelling: flag for flag in flags for spelling in (flag.name, *flag.aliases)}
    parsed, rest = Parsed(), list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        name, has_value, value = word.lstrip("-").partition("=")
        flag = known.get(name)
        if flag is None:
            raise UsageError(f"flag provided but not defined: -{name}")
        parsed.values[flag.name] = value if has_value else _next(flag, rest)
        if flag.switch and parsed.values[flag.name] not in TRUE | FALSE:
            raise UsageError(f'invalid boolean value "{value}" for -{name}: parse error')
    parsed.words = rest
    return parsed


def _next(flag: Flag, rest: list[str]) -> str:
    if flag.switch:
        return "true"
    if not rest:
        raise UsageError(f"flag needs an argument: -{flag.name}")
    return rest.pop(0)
