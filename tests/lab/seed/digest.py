"""A digest of the data that tests compare before and after: every row, every file, every reference of git."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .repositories import GIT_ENVIRONMENT, UNFINISHED

# Sums of parts of every row's MD5: independent of the order, and in one pass. Three parts, so that two changes
# can't cancel out.
ROWS = """
SELECT count(*), md5(concat_ws(' ',
    sum(('x' || substr(row_md5, 1, 8))::bit(32)::bigint),
    sum(('x' || substr(row_md5, 9, 8))::bit(32)::bigint),
    sum(('x' || substr(row_md5, 17, 8))::bit(32)::bigint)))
FROM (SELECT md5(seen::text) AS row_md5 FROM {table} AS seen) AS rows
"""
TABLES = """
SELECT tablename, quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""

Database = Callable[[str], list[tuple[Any, ...]]]


def of(application: str, connection: Any, folder: Path, fsck: bool) -> dict[str, Any]:
    def database(sql: str) -> list[tuple[Any, ...]]:
        cursor.execute(sql)
        return list(cursor.fetchall())

    with connection.cursor() as cursor:
        # One snapshot: rows inserted while it counts are not included for any table.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for setting in ("TimeZone TO 'UTC'", "DateStyle TO 'ISO'", "bytea_output TO 'hex'", "extra_float_digits TO 1"):
            cursor.execute(f"SET LOCAL {setting}")
        found = {"application": application, "tables": _tables(database)}
        found |= (_openproject if application == "openproject" else _gitea)(database, folder, fsck)
    return found


def _tables(database: Database) -> dict[str, Any]:
    figures = {}
    for name, quoted in database(TABLES):
        ((rows, md5),) = database(ROWS.format(table=quoted))
        figures[name] = {"rows": rows, "md5": md5}
    return figures


def _openproject(database: Database, folder: Path, _fsck: bool) -> dict[str, Any]:
    files = _files(folder, [folder / "files"])
    rows = {
        f"files/attachment/file/{number}/{name}": (size, md5)
        for number, name, size, md5 in database("SELECT id, file, filesize, digest FROM attachments")
    }
    return {**_figures(files), "inconsistencies": _compared("attachments", rows, files)}


def _gitea(database: Database, folder: Path, fsck: bool) -> dict[str, Any]:
    attachments = _files(folder, [folder / "gitea/attachments"])
    objects = _files(folder, [folder / "git/lfs"])
    repositories = folder / "git/repositories"
    on_disk = sorted(path for path in repositories.glob("*/*") if path.name.endswith((".git", UNFINISHED)))
    names = {f"{owner}/{name}.git" for owner, name in database("SELECT lower(owner_name), lower_name FROM repository")}
    paths = {str(path.relative_to(repositories)): path for path in on_disk}
    wrong = [f"repository {name} has no folder" for name in sorted(names - paths.keys())]
    wrong += [
        f"folder {name} has no row in repository"
        for name in sorted(paths)
        if name.replace(".wiki.git", ".git") not in names
    ]
    wrong += _compared(
        "attachment",
        {
            f"gitea/attachments/{uuid[0]}/{uuid[1]}/{uuid}": (size, None)
            for uuid, size in database("SELECT uuid::text, size FROM attachment")
        },
        attachments,
    )
    wrong += _compared(
        "lfs_meta_object",
        {
            f"git/lfs/{oid[:2]}/{oid[2:4]}/{oid[4:]}": (size, None)
            for oid, size in database("SELECT DISTINCT oid, size FROM lfs_meta_object")
        },
        objects,
    )
    references = hashlib.md5(usedforsecurity=False)
    for name, path in paths.items():
        answer = _git(path, "for-each-ref", "--format=%(refname) %(objectname)")
        references.update(f"{name}\n{answer.stdout}".encode())
        if fsck:
            answer = _git(path, "fsck", "--connectivity-only", "--no-dangling")
        if answer.returncode != 0:
            wrong.append(f"repository {name}: {answer.stderr.strip()}")
    files = {**attachments, **objects, **_files(folder, [repositories])}
    return {
        **_figures(files),
        "repositories": len(paths),
        "references_md5": references.hexdigest(),
        "inconsistencies": wrong,
    }


def _files(folder: Path, roots: Iterable[Path]) -> dict[str, tuple[int, str]]:
    found = {}
    for root in roots:
        for path in root.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
                found[str(path.relative_to(folder))] = (len(data), md5)
    return found


def _figures(files: dict[str, tuple[int, str]]) -> dict[str, Any]:
    md5 = hashlib.md5(usedforsecurity=False)
    for name in sorted(files):
        md5.update(f"{name}\0{files[name]}\n".encode(errors="surrogateescape"))
    return {"files": len(files), "bytes": sum(size for size, _md5 in files.values()), "files_md5": md5.hexdigest()}


def _compared(table: str, rows: dict[str, tuple[int, str | None]], files: dict[str, tuple[int, str]]) -> list[str]:
    wrong = [f"{table}: no file {name}" for name in sorted(rows.keys() - files.keys())]
    wrong += [f"{table}: no row for the file {name}" for name in sorted(files.keys() - rows.keys())]
    for name in sorted(rows.keys() & files.keys()):
        (size, md5), found = rows[name], files[name]
        if found != (size, md5 or found[1]):
            wrong.append(f"{table}: file {name} is {found}, the row says {rows[name]}")
    return wrong


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=folder, env=GIT_ENVIRONMENT, capture_output=True, text=True, check=False)
