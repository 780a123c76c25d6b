# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is removed from a host: never what a container, a Compose file, a release or a backup set needs."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.cleanup.plan import (
    CleanupOptions,
    Plan,
    Protection,
    carries,
    freed_by,
    plan_build_cache,
    plan_containers,
    plan_images,
    plan_networks,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.prune import (
    AnyContainer,
    CacheRecord,
    Image,
    Network,
)

DAY = 86400.0
NOW = 100 * DAY
OPTIONS = CleanupOptions(Access("lab"), "/nowhere")
COMPOSE = {"com.docker.compose.project": "other"}


def image(name, age=50.0, parent="", layers=(), tagged=True, **more):
    tags = (f"{name}:1",) if tagged else ()
    facts = {"digests": (), "size": 0, "labels": {}, **more}
    return Image(id=name, tags=tags, parent=parent, since=NOW - age * DAY, layers=tuple(layers), **facts)


def container(name, state="exited", age=5.0, image_id="", **more):
    facts = {"labels": {}, "networks": (), **more}
    return AnyContainer(id=name, name=name, image_id=image_id, state=state, since=NOW - age * DAY, **facts)


def planned_images(images, containers=(), protection=None, options=OPTIONS):
    plan = Plan()
    plan_containers(plan, containers, options, NOW)
    plan_images(plan, images, containers, protection or Protection(), options, NOW)
    going = [item.target.id for item in plan.items if item.kind == "image"]
    return going, {item["name"]: item["reason"] for item in plan.kept}


def test_old_unused_image_is_removed():
    assert planned_images([image("old")]) == (["old"], {})


@pytest.mark.parametrize("state", ["running", "paused", "exited", "created", "restarting"])
def test_image_of_a_projects_container_is_kept_in_every_state(state):
    used = container("c", state, age=300, image_id="old", labels=COMPOSE)
    assert planned_images([image("old")], [used]) == ([], {})


def test_image_of_a_removed_container_is_removed():
    assert planned_images([image("old")], [container("c", image_id="old")])[0] == ["old"]
    kept = container("c", image_id="old", restart="always")
    assert planned_images([image("old")], [kept])[0] == []


@pytest.mark.parametrize(
    ("protection", "more", "reason"),
    [
        (Protection({"old": "backup set X was made with it"}), {}, "backup set X was made with it"),
        (Protection({"a@sha256:1": "by digest"}), {"digests": ("a@sha256:1",)}, "by digest"),
        (Protection(), {"tags": ("a:1", "maxops-release/gitea:20260101")}, "carries the tag of a release"),
        (Protection(blind="files unreadable"), {}, "files unreadable"),
    ],
)
def test_needed_image_is_kept_with_the_reason(protection, more, reason):
    old = dataclasses.replace(image("old"), **more)
    assert planned_images([old], protection=protection) == ([], {old.tags[0]: reason})


def test_untagged_image_of_a_set_is_kept():
    nameless = image("f" * 64, tagged=False)
    assert planned_images([nameless], protection=Protection({nameless.id: "set"}))[0] == []


def test_untagged_image_is_removed_even_if_compose_files_cannot_be_read():
    assert planned_images([image("x", tagged=False)], protection=Protection(blind="unreadable"))[0] == ["x"]


def test_young_images_are_kept():
    images = [image("tagged", age=29), image("nameless", age=0.5, tagged=False)]
    going, kept = planned_images(images)
    assert going == []
    assert kept["tagged:1"] == "is younger than 30 days"


def test_pattern_keeps_images_by_their_names():
    options = dataclasses.replace(OPTIONS, keep_images=("ol*",))
    assert planned_images([image("old"), image("other")], options=options)[0] == ["other"]


def test_parent_images_are_removed_after_their_children():
    images = [image("base", tagged=False), image("middle", parent="base", tagged=False), image("top", parent="middle")]
    assert planned_images(images)[0] == ["top", "middle", "base"]


def test_parent_of_a_kept_image_is_kept():
    images = [image("base"), image("middle", parent="base", tagged=False), image("top", parent="middle")]
    used = container("c", "running", image_id="top")
    assert planned_images(images, [used]) == ([], {})
    protected = Protection({"middle": "set"})
    going, kept = planned_images(images, protection=protected)
    assert going == ["top"]
    assert "base:1" not in kept


def test_labels_limit_the_cleanup():
    options = dataclasses.replace(OPTIONS, only_labels=("ci=true", "branch"))
    images = [image("other"), image("half", labels={"ci": "true"}), image("ours", labels={"ci": "true", "branch": "x"})]
    assert planned_images(images, options=options) == (["ours"], {})
    assert not carries({"ci": "false"}, ["ci=true"])


def test_freed_bytes_count_each_removed_layer_once():
    stays = image("stays", layers=["a", "b"])
    one, two = image("one", layers=["a", "b", "c"]), image("two", layers=["a", "b", "c", "d"])
    sizes = {"one": {"a": 1000, "b": 100, "c": 10}, "two": {"a": 1000, "b": 100, "c": 10, "d": 1}}
    assert freed_by([two, one], [stays, one, two], sizes) == {"two": 1, "one": 10}
    assert freed_by([one], [stays, one, two], sizes) == {"one": 0}


def test_only_stopped_containers_outside_projects_are_removed():
    plan = Plan()
    containers = [
        container("forgotten"),
        container("never-started", "created"),
        container("running", "running"),
        container("of-a-project", labels=COMPOSE),
        container("of-a-swarm", labels={"com.docker.swarm.task.id": "x"}),
        container("young", age=0.5),
        container("wanted", restart="unless-stopped"),
        container("helper", labels={"ops.maxops.helper": "/x"}),
        container("living-helper", "running", labels={"ops.maxops.helper": "/x"}),
    ]
    plan_containers(plan, containers, OPTIONS, NOW)
    assert [(item.kind, item.name) for item in plan.items] == [
        ("container", "forgotten"),
        ("container", "never-started"),
        ("helper", "helper"),
    ]
    assert {item["name"] for item in plan.kept} == {"young", "wanted", "living-helper"}


@pytest.mark.parametrize(("kinds", "names"), [(["containers"], ["c"]), (["leftovers"], ["h"]), (["images"], [])])
def test_kinds_choose_containers_or_leftovers(kinds, names):
    plan = Plan()
    both = [container("c"), container("h", labels={"ops.maxops.helper": "/x"})]
    plan_containers(plan, both, dataclasses.replace(OPTIONS, kinds=kinds), NOW)
    assert [item.name for item in plan.items] == names


def test_networks_of_stopped_containers_and_projects_are_kept():
    plan = Plan()
    leaving = container("leaving", networks=("n-leaving",))
    stopped = container("stopped", labels=COMPOSE, networks=("used", "n-used"))
    plan_containers(plan, [leaving, stopped], OPTIONS, NOW)
    networks = [
        Network("n-used", "used", {}, 0),
        Network("n-other", "other_default", COMPOSE, 0),
        Network("n-young", "young", {}, NOW - 10),
        Network("n-leaving", "leaving", {}, 0),
        Network("n-gone", "gone_default", {"com.docker.compose.project": "gone"}, 0),
    ]
    plan_networks(plan, networks, [leaving, stopped], OPTIONS, NOW)
    assert [item.name for item in plan.items if item.kind == "network"] == ["leaving", "gone_default"]


def test_recently_used_build_cache_is_kept():
    plan = Plan()
    records = [CacheRecord("a", 5, NOW - 2 * DAY, False), CacheRecord("b", 7, NOW, False), CacheRecord("c", 9, 0, True)]
    plan_build_cache(plan, records, OPTIONS, NOW)
    [item] = plan.items
    assert (item.bytes, item.name) == (5, "1 record")
