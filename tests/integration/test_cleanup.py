# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cleanup on a real Docker: what is removed and what is kept. It only works on the tests' own objects."""

from __future__ import annotations

import datetime
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import prune
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock, stack_lock_path
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import UTC
from ansible_collections.maxops.ops.tests.integration.scratch_support import LABEL, ScratchStack, remove_all
from ansible_collections.maxops.ops.tests.integration.support import Module, run, wait_until
from ansible_collections.maxops.ops.tests.integration.test_drill import play
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set

SIZE = 300_000


@pytest.fixture
def cleanup(scratch_stack: ScratchStack, tmp_path: Path) -> Iterator[Module]:
    """The module, limited to the objects of these tests."""
    remove_all()
    defaults = {
        "project_name": scratch_stack.project,
        "repository": str(tmp_path / "repository"),
        "only_labels": [LABEL],
        "days": 0,
        "unused_days": 0,
    }
    yield Module("cleanup", defaults, tmp_path)
    remove_all()


def image(*names: str) -> str:
    """A unique small image with any number of tags; returns its id."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo("content")
        entry.size = SIZE
        archive.addfile(entry, io.BytesIO(os.urandom(SIZE)))
    argv = ["docker", "import", "--change", f"LABEL {LABEL}", "--change", 'CMD ["/content"]', "-", *names[:1]]
    done = subprocess.run(argv, input=content.getvalue(), capture_output=True, check=True)
    for name in names[1:]:
        run("docker", "tag", names[0], name)
    return done.stdout.decode().strip()


def exists(reference: str) -> bool:
    """Whether an image, container or network exists."""
    return run("docker", "inspect", reference, check=False).returncode == 0


def test_unused_objects_are_removed_once_and_their_size_is_shown_first(cleanup: Module) -> None:
    named, nameless = image("maxlitter/old:1", "maxlitter/old:2"), image()
    container = run(
        "docker", "create", "--label", LABEL, "--volume", "/data", "--name", "maxlitter-gone", named
    ).stdout.strip()
    [volume] = [item["Name"] for item in json.loads(run("docker", "inspect", container).stdout)[0]["Mounts"]]
    run("docker", "network", "create", "--label", LABEL, "maxlitter-net")
    try:
        look = cleanup(check_mode=True)
        assert [(item["kind"], item["name"]) for item in look["items"][:1]] == [("container", "maxlitter-gone")]
        sizes = {item["name"]: item["bytes"] for item in look["items"] if item["kind"] == "image"}
        assert sizes == {"maxlitter/old:1": SIZE, nameless.partition(":")[2][:12]: SIZE}
        assert look["freed_bytes"] >= 2 * SIZE
        assert {item["outcome"] for item in look["items"]} == {"would be removed"}
        assert all(map(exists, (named, nameless, container, "maxlitter-net")))
        done = cleanup()
        assert done["changed"]
        assert {item["outcome"] for item in done["items"]} == {"removed"}
        assert done["freed_bytes"] == look["freed_bytes"]
        assert not any(map(exists, (named, nameless, container, "maxlitter-net")))
        assert run("docker", "volume", "inspect", volume).returncode == 0
    finally:
        run("docker", "volume", "rm", volume)
    again = cleanup()
    assert (again["changed"], again["items"]) == (False, [])


def test_needed_objects_are_kept_with_the_reason(cleanup: Module, scratch_stack: ScratchStack) -> None:
    of_a_set, released, named = (
        image(),
        image("maxlitter/x:1", "maxops-release/maxlitter:20260101"),
        image("maxlitter/named:1"),
    )
    used, kept = image("maxlitter/used:1"), image("maxlitter/kept:1")
    labels = ["--label", "com.docker.compose.project=maxlitter-down", "--label", LABEL]
    run("docker", "create", *labels, "--name", "maxlitter-down", used)
    run("docker", "create", "--label", LABEL, "--restart", "always", "--name", "maxlitter-wanted", kept)
    run("docker", "network", "create", *labels, "maxlitter-net")
    repository = Repository(cleanup.defaults["repository"])
    services = {"gitea": {"id": of_a_set, "digests": []}}
    moment = datetime.datetime(2026, 11, 1, tzinfo=UTC)
    folder = make_set(repository, moment, CONTENT, services=services)
    done = cleanup()
    assert (done["changed"], done["items"]) == (False, [])
    assert {item["name"]: item["reason"] for item in done["kept"]} == {
        of_a_set.partition(":")[2][:12]: "backup set 20261101T000000Z was made with it",
        "maxlitter/x:1": "carries the tag of a release",
        "maxlitter/named:1": "the Compose files of maxlitter name it",
        "maxlitter-wanted": "has a restart policy (restart: always), so it was stopped on purpose",
    }
    wanted = ("maxlitter-down", "maxlitter-wanted", "maxlitter-net")
    assert all(map(exists, (of_a_set, released, named, used, kept, *wanted)))
    # A set that was damaged since, or made by a later version, keeps its image as well.
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    assert cleanup()["items"] == []
    # Without a set, and with Compose files that cannot be read, only what has no name goes.
    compose = scratch_stack.folder / "docker-compose.yml"
    text = compose.read_text()
    compose.write_text("services: [")
    try:
        blind = cleanup(repository=str(folder.parent / "nowhere"))
    finally:
        compose.write_text(text)
    assert [item["name"] for item in blind["items"]] == [of_a_set.partition(":")[2][:12]]
    assert "the Compose files of project maxlitter cannot be read" in blind["remarks"][0]
    assert "holds no backup sets" in blind["remarks"][1]
    assert exists(named)


def test_broken_compose_file_of_another_project_protects_only_the_images_that_it_names(
    cleanup: Module, tmp_path: Path
) -> None:
    named, unused, used = image("maxlitter/named-there:1"), image("maxlitter/old:1"), image("maxlitter/used:1")
    broken = tmp_path / "other.yml"
    broken.write_text("services: {a: {image: maxlitter/named-there:1}, b: [")
    project = "com.docker.compose.project"
    labels = [f"{project}=maxlitter-other", f"{project}.working_dir={tmp_path}", f"{project}.config_files={broken}"]
    words = [word for label in [*labels, LABEL] for word in ("--label", label)]
    run("docker", "create", *words, used)
    done = cleanup()
    assert [item["name"] for item in done.get("items", [])] == ["maxlitter/old:1"], done.get("msg")
    assert (exists(named), exists(unused)) == (True, False)
    broken.write_text("services: {a: {image: maxlitter/named-there:$TAG}, b: [")
    left = cleanup()
    assert left["items"] == []
    assert "the Compose files of project maxlitter-other cannot be read" in left["remarks"][0]


def test_parent_image_is_removed_after_its_children(cleanup: Module, tmp_path: Path) -> None:
    base = image("maxlitter/base:1")
    (tmp_path / "more").write_bytes(os.urandom(SIZE))
    (tmp_path / "Dockerfile").write_text("FROM maxlitter/base:1\nCOPY more /more\nCOPY more /again\n")
    environment = dict(os.environ, DOCKER_BUILDKIT="0")
    run("docker", "build", "--quiet", "--tag", "maxlitter/built:1", tmp_path, env=environment)
    run("docker", "create", "--label", LABEL, "--label", "com.docker.compose.project=x", "maxlitter/built:1")
    assert cleanup()["items"] == []
    remove = run("docker", "ps", "--all", "--quiet", "--filter", f"label={LABEL}").stdout.split()
    run("docker", "rm", *remove)
    done = cleanup()
    assert [item["name"] for item in done["items"]][::2] == ["maxlitter/built:1", "maxlitter/base:1"]
    assert [item["bytes"] for item in done["items"]] == [SIZE, SIZE, SIZE]
    assert not exists(base)
    assert not cleanup()["changed"]


def test_young_objects_are_kept(cleanup: Module) -> None:
    image("maxlitter/young:1")
    image()
    run("docker", "create", "--label", LABEL, "maxlitter/young:1")
    done = cleanup(days=1, unused_days=30)
    assert (done["items"], done["changed"]) == ([], False)
    assert cleanup(kinds=["networks"])["items"] == []


def test_image_that_is_used_meanwhile_is_kept_by_the_daemon(cleanup: Module) -> None:
    used = image("maxlitter/raced:1")
    stack = Stack.connect(cleanup.defaults["project_name"])
    [found] = [item for item in prune.images(Engine()) if item.id == used]
    run("docker", "create", "--label", LABEL, "maxlitter/raced:1")
    assert "is using" in prune.remove_image(stack, found)
    assert exists("maxlitter/raced:1")


def test_nothing_is_removed_while_another_job_uses_the_stack(cleanup: Module, scratch_stack: ScratchStack) -> None:
    unused = image("maxlitter/old:1")
    with exclusive_lock(stack_lock_path(scratch_stack.project), "stack", "restore of maxlitter"):
        refused = cleanup()
        assert "is in use: restore of maxlitter by process" in refused["msg"]
        look = cleanup(check_mode=True)
        assert [item["name"] for item in look["items"]] == ["maxlitter/old:1"]
        assert "so nothing could be removed now: restore of maxlitter" in look["remarks"][0]
    assert exists(unused)


def test_leftovers_of_killed_jobs_are_removed(
    cleanup: Module, scratch_stack: ScratchStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "repository"
    temporary = tmp_path / "tmp"
    monkeypatch.setenv("TMPDIR", str(temporary))
    old = time.time() - 2 * 86400
    for path in (temporary / "maxops-abcd1234", repository / "staging" / "20261101T000000Z"):
        path.mkdir(parents=True)
        os.utime(path, (old, old))
    options = {"only_labels": [], "kinds": ["leftovers"], "days": 1}
    with exclusive_lock(str(repository / "lock"), "repository", "backup of another stack"):
        look = cleanup(**options, check_mode=True)
        assert [item["kind"] for item in look["items"]] == ["temporary folder"]
        assert "backup of another stack" in look["kept"][0]["reason"]
    done = cleanup(**options)
    assert [item["kind"] for item in done["items"]] == ["staging", "temporary folder"]
    assert list(temporary.iterdir()) == list((repository / "staging").iterdir()) == []
    assert not cleanup(**options)["changed"]


def test_next_run_removes_what_a_killed_run_left(cleanup: Module) -> None:
    # Many, so that the first is seen to be gone long before the last is.
    ids = {image(f"maxlitter/many:{number}") for number in range(30)}

    def left() -> set[str]:
        return ids & set(run("docker", "images", "--quiet", "--no-trunc", "maxlitter/many").stdout.split())

    process = cleanup.start()
    wait_until(lambda: left() != ids or process.poll() is not None, 30, "the first image is gone")
    process.kill()
    process.communicate()
    assert cleanup()["changed"]
    assert left() == set()


def test_playbook_shows_what_it_will_free_on_every_host(
    cleanup: Module, scratch_stack: ScratchStack, tmp_path: Path
) -> None:
    unused = image("maxlitter/old:1")
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    names = {"repository": "maxops_repository", "project_name": "maxops_project_name"}
    shared = {names.get(name, f"cleanup_{name}"): value for name, value in cleanup.defaults.items()}
    hosts = {"lab": local, "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"maxops": {"hosts": hosts, "vars": shared}}))
    look = play("cleanup", inventory, "--check")
    assert exists(unused)
    assert "300.0 kB" in look.stdout
    done = play("cleanup", inventory)
    assert not exists(unused), done.stdout
    first, last = done.stdout.index("lab: would free 300.0 kB in 1 item"), done.stdout.index("HOST ")
    assert done.stdout.index("image  maxlitter/old:1  300.0 kB", first) < last
    shown = [line.split()[:2] for line in done.stdout[last:].splitlines()[1:3]]
    assert shown == [["gone", "UNREACHABLE"], ["lab", "300.0"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": -1}, "days is -1"),
        ({"project_name": "nobody"}, 'there is no Compose project "nobody"'),
        ({"docker_host": "unix:///nowhere.sock"}, "Docker is not running"),
        ({"kinds": ["volumes"]}, "value of kinds must be one or more of"),
    ],
)
def test_invalid_options_are_refused_with_a_message(cleanup: Module, options: dict[str, object], words: str) -> None:
    result = cleanup(**options)
    assert result["failed"]
    assert words in result["msg"]
