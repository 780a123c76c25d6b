"""python3 -m seed openproject|gitea --size small|large [--check]"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import psycopg2

from . import digest, job
from .gitea import Gitea
from .loading import SeedError
from .openproject import OpenProject

FOLDERS = {"openproject": Path("/var/openproject/assets"), "gitea": Path("/data")}
# Gitea's /data is root's, as in the real image: its folders are the application's.
OWNED = {"openproject": Path("/var/openproject/assets"), "gitea": Path("/data/git")}
APPLICATIONS = {"openproject": OpenProject, "gitea": Gitea}


def parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m seed", description="Fill one application of the lab with data.")
    parser.add_argument("application", choices=sorted(APPLICATIONS))
    parser.add_argument("--size", choices=("small", "large"), default="small")
    parser.add_argument("--check", action="store_true", help="seed nothing; print a digest of the data as JSON")
    parser.add_argument("--fsck", action="store_true", help="with --check: let git check every repository")
    return parser.parse_args(words)


def connect(application: str) -> Any:
    if application == "openproject":
        from standins.shared.database import clean_url

        return psycopg2.connect(clean_url(os.environ["DATABASE_URL"]))
    from standins.gitea import ini
    from standins.gitea.settings import Settings

    return psycopg2.connect(**Settings(ini.read(ini.path())).database)


# `docker exec` is root, and files of root are files that the application can't change.
def become_owner_of(folder: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


def main(words: list[str]) -> int:
    wanted = parsed(words)
    folder = FOLDERS[wanted.application]
    try:
        become_owner_of(OWNED[wanted.application])
        connection = connect(wanted.application)
        if wanted.check:
            found = digest.of(wanted.application, connection, folder, fsck=wanted.fsck)
            print(json.dumps(found, indent=2, sort_keys=True))
            return 0 if not found["inconsistencies"] else 1
        job.seed(APPLICATIONS[wanted.application], wanted.size, folder, connection)
    except SeedError as error:
        print(f"seed: {error}", file=sys.stderr)
        return 1
    except psycopg2.Error as error:
        reason = " ".join(str(error).split())
        print(f"seed: {wanted.application}: the database says: {reason}; seeding again continues", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
