"""Tells what the role has to know of a host, as JSON; runs with any Python 3 and changes nothing.

look.py FOLDER VENV STATE_FILE UNITS
"""

import importlib.util
import json
import os
import shutil
import sys


def text_of(path):
    """A file's text; none where it cannot be read."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read().strip()
    except (OSError, ValueError):
        return ""


def last_look(path):
    """When a look last went through, and what it saw: the worst state of all checks."""
    order = ["ok", "warning", "unknown", "critical"]
    try:
        checks = list(json.loads(text_of(path))["checks"].values())
        return {
            "at": max(each["at"] for each in checks),
            "state": max((each["state"] for each in checks), key=order.index),
        }
    except (ValueError, KeyError, TypeError):
        return None


def main():
    """Print it."""
    folder, venv, state_file, units = sys.argv[1:5]
    collections = os.path.join(folder, "collections")
    seen = {
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
        "last": last_look(state_file),
    }
    print(json.dumps(seen))


main()
