"""`lab-control`: makes a stand-in slow, unhealthy or unwilling to start."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

USAGE = "usage: lab-control [slow=SECONDS] [unhealthy=0|1] [refuse-start=0|1] | reset"


@dataclass(frozen=True)
class Control:
    slow: float = 0.0
    unhealthy: bool = False
    refuse_start: bool = False


def state_file() -> Path:
    return Path(os.environ.get("LAB_CONTROL_FILE", "/tmp/lab-control/state.json"))


def read() -> Control:
    try:
        return Control(**json.loads(state_file().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return from_environment()


def from_environment() -> Control:
    return Control(
        slow=float(os.environ.get("LAB_SLOW") or 0),
        unhealthy=_truth(os.environ.get("LAB_UNHEALTHY") or "0"),
        refuse_start=_truth(os.environ.get("LAB_REFUSE_START") or "0"),
    )


def write(control: Control) -> None:
    target = state_file()
    target.parent.mkdir(exist_ok=True)
    with contextlib.suppress(PermissionError):
        # `docker exec` is root or the application's user: both must be able to replace a file of the other.
        os.chmod(target.parent, 0o777)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as stream:
        json.dump(asdict(control), stream)
    os.chmod(stream.name, 0o644)
    os.replace(stream.name, target)


def _truth(text: str) -> bool:
    if text.lower() not in {"0", "1", "true", "false"}:
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return text.lower() in {"1", "true"}


def changed(control: Control, words: list[str]) -> Control:
    for word in words:
        name, _, value = word.partition("=")
        match name:
            case "reset" if not value:
                control = Control()
            case "slow":
                control = replace(control, slow=float(value))
            case "unhealthy":
                control = replace(control, unhealthy=_truth(value))
            case "refuse-start":
                control = replace(control, refuse_start=_truth(value))
            case _:
                raise ValueError(f"{word!r} is not known")
    return control


def main(words: list[str]) -> int:
    try:
        control = changed(read(), words)
    except ValueError as error:
        print(f"lab-control: {error}; {USAGE}", file=sys.stderr)
        return 2
    if words:
        write(control)
    print(json.dumps(asdict(control)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
