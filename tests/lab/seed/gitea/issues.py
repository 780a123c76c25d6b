"""Issues, their comments and attachments, and their counters."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

from .. import contents, dates, people
from ..dates import unix
from ..loading import Loader, line
from .plan import COMMENTS, Plan, comments_before

ISSUES_AT_ONCE = 4_000
FILES_AT_ONCE = 200
LONGEST_TEXT = 260


def load_issues(plan: Plan, loader: Loader, start: int) -> None:
    stop = min(start + ISSUES_AT_ONCE, plan.size.issues)
    rng = plan.rng(f"issues {start}")
    loader.progress.doing = f"issue {start} of {plan.size.issues}"
    opened = [dates.moment(rng) for _issue in range(start, stop)]
    loader.copy(
        "issue",
        "id, repo_id, index, poster_id, name, content, is_closed, is_pull, num_comments, created_unix, updated_unix,"
        " closed_unix, original_author, priority, ref, deadline_unix, milestone_id",
        _issues(plan, rng, start, opened),
    )
    loader.copy(
        "comment",
        "id, type, poster_id, issue_id, content, created_unix, updated_unix, original_author, commit_id, line, tree_path,"
        " patch, review_id, invalidated",
        _comments(plan, rng, start, opened),
    )


def _issues(plan: Plan, rng: random.Random, start: int, opened: list[int]) -> Iterator[bytes]:
    for at, second in enumerate(opened, start):
        closed = rng.random() < 0.7
        last = second + rng.randrange(1 + (dates.LENGTH - second) // 2)
        index = at // len(plan.repositories) + 1
        yield line(plan.first["issue"] + at, plan.repositories[at % len(plan.repositories)].number, index, plan.person(rng),
                   plan.writer.title(rng), _text(plan, rng), closed, rng.random() < 0.15, COMMENTS[at % len(COMMENTS)],
                   unix(second), unix(last), unix(last) if closed else 0, "", 0, "", 0, 0)


def _comments(plan: Plan, rng: random.Random, start: int, opened: list[int]) -> Iterator[bytes]:
    for at, second in enumerate(opened, start):
        number, written = plan.first["comment"] + comments_before(at), second
        for position in range(COMMENTS[at % len(COMMENTS)]):
            written += 60 + rng.randrange(1 + (dates.LENGTH - written) // 4)
            yield line(number + position, 0, plan.person(rng), plan.first["issue"] + at, _text(plan, rng), unix(written),
                       unix(written), "", 0, 0, "", "", 0, False)


def _text(plan: Plan, rng: random.Random) -> bytes:
    return plan.writer.copy(rng, min(LONGEST_TEXT, int(rng.lognormvariate(4.7, 0.6))))


def load_attachments(plan: Plan, loader: Loader, start: int) -> None:
    loader.progress.doing = f"attachment {start} of {plan.size.attachments}"
    loader.copy(
        "attachment",
        "id, uuid, repo_id, issue_id, release_id, uploader_id, comment_id, name, size, created_unix",
        _attachments(plan, loader, start, min(start + FILES_AT_ONCE, plan.size.attachments)),
    )


def _attachments(plan: Plan, loader: Loader, start: int, stop: int) -> Iterator[bytes]:
    rng = plan.rng(f"attachments {start}")
    for number in range(start, stop):
        one = contents.content(plan.writer, rng, contents.small_size(rng) * 2)
        name = str(uuid.UUID(bytes=rng.randbytes(16), version=4))
        path = plan.attachment_files / name[0] / name[1] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.data)
        loader.progress.add(len(one.data))
        issue = rng.randrange(plan.size.issues)
        yield line(plan.first["attachment"] + number, name, plan.repositories[issue % len(plan.repositories)].number,
                   plan.first["issue"] + issue, 0, plan.person(rng), 0, one.name, len(one.data), unix(dates.moment(rng)))


def load_counters(plan: Plan, loader: Loader) -> None:
    """Gitea keeps these itself, row by row."""
    ours = (plan.first["repository"], plan.first["repository"] + len(plan.repositories) - 1)
    loader.run(
        """
        UPDATE repository SET num_issues = issues, num_closed_issues = closed_issues, num_pulls = pulls,
            num_closed_pulls = closed_pulls
        FROM (
            SELECT repo_id, count(*) FILTER (WHERE NOT is_pull) AS issues,
                count(*) FILTER (WHERE NOT is_pull AND is_closed) AS closed_issues,
                count(*) FILTER (WHERE is_pull) AS pulls,
                count(*) FILTER (WHERE is_pull AND is_closed) AS closed_pulls
            FROM issue GROUP BY repo_id
        ) AS counted
        WHERE repository.id = counted.repo_id AND repository.id BETWEEN %s AND %s
        """,
        ours,
    )
    loader.run(
        "INSERT INTO issue_index (group_id, max_index)"
        " SELECT repo_id, max(index) FROM issue WHERE repo_id BETWEEN %s AND %s GROUP BY repo_id",
        ours,
    )
    users = (plan.first["user"], plan.first["user"] + len(plan.people) + len(people.TEAMS) - 1)
    loader.run(
        'UPDATE "user" SET num_repos = (SELECT count(*) FROM repository WHERE owner_id = "user".id)'
        " WHERE id BETWEEN %s AND %s",
        users,
    )
    loader.run(
        "UPDATE team SET num_repos = (SELECT count(*) FROM repository WHERE owner_id = team.org_id)"
        " WHERE org_id BETWEEN %s AND %s",
        users,
    )
