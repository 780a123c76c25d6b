"""The house's own rules: what may lean on what, and lists that must not drift apart."""

import ast
import re
from fnmatch import fnmatch
from importlib.metadata import distributions
from itertools import chain
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UTILS = ROOT / "plugins" / "module_utils"
UTILS_PACKAGE = "ansible_collections.maxops.ops.plugins.module_utils"

# Top floor first, as shell patterns; docs/architecture.md tells what each floor is for. A new room whose name none of
# them fits gets its floor here.
FLOORS = {
    "door": ["module_*"],
    "jobs": ["*_extract", "*_job", "*_load", "*_part", "*_plan", "*_swap", "diagnosis*", "health*", "*_sync", "verif*"],
    "kept": ["*_journal", "alert_state", "backup_set", "old_dumps", "release*", "repository*", "retention", "verdict"],
    "outside": [
        "gitea*",
        "host",
        "network",
        "notify",
        "openproject*",
        "postgresql*",
        "redis",
        "services",
        "stack*",
        "volume",
    ],
    "tools": [
        "alert_text",
        "crew",
        "errors",
        "exposition",
        "files",
        "findings",
        "http*",
        "log_text",
        "masking",
        "moments",
        "paging",
        "process",
        "progress",
        "slots",
        "version",
    ],
}
# The Docker SDK lets exceptions of requests through, so its room has to know them.
LIBRARY_ROOMS = {
    "apprise": {"notify"},
    "docker": {"stack"},
    "psycopg2": {"postgresql"},
    "requests": {"http", "stack"},
}

rooms = sorted(path.stem for path in UTILS.glob("*.py") if path.stem != "__init__")
modules = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")
roles = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "tasks").is_dir())
playbooks = sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def imported(path):
    """Full names of what a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_used_by(path):
    prefix = f"{UTILS_PACKAGE}."
    return {name[len(prefix) :].split(".")[0] for name in imported(path) if name.startswith(prefix)}


def floor_of(room):
    fitting = [
        number for number, patterns in enumerate(FLOORS.values()) if any(fnmatch(room, pattern) for pattern in patterns)
    ]
    assert len(fitting) == 1, f"{room}.py stands on {len(fitting)} floors: give it one in FLOORS"
    return fitting[0]


@pytest.mark.parametrize("room", rooms)
def test_room_leans_only_on_its_own_floor_and_those_below(room):
    floor = floor_of(room)
    above = {other for other in rooms_used_by(UTILS / f"{room}.py") if floor_of(other) < floor}
    assert not above, f"{room}.py leans on rooms above it"


def test_no_circles_between_rooms():
    left = {room: rooms_used_by(UTILS / f"{room}.py") & set(rooms) for room in rooms}
    while free := {room for room, used in left.items() if not used & set(left)}:
        left = {room: used for room, used in left.items() if room not in free}
    assert not left, "these rooms import each other in a circle"


@pytest.mark.parametrize("path", sorted((ROOT / "plugins").rglob("*.py")), ids=lambda path: path.stem)
def test_library_is_imported_only_in_its_own_room(path):
    used = {name.split(".")[0] for name in imported(path)}
    strangers = [
        library
        for library, homes in LIBRARY_ROOMS.items()
        if library in used and (path.parent != UTILS or path.stem not in homes)
    ]
    assert not strangers


@pytest.mark.parametrize("room", [room for room in rooms if not room.startswith("module_")])
def test_work_knows_no_ansible(room):
    assert "ansible" not in {name.split(".")[0] for name in imported(UTILS / f"{room}.py")}


def test_action_group_lists_every_module_that_works_on_a_stack():
    sources = {name: (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8") for name in modules}
    members = sorted(name for name, text in sources.items() if "maxops.ops.attributes.actiongroup_maxops" in text)
    assert sorted(load(ROOT / "meta" / "runtime.yml")["action_groups"]["maxops"]) == members
    assert [name for name, text in sources.items() if "  - maxops.ops.stack\n" in text and name not in members] == []


def test_version_is_the_same_everywhere():
    text = (UTILS / "version.py").read_text(encoding="utf-8")
    assert re.search(r'VERSION = "(.+)"', text).group(1) == load(ROOT / "galaxy.yml")["version"]


def test_awx_gets_the_collections_that_galaxy_names():
    for_awx = {each["name"]: each["version"] for each in load(ROOT / "collections" / "requirements.yml")["collections"]}
    assert for_awx == load(ROOT / "galaxy.yml")["dependencies"]


@pytest.mark.parametrize("role", roles)
def test_role_defaults_are_its_argument_specs(role):
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml") or {}
    options = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options", {})
    without_default = {name for name, option in options.items() if option.get("required") or "default" not in option}
    assert set(defaults) - set(options) == set(), "defaults that no argument spec tells of"
    assert set(options) - set(defaults) - without_default == set(), (
        "options with a default that defaults/main.yml lacks"
    )
    for name, value in defaults.items():
        told = options[name].get("default")
        # A default that reads a variable cannot be told as a value.
        if told is not None and not (isinstance(value, str) and "{{" in value):
            assert told == value, name


@pytest.mark.parametrize("role", roles)
def test_role_names_its_variables_after_itself(role):
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml") or {}
    internal = ROOT / "roles" / role / "vars" / "main.yml"
    assert [name for name in defaults if not name.startswith(f"{role}_")] == []
    if internal.exists():
        assert [name for name in load(internal) or {} if not name.startswith(f"__{role}_")] == []


@pytest.mark.parametrize("role", roles)
def test_role_readme_tells_every_option(role):
    options = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options", {})
    readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert [name for name in options if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("playbook", playbooks)
def test_playbook_is_short_and_for_any_hosts(playbook):
    for play in load(ROOT / "playbooks" / playbook):
        assert play["hosts"] == "{{ target | default('maxops') }}"
        assert play["gather_facts"] is False
        assert len(play["tasks"]) <= 3
        for task in play["tasks"]:
            role = task.get("ansible.builtin.include_role", {}).get("name", "")
            assert role.startswith("maxops.ops.") or any(key.startswith("maxops.ops.") for key in task), task["name"]


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_readme_tells_of_everything_in_the_collection(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    wanted = chain(modules, roles, (Path(playbook).stem for playbook in playbooks))
    assert [each for each in wanted if f"`{each}`" not in text and f"`maxops.ops.{each}`" not in text] == []


def test_both_manuals_have_the_same_sections():
    english, korean = (
        re.findall(r"^#+ (\d+(?:\.\d+)?)", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.MULTILINE)
        for name in ("manual.md", "manual.ko.md")
    )
    assert english == korean
    assert len(english) > 30


def test_everything_installed_is_pinned_once():
    pins = []
    for name in ("requirements.txt", "tests/requirements.txt", "tests/constraints.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        pins += [line.partition("==") for line in lines if line and not line.startswith("#")]
    names = [normalised(name) for name, _, _ in pins]
    assert [name for name in names if names.count(name) > 1] == []
    assert [name for name, _, version in pins if not version] == []
    # pip and setuptools come with the virtual environment, in its Python's version.
    installed = {normalised(each.name) for each in distributions()} - {"pip", "setuptools", "wheel"}
    assert installed - set(names) == set()


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_links_in_the_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "roles").glob("*/README.md")]
    links = [
        (document, target)
        for document in documents
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:")
    ]
    assert [link for link in links if not (link[0].parent / link[1]).exists()] == []
