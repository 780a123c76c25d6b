# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks that tests may break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.integration.support import MiniStack, Module


def _stack(factory: pytest.TempPathFactory, version: int) -> Iterator[MiniStack]:
    stack = MiniStack(f"maxtest{version}", factory.mktemp(f"stack{version}"), version)
    stack.down()
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """A stack on PostgreSQL 17."""
    yield from _stack(tmp_path_factory, 17)


@pytest.fixture(scope="session")
def old_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """A stack on PostgreSQL 15, whose pg_dump has no zstd."""
    yield from _stack(tmp_path_factory, 15)


@pytest.fixture
def backup(stack: MiniStack, tmp_path: Path) -> Module:
    """The backup module on the small stack, with a repository of the test's own."""
    return Module("backup", {"project_name": stack.project, "repository": str(tmp_path / "repository")}, tmp_path)
