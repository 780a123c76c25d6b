# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file that the Compose files draw in is found, by the rules of Compose."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import compose_files
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose_files import DrawnFiles, drawn_files
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject


def write(folder: Path, **files: str) -> None:
    """Write files; in the names, ``__`` stands for a slash and ``_`` for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(folder: Path, compose: str, **environment: str) -> DrawnFiles:
    (folder / "compose.yml").write_text(compose)
    return drawn_files(ComposeProject("shop", str(folder), (str(folder / "compose.yml"),)), environment)


def paths(folder: Path, compose: str, **environment: str) -> dict[str, str]:
    """Path below the folder → kind."""
    drawn = found(folder, compose, **environment)
    assert drawn.remarks == []
    return {file.path.replace(f"{folder}/", ""): file.kind for file in drawn.files}


@pytest.mark.parametrize(
    ("compose", "expected"),
    [
        ("services: {a: {env_file: a.env}}", {"a.env": "environment file"}),
        ("services: {a: {env_file: [a.env, ../b.env]}}", {"a.env": "environment file", "/b.env": "environment file"}),
        ("services: {a: {env_file: [{path: a.env, required: true}]}}", {"a.env": "environment file"}),
        ("services: {a: {label_file: [l, m]}}", {"l": "label file", "m": "label file"}),
        ("secrets: {s: {file: ./s.txt}, t: {external: true}}", {"s.txt": "secret"}),
        ("configs: {c: {file: /etc/c.txt}, d: {content: x}}", {"/etc/c.txt": "config"}),
        ("services: {a: {env_file: !override [a.env]}, b: {env_file: !reset null}}", {"a.env": "environment file"}),
        ("x-a: &a {env_file: a.env}\nservices: {b: {<<: *a, image: x}}", {"a.env": "environment file"}),
        (
            "services: {a: {env_file: a.env}}\n---\nservices: {a: {env_file: b.env}}",
            dict.fromkeys(("a.env", "b.env"), "environment file"),
        ),
        ("services: {a: {develop: {watch: [{path: ./src}]}, volumes: [data:/d, './gone:/x']}}", {}),
        ("services: null\nsecrets: null\ninclude: null", {}),
        ("[a, list]", {}),
        ("", {}),
    ],
)
def test_files_of_services_secrets_and_configs(tmp_path: Path, compose: str, expected: dict[str, str]) -> None:
    expected = {path.replace("/b.env", f"{tmp_path.parent}/b.env"): kind for path, kind in expected.items()}
    assert paths(tmp_path, compose) == expected


def test_included_files_bring_their_own_files_folder_and_variables(tmp_path: Path) -> None:
    write(
        tmp_path,
        app__compose_yml="include: nested/n.yml\nservices: {a: {env_file: '${WHERE}.env'}}",
        app___env="WHERE=app-side",
        app__nested__n_yml="services: {n: {env_file: n.env}}",
        other__compose_yml="services: {o: {env_file: '${WHERE}.env'}}",
        other__more_yml="services: {o: {label_file: more}}",
        env__other_env="WHERE=other-side",
        _env="UNUSED=1",
    )
    compose = (
        "include:\n- app/compose.yml\n"
        "- {path: [other/compose.yml, other/more.yml], project_directory: place, env_file: env/other.env}\n"
    )
    assert paths(tmp_path, compose) == {
        "app/.env": "environment file",
        "app/compose.yml": "Compose file",
        "app/nested/n.yml": "Compose file",
        "app/nested/n.env": "environment file",
        "app/app-side.env": "environment file",
        "env/other.env": "environment file",
        "other/compose.yml": "Compose file",
        "place/other-side.env": "environment file",
        "other/more.yml": "Compose file",
        "place/more": "label file",
    }


def test_projects_own_variables_win_over_those_of_an_include(tmp_path: Path) -> None:
    write(tmp_path, app__c_yml="services: {a: {env_file: '${W}.env'}}", app___env="W=theirs", _env="W=ours")
    assert "app/ours.env" in paths(tmp_path, "include: [app/c.yml]")
    assert "app/given.env" in paths(tmp_path, "include: [app/c.yml]", W="given")


def test_extended_service_brings_its_files_and_no_other_service_does(tmp_path: Path) -> None:
    write(
        tmp_path,
        base__b_yml="services: {one: {env_file: one.env, extends: two}, two: {env_file: two.env, "
        "extends: {file: ../c.yml, service: three}}, unused: {env_file: unused.env}}",
        c_yml="services: {three: {env_file: three.env, extends: {service: three}}}",
    )
    assert set(paths(tmp_path, "services: {a: {extends: {file: base/b.yml, service: one}}, d: {extends: a}}")) == {
        "base/b.yml",
        "base/one.env",
        "base/two.env",
        "c.yml",
        "three.env",
    }


def test_only_mounted_files_count_in_both_forms(tmp_path: Path) -> None:
    write(tmp_path, a_conf="", b_conf="", folder__x="", _env="NAME=b")
    volumes = (
        "['./a.conf:/a.conf:ro', './folder:/folder', '${NAME}.conf:/b', {type: bind, source: b.conf, target: /b}, "
        "{type: volume, source: a.conf, target: /c}, /d, './${NAME:-x}.conf:/e']"
    )
    assert paths(tmp_path, f"services: {{a: {{volumes: {volumes}}}}}") == dict.fromkeys(
        ("a.conf", "b.conf"), "mounted file"
    )


def test_file_that_need_not_exist_and_one_that_must_are_told_apart(tmp_path: Path) -> None:
    drawn = found(tmp_path, "services: {a: {env_file: [{path: x.env, required: false}, y.env]}}")
    assert [(Path(file.path).name, file.required) for file in drawn.files] == [("x.env", False), ("y.env", True)]


def test_include_of_itself_ends(tmp_path: Path) -> None:
    assert paths(tmp_path, "include: [compose.yml]\nservices: {a: {extends: {file: compose.yml, service: a}}}") == {
        "compose.yml": "Compose file"
    }


@pytest.mark.parametrize(
    ("build", "context"),
    [(".", ""), ("./web", "/web"), ("{context: web}", "/web"), ("{dockerfile: x}", "")],
)
def test_build_folders_are_named(tmp_path: Path, build: str, context: str) -> None:
    drawn = found(tmp_path, f"services: {{web: {{build: {build}}}}}")
    assert (drawn.contexts, drawn.files) == ({"web": f"{tmp_path}{context}"}, [])


@pytest.mark.parametrize(
    ("compose", "words"),
    [
        ("include: ['https://u:s3cret@git.example/x.git']", "draws in https://git.example/x.git, which is not on this"),
        ("include: ['oci://example/x:1']", "draws in oci://example/x:1, which is not on this host"),
        ("services: {a: {env_file: '$NOPE/x.env'}}", "NOPE is not set in any environment file on this host"),
        ("secrets: {s: {environment: SHELL_ONLY}}", "secret s comes from the variable SHELL_ONLY"),
        ("services: {a: [s3cret", "is not valid YAML (line 1), so the files that it draws in are not known"),
        ("services: {a: {environment: {X: *s3cret}}}", "is not valid YAML (line 1)"),
    ],
)
def test_what_stays_unknown_is_a_remark_without_secrets(tmp_path: Path, compose: str, words: str) -> None:
    [remark] = found(tmp_path, compose).remarks
    assert words in remark
    assert "s3cret" not in remark


def test_secret_from_an_environment_file_is_known(tmp_path: Path) -> None:
    write(tmp_path, _env="KNOWN=1")
    assert paths(tmp_path, "secrets: {s: {environment: KNOWN}}") == {}


def test_without_yaml_it_is_said_that_nothing_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose_files, "YAML_IMPORT_ERROR", "ImportError")
    drawn = found(tmp_path, "services: {a: {env_file: a.env}}")
    assert drawn.files == []
    assert "PyYAML is not installed" in drawn.remarks[0]
    assert "python3-yaml" in drawn.remarks[0]
