"""Prints the facts about a host that the role needs, as JSON; runs with any Python 3 and changes nothing.

host_facts.py FOLDER VENV STATE_FILE UNITS
"""

import importlib.util
import json
import os
import shutil
import sys


def text_of(path):
    """The text of a file; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read().strip()
    except (OSError, ValueError):
        return ""


def last_run(path):
    """Time of the last check run, and the worst state of all checks."""
    order = ["ok", "warning", "unknown", "critical"]
    try:
        checks = list(json.loads(text_of(path))["checks"].values())
        return {
            "at": max(check["at"] for check in checks),
            "state": max((check["state"] for check in checks), key=order.index),
        }
    except (ValueError, KeyError, TypeError):
        return None


def main():
    """Print the facts."""
    folder, venv, state_file, units = sys.argv[1:5]
    collections = os.path.join(folder, "collections")
    facts = {
        "python": sys.version,
        "python_version": "{}.{}".format(*sys.version_info),
        "can_make_venv": importlib.util.find_spec("ensurepip") is not None,
        "root": os.geteuid() == 0,
        "systemd": os.path.isdir("/run/systemd/system"),
        "cron": any(shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in ("cron", "crond")),
        "programs": [name for name in ("flock", "timeout") if not shutil.which(name)],
        "promtool": shutil.which("promtool") is not None,
        "made_of": text_of(os.path.join(venv, ".made-of")),
        "collection": os.path.basename(os.path.realpath(collections)).replace("collections-", ""),
        "units": [
            path
            for name in ("maxops-health", "maxops-disk")
            for path in (
                f"{units}/timers.target.wants/{name}.timer",
                f"{units}/{name}.timer",
                f"{units}/{name}.service",
            )
            if os.path.lexists(path)
        ],
        "last": last_run(state_file),
    }
    print(json.dumps(facts))


main()
