# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a backup ends: what retention removes, when it removes nothing, and when the run fails although it made a set."""

from __future__ import annotations

import datetime
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import ending
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, VolumePart
from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import new_id, read_manifest
from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import unaccepted
from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import content_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.tests.unit.kept_sets import HERE, database, manifest, only, volume
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set
from ansible_collections.maxops.ops.tests.unit.stacks import stack_of

MOMENT = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.timezone.utc)
FULL = (database("gitea", rows=10_902), database("openproject"), volume("data"))


@pytest.fixture
def plan(tmp_path: Path) -> BackupPlan:
    return BackupPlan(stack_of(), Repository(str(tmp_path / "repository")), HERE)


def options(**more: Any) -> BackupOptions:
    return BackupOptions(Access("shop"), "/r", **{"retention": Policy(keep_last=1), **more})


def back_up(plan: BackupPlan, hour: int, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a set as the job does, ``hour`` hours later, and apply retention; returns the result's ``retention``.

    ``more`` are options of the backup, and ``host`` for the host that makes it.
    """
    host = more.pop("host", {})
    some = options(**more)
    planned: dict[str, Any] = {"parts": list(parts), **ending.identity(plan, some), **host}
    changes, _remarks = ending.shrunk(plan, some, planned)
    planned["shrunk"] = [change.to_dict() for change in changes]
    path = make_set(plan.repository, MOMENT + datetime.timedelta(hours=hour), CONTENT, **planned)
    plan.lacking.clear()
    plan.incomplete.clear()
    made = read_manifest(str(path / "manifest.json"))
    with plan.repository.locked("test"):
        return {} if host else ending.retain(plan, some, made["set_id"], made)


def ids(plan: BackupPlan) -> list[str]:
    return sorted(name for name in os.listdir(plan.repository.sets_path) if "." not in name)


def at(hour: int) -> str:
    return f"20261123T{2 + hour:02}0000Z"


# -- retention ------------------------------------------------------------------------------------------------------


def test_retention_reports_removed_sets_and_sets_in_use(plan: BackupPlan) -> None:
    for hour in range(3):
        back_up(plan, hour, *FULL, retention=Policy())
    with plan.repository.holding(at(2)):
        retention = back_up(plan, 3, *FULL)
    assert retention == {
        "kept": {at(3): ["newest", "keep_last"], at(2): ["in use"]},
        "removed": [at(1), at(0)],
        "held": [],
    }


def test_interrupted_retention_says_that_the_set_was_made(plan: BackupPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in range(2):
        back_up(plan, hour, *FULL, retention=Policy())
    remove = plan.repository.remove

    def second_fails(set_id: str) -> bool:
        if set_id == at(0):
            raise Cancelled("stopped by signal SIGTERM; nothing was published")
        return remove(set_id)

    monkeypatch.setattr(plan.repository, "remove", second_fails)
    with pytest.raises(MaxopsError) as failure:
        back_up(plan, 2, *FULL)
    assert str(failure.value) == (
        f"backup set {at(2)} was made and is complete, but retention did not finish (the job was stopped; "
        f"removed: {at(1)}): fix the cause; the next backup removes the remaining sets"
    )
    assert ids(plan) == [at(0), at(2)]


def test_set_that_cannot_be_removed_is_a_warning_and_keeps_no_other(
    plan: BackupPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with ``chattr +i``, or one that NFS keeps open: the run still says what its set lacks."""
    for hour in range(3):
        back_up(plan, hour, *FULL, retention=Policy())
    remove = plan.repository.remove

    def some_fail(set_id: str) -> bool:
        if set_id == at(2):
            raise PermissionError(1, "Operation not permitted", "/r/sets/x")
        removed = remove(set_id)
        if set_id == at(1):
            raise OSError(39, "Directory not empty", "/r/staging/x")
        return removed

    monkeypatch.setattr(plan.repository, "remove", some_fail)
    retention = back_up(plan, 3, *FULL)
    assert retention["removed"] == [at(1), at(0)]
    assert retention["kept"][at(2)] == ["cannot be removed"]
    assert ids(plan) == [at(2), at(3)]
    fix = "fix the cause; the next backup tries again"
    staging = plan.repository.staging_path
    assert plan.warnings == [
        f"retention cannot remove set {at(2)} (Operation not permitted: /r/sets/x): {fix}",
        (
            f"retention cannot remove what is left of set {at(1)} in {staging} (Directory not empty: /r/staging/x): "
            f"{fix}"
        ),
    ]


def test_partial_backups_do_not_push_the_full_set_out(plan: BackupPlan) -> None:
    """Adversary 1: three backups of one database removed the only set with everything else."""
    policy = Policy(keep_last=3, daily=7, weekly=4, monthly=6)
    back_up(plan, 0, *FULL, retention=policy)
    for hour in range(1, 9):
        last = back_up(plan, hour, FULL[0], retention=policy, databases=["gitea"], volumes=[])
    assert ids(plan) == [at(0), at(6), at(7), at(8)]
    assert {"only set with database openproject", "only set with volume data"} <= set(last["kept"][at(0)])


def test_emptied_database_keeps_every_set_until_it_is_accepted(plan: BackupPlan) -> None:
    """Field cases N2 and F26: an emptied server pushed the last good set out in three nights."""
    back_up(plan, 0, *FULL)
    emptied = (database("gitea", rows=0), *FULL[1:])
    for hour in (1, 2, 3):
        retention = back_up(plan, hour, *emptied)
        assert retention["removed"] == []
        assert retention["held"] == [f'database "gitea": 10,902 rows in {at(0)}, now 0']
        assert retention["kept"][at(0)] == ["only set with database gitea", "keep_last"]
    assert ids(plan) == [at(0), at(1), at(2), at(3)]
    retention = back_up(plan, 4, *emptied, accept_changes=["database gitea"])
    assert retention["held"] == []
    # The last copy with rows stays also then.
    assert ids(plan) == [at(0), at(4)]
    assert back_up(plan, 5, *emptied)["removed"] == [at(4)]


def test_vanished_volume_keeps_every_set(plan: BackupPlan) -> None:
    back_up(plan, 0, *FULL)
    assert back_up(plan, 1, *FULL[:2])["held"] == [f'volume "data": 9.0 kB in {at(0)}, now missing']
    assert back_up(plan, 2, FULL[0], databases=["gitea"], volumes=[])["removed"] == []
    assert back_up(plan, 3, *FULL)["removed"] == [at(2), at(1), at(0)]


def test_other_hosts_sets_are_neither_counted_nor_removed(plan: BackupPlan) -> None:
    """Field case F04: two hosts and one repository."""
    for hour in range(2):
        back_up(plan, hour, *FULL, host={"host": "web2", "machine_id": "b" * 32}, retention=Policy())
        back_up(plan, 2 + hour, *FULL, retention=Policy())
    retention = back_up(plan, 4, *FULL)
    assert retention["removed"] == [at(3), at(2)]
    assert ids(plan) == [at(0), at(1), at(4)]


def test_sets_under_a_former_name_are_counted_and_stay_until_it_is_sure_that_no_clone_makes_them(
    plan: BackupPlan,
) -> None:
    for hour in range(2):
        back_up(plan, hour, *FULL, host={"host": "before"}, retention=Policy())
    back_up(plan, 2, *FULL)
    retention = back_up(plan, 3, *FULL)
    assert (retention["removed"], retention["held"]) == ([at(2)], [])
    assert retention["kept"][at(0)] == ["made when this host was called before"]
    later = back_up(plan, 24 * 41, *FULL)
    assert set(later["removed"]) == {at(0), at(1), at(3)}


@pytest.mark.parametrize("lost", [False, True])
def test_dry_run_removes_nothing_and_says_the_same(plan: BackupPlan, lost: bool) -> None:
    parts = FULL[:2] if lost else FULL
    for hour in range(2):
        back_up(plan, hour, *FULL, retention=Policy())
    planned = {"set_id": at(2), "parts": list(parts), **ending.identity(plan, options())}
    planned["shrunk"] = [change.to_dict() for change in ending.shrunk(plan, options(), planned)[0]]
    dry = ending.retain(plan, options(), at(2), planned, check_mode=True)
    assert len(ids(plan)) == 2
    assert dry == back_up(plan, 2, *parts)
    assert dry["removed"] == ([] if lost else [at(1), at(0)])


def test_dry_run_expects_the_rows_of_the_newest_set(plan: BackupPlan) -> None:
    back_up(plan, 0, *FULL)
    emptied = (database("gitea", rows=0), *FULL[1:])
    back_up(plan, 1, *emptied)
    sizes = [{key: part[key] for key in ("kind", "name", "source_bytes", "bytes")} for part in FULL]
    assert [part.get("rows") for part in ending.expected(plan, sizes)] == [{"public.t": 0}, {"public.t": 100}, None]

    def dry_run(**more: Any) -> dict[str, Any]:
        planned = {"set_id": at(2), "parts": ending.expected(plan, sizes), **ending.identity(plan, options(**more))}
        planned["shrunk"] = [change.to_dict() for change in ending.shrunk(plan, options(**more), planned)[0]]
        return ending.retain(plan, options(**more), at(2), planned, check_mode=True)

    assert dry_run()["held"] == [f'database "gitea": 10,902 rows in {at(0)}, now 0']
    accepted = dry_run(accept_changes=["database gitea"])
    assert accepted == back_up(plan, 2, *emptied, accept_changes=["database gitea"])
    assert accepted["removed"] == [at(1)]
    plan.volumes.append(VolumePart("data", "shop_data", "/nowhere", 0, 0, ()))
    assert [part["empty"] for part in ending.expected(plan, sizes)] == [False, False, True]


class Memory(Repository):
    """A repository without files."""

    def __init__(self) -> None:
        super().__init__("/r")
        self.kept: list[KeptSet] = []
        self.verified: set[str] = set()

    def sets(self) -> list[KeptSet]:
        return list(self.kept)

    def is_verified(self, kept: KeptSet) -> bool:
        return kept.set_id in self.verified

    def remove(self, set_id: str) -> bool:
        self.kept = [kept for kept in self.kept if kept.set_id != set_id]
        return True


NAMES = ("gitea", "openproject", "wiki")
runs = st.fixed_dictionaries(
    {
        "rows": st.fixed_dictionaries({name: st.sampled_from([None, 0, 3, 100]) for name in NAMES}),
        "chosen": st.none() | st.sets(st.sampled_from(NAMES)),
        "exclude": st.sets(st.sampled_from(NAMES), max_size=1),
        "accept": st.sets(st.sampled_from(NAMES)),
        "fails": st.none() | st.sampled_from(NAMES),
        "verified": st.booleans(),
        "hours": st.integers(1, 1500),
    }
)
policies = st.builds(Policy, keep_last=st.integers(0, 3), daily=st.integers(0, 3), monthly=st.integers(0, 2))


@given(st.lists(runs, max_size=14), policies)
def test_no_sequence_of_losses_partial_runs_and_failures_costs_the_last_copy_of_a_part(
    sequence: list[dict[str, Any]], policy: Policy
) -> None:
    repository = Memory()
    last: dict[tuple[str, bool], str] = {}
    moment = MOMENT
    for run in sequence:
        moment += datetime.timedelta(hours=run["hours"])
        set_id = new_id(moment)
        plan = BackupPlan(stack_of(), repository, HERE)
        some = options(
            databases=run["chosen"] and sorted(run["chosen"]),
            exclude=sorted(run["exclude"]),
            accept_changes=[f"database {name}" for name in sorted(run["accept"])],
            retention=policy,
        )
        wanted = [name for name in NAMES if name in (run["chosen"] or NAMES) and name not in run["exclude"]]
        if run["fails"] in wanted:
            plan.not_taken("database", run["fails"], "x", "y")
            wanted.remove(run["fails"])
        parts = [database(name, rows=run["rows"][name]) for name in wanted if run["rows"][name] is not None]
        made: dict[str, Any] = {"set_id": set_id, "parts": parts, **ending.identity(plan, some)}
        made["shrunk"] = [change.to_dict() for change in ending.shrunk(plan, some, made)[0]]
        repository.kept.append(KeptSet(set_id, "", made))
        before = {kept.set_id for kept in repository.kept}
        retention = ending.retain(plan, some, set_id, made)
        remaining = {kept.set_id for kept in repository.kept}
        assert before - remaining == set(retention["removed"])
        assert not retention["removed"] or not (made["incomplete"] or unaccepted(made))
        if run["verified"]:
            repository.verified.add(set_id)
        for kind, name in content_of(made):
            assert kind == "database"
            last[name, False] = set_id
            if run["verified"]:
                last[name, True] = set_id
        assert set(last.values()) <= remaining


RUNS = 14
"""Backups in one sequence."""


def lost_or_grown(state: dict[str, int | None], chance: random.Random) -> None:
    """Change what there is: mostly nothing, sometimes a part is lost, emptied, cut, or made again."""
    for name in NAMES:
        if chance.random() < 0.15:
            state[name] = chance.choice([None, 0, 3, 100, 1000])


@pytest.mark.parametrize("start", range(0, 600, 100))
def test_real_loss_is_a_change_after_any_gap_and_its_last_good_set_stays(start: int) -> None:
    """Sequences with gaps of weeks, in which runs leave parts out: what is lost meanwhile is noticed later."""
    for seed in range(start, start + 100):
        chance = random.Random(seed)
        repository, moment = Memory(), MOMENT
        state: dict[str, int | None] = dict.fromkeys(NAMES, 100)
        policy = Policy(keep_last=chance.randint(1, 3), daily=chance.randint(0, 2), monthly=chance.randint(0, 1))
        good: dict[str, tuple[str, int]] = {}
        still_open: set[str] = set()
        once_accepted: set[str] = set()
        for _run in range(RUNS):
            moment += datetime.timedelta(hours=chance.choice([1, 24, chance.randint(24, 24 * 70)]))
            set_id = new_id(moment)
            lost_or_grown(state, chance)
            left_out = set(chance.sample(NAMES, chance.choice([0, 0, 1, 2])))
            accepted = [name for name in NAMES if chance.random() < 0.1]
            by_list = bool(left_out) and chance.random() < 0.5
            wanted = [name for name in NAMES if name not in left_out]
            some = options(
                databases=wanted if by_list else None,
                exclude=[] if by_list else sorted(left_out),
                accept_changes=[f"database {name}" for name in accepted],
                retention=policy,
            )
            plan = BackupPlan(stack_of(), repository, HERE)
            there = {name: rows for name in wanted for rows in [state[name]] if rows is not None}
            if wanted and chance.random() < 0.1:
                fails = chance.choice(wanted)
                there.pop(fails, None)
                plan.not_taken("database", fails, "x", "y")
                wanted.remove(fails)
            parts = [database(name, rows=rows) for name, rows in there.items()]
            made: dict[str, Any] = {"set_id": set_id, "parts": parts, **ending.identity(plan, some)}
            made["shrunk"] = [change.to_dict() for change in ending.shrunk(plan, some, made)[0]]
            repository.kept.append(KeptSet(set_id, "", made))
            ending.retain(plan, some, set_id, made)
            for name in wanted:
                rows, before = there.get(name), good.get(name, ("", 0))[1]
                is_lost = name in good and (rows is None or rows * 10 < before)
                still_open = still_open | {name} if is_lost else still_open - {name}
                if not is_lost and rows is not None:
                    good[name] = (set_id, rows)
            taken_as_right = {change["name"] for change in made["shrunk"] if change["accepted"]}
            assert still_open.intersection(accepted) <= taken_as_right <= set(accepted)
            once_accepted |= taken_as_right
            for name in taken_as_right:
                still_open.discard(name)
                good.pop(name, None)
                if name in there:
                    good[name] = (set_id, there[name])
            known = {change.name for change in unaccepted(made)}
            assert still_open <= known, (seed, set_id)
            # An accepted change is asked for again where retention has removed the set that accepts it.
            assert known - still_open <= once_accepted, (seed, set_id)
            remaining = {kept.set_id for kept in repository.kept}
            assert {holder for holder, rows in good.values() if rows} <= remaining, (seed, set_id)


# -- what cannot be taken -------------------------------------------------------------------------------------------


def test_incomplete_set_removes_nothing_and_fails_the_run(plan: BackupPlan) -> None:
    back_up(plan, 0, *FULL)
    plan.not_taken("volume", "data", "its folder cannot be read", "start the service that mounts it")
    assert plan.left_out == [{"kind": "volume", "name": "data", "reason": "its folder cannot be read"}]
    made = {"set_id": at(1), "shrunk": [], **ending.identity(plan, options())}
    assert ending.failure(made, options(), "/r/sets/x", check_mode=False) == (
        'volume "data" is not in the set: its folder cannot be read; start the service that mounts it, or name it in '
        f'exclude ("data"). Set {at(1)} was made of everything else (/r/sets/x), and no earlier set was removed'
    )
    assert "would be made of everything else" in ending.failure(made, options(), "/r/sets/x", check_mode=True)
    retention = back_up(plan, 1, *FULL[:2])
    assert (retention["removed"], retention["held"]) == (
        [],
        ['volume "data" is not in the set: its folder cannot be read'],
    )
    assert ids(plan) == [at(0), at(1)]


def test_excluded_part_that_cannot_be_taken_is_no_failure(plan: BackupPlan) -> None:
    plan.not_taken("volume", "data", "its folder cannot be read", "x")
    some = options(exclude=["dat*"])
    made = {"set_id": at(1), "shrunk": [], **ending.identity(plan, some)}
    assert made["incomplete"] == []
    assert ending.failure(made, some, "/r/sets/x", check_mode=False) == ""


def test_pattern_for_names_hides_no_path_that_could_not_be_taken(plan: BackupPlan) -> None:
    plan.not_taken("configuration", "/opt/greatest/app.db", "it could not be read", "x")
    assert len(ending.incomplete(plan, options(exclude=["*test*"]))) == 1
    assert ending.incomplete(plan, options(exclude=["*/app.db"])) == []


def test_long_list_is_cut(plan: BackupPlan) -> None:
    for number in range(7):
        plan.not_taken("database", f"db{number}", "it is invalid", "DROP DATABASE")
    made = {"set_id": at(1), "shrunk": [], **ending.identity(plan, options())}
    message = ending.failure(made, options(), "/r/sets/x", check_mode=False)
    assert message.startswith('database "db0" is not in the set: it is invalid; DROP DATABASE, or name it in exclude')
    assert '"db4"' in message
    assert "(and 2 more). Set" in message


# -- changes --------------------------------------------------------------------------------------------------------


def test_change_is_a_remark_with_the_way_to_accept_it_or_a_failure(plan: BackupPlan) -> None:
    back_up(plan, 0, *FULL)
    made = {**manifest(at(1), database("gitea", rows=0), *FULL[1:]), "incomplete": []}
    changes, remarks = ending.shrunk(plan, options(), made)
    sentence = f'database "gitea": 10,902 rows in {at(0)}, now 0'
    advice = (
        "retention removes nothing until it is fixed, or accepted by name or pattern "
        '(accept_changes: ["database gitea"])'
    )
    assert remarks == [f"{sentence}; {advice}"]
    made["shrunk"] = [change.to_dict() for change in changes]
    assert ending.failure(made, options(), "/p", check_mode=False) == ""
    assert ending.failure(made, options(on_change="fail"), "/p", check_mode=False) == (
        f"{sentence}; {advice}. Set {at(1)} was made nevertheless (/p), and no earlier set was removed"
    )


def test_accepted_change_is_remarked_once_and_a_needless_name_always(plan: BackupPlan) -> None:
    back_up(plan, 0, *FULL)
    some = options(accept_changes=["database gitea", "volume data"])
    made = manifest(at(1), database("gitea", rows=0), *FULL[1:])
    changes, remarks = ending.shrunk(plan, some, made)
    assert [change.accepted for change in changes] == [True]
    assert remarks == [
        f'database "gitea": 10,902 rows in {at(0)}, now 0 (accepted)',
        (
            "accept_changes names volume data, which has not changed: remove it there, so that a later change is not "
            "accepted"
        ),
    ]


def test_identity_says_where_the_set_belongs_and_what_was_chosen(plan: BackupPlan) -> None:
    assert ending.identity(plan, options(databases=["gitea"], exclude=["x"])) == {
        "project": "shop",
        "host": "web1",
        "machine_id": "a" * 32,
        "scope": only(databases=["gitea"], exclude=["x"]),
        "incomplete": [],
    }
