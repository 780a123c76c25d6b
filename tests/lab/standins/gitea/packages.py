"""Packages of an account: rows only, for what the API lists and what an account's removal needs."""

from __future__ import annotations

from ..shared.database import Row, Transaction
from . import represent
from .represent import Json

OWNED = "FROM package_version v JOIN package p ON p.id = v.package_id WHERE p.owner_id = %s AND NOT v.is_internal"


def exist(transaction: Transaction) -> bool:
    """A database that an earlier version of the stand-in made has no such tables."""
    return transaction.has_table("package_version")


def owned(transaction: Transaction, owner: Row, paging: str = "") -> list[Row]:
    if not exist(transaction):
        return []
    sql = f"SELECT v.id, p.type, p.name, v.version, v.created_unix {OWNED} ORDER BY v.id"
    return transaction.rows(sql + paging, (owner["id"],))


def count(transaction: Transaction, owner: Row) -> int:
    return len(owned(transaction, owner))


def delete_all(transaction: Transaction, owner: Row) -> None:
    if exist(transaction):
        of_owner = "(SELECT id FROM package WHERE owner_id = %s)"
        transaction.run(f"DELETE FROM package_version WHERE package_id IN {of_owner}", (owner["id"],))
        transaction.run("DELETE FROM package WHERE owner_id = %s", (owner["id"],))


def shown(row: Row, owner: Json) -> Json:
    return {
        "id": row["id"],
        "owner": owner,
        "repository": None,
        "creator": owner,
        "type": row["type"],
        "name": row["name"],
        "version": row["version"],
        "created_at": represent.moment(row["created_unix"]),
    }
