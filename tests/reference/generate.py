# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the documents that repeat other files: docs/reference*.md, docs/variables.md, and the roles' tables of options.

Run as ``make reference``. tests/unit/layout/test_reference.py fails when a document differs from its output.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- options: made by make reference -->", "<!-- /options -->"
_MARKUP = re.compile(r"\b[A-Z]+\(([^()]*(?:\([^()]*\)[^()]*)*)\)")


def load(path: Path) -> Any:
    """The content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# -- content of the collection ------------------------------------------------------------------------------------


def playbooks(root: Path = ROOT) -> dict[str, str]:
    """Each playbook and its description, the name of its play."""
    return {path.stem: load(path)[0]["name"] for path in sorted((root / "playbooks").glob("*.yml"))}


def roles(root: Path = ROOT) -> dict[str, str]:
    """Each role and its description."""
    return {name: spec["short_description"] for name, spec in _specs(root).items()}


def modules(root: Path = ROOT) -> dict[str, str]:
    """Each module and its description."""
    descriptions = {}
    for path in sorted((root / "plugins" / "modules").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        documentation = yaml.safe_load(text.split('DOCUMENTATION = r"""', 1)[1].split('\n"""', 1)[0])
        descriptions[path.stem] = documentation["short_description"]
    return descriptions


def _specs(root: Path) -> dict[str, dict[str, Any]]:
    paths = sorted((root / "roles").glob("*/meta/argument_specs.yml"))
    return {path.parents[1].name: load(path)["argument_specs"]["main"] for path in paths}


def words() -> dict[str, Any]:
    """Korean descriptions, and text that is in no other file, such as the introductions of the pages."""
    content: dict[str, Any] = load(Path(__file__).with_name("words.yml"))
    return content


# -- the reference ------------------------------------------------------------------------------------------------


def reference(language: str, root: Path = ROOT) -> str:
    """The complete page. Raises KeyError for an entry without a description in this language."""
    content = words()
    texts = content["pages"][language]
    lines = [texts["head"]]
    for kind, english in (("playbooks", playbooks(root)), ("roles", roles(root)), ("modules", modules(root))):
        described = english if language == "english" else {name: content[language][kind][name] for name in english}
        lines += ["", f"## {texts[kind]}"]
        lines += [texts["about_playbooks"], ""] if kind == "playbooks" else [""]
        lines += _table([texts["name"], texts["what"]], ([_name(kind, name), described[name]] for name in english))
    lines += ["", f"## {texts['variables']}", texts["about_variables"], ""]
    lines += _fleet_variables(language)
    lines += ["", f"## {texts['words']}", texts["about_words"], "", *_short_words(language)]
    return "\n".join(lines) + "\n"


def _fleet_variables(language: str) -> list[str]:
    content = words()
    texts = content["pages"][language]
    return _table(
        [texts["variable"], texts["meaning"], texts["default"]],
        (
            [f"`{name}`", variable[language], f"`{variable['default']}`" if "default" in variable else texts["none"]]
            for name, variable in content["variables"].items()
        ),
    )


def _short_words(language: str) -> list[str]:
    content = words()
    texts = content["pages"][language]
    return _table(
        [texts["short"], texts["long"]], ([f"`{short}`", f"`{name}`"] for short, name in content["short_words"].items())
    )


def _name(kind: str, name: str) -> str:
    return {
        "playbooks": f"`{name}`",
        "roles": f"[`{name}`](../roles/{name}/README.md)",
        "modules": f"`maxops.ops.{name}`",
    }[kind]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    cells = [list(head)]
    lines = [f"| {' | '.join(cells[0])} |", f"| {' | '.join('---' for _ in cells[0])} |"]
    return lines + [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]


# -- options of roles ---------------------------------------------------------------------------------------------


def options_of(role: str, root: Path = ROOT) -> str:
    """The table of a role's options, between the two lines that mark it."""
    options = _specs(root)[role]["options"]
    rows = ([f"`{name}`", _type(option), _default(option), _text(option)] for name, option in options.items())
    return "\n".join([BEGIN, *_table(["option", "type", "default", "what for"], rows), END])


def variables_page(root: Path = ROOT) -> str:
    """The page with the variables of all roles, those of the whole fleet first."""
    content = words()
    texts = content["pages"]["english"]
    lines = [content["variables_page"], "", "## All playbooks and roles", "", *_fleet_variables("english")]
    lines += ["", texts["about_words"], "", *_short_words("english")]
    for role, description in roles(root).items():
        playbook = (root / "playbooks" / f"{role}.yml").exists()
        run = f"`ansible-playbook maxops.ops.{role}`: " if playbook else "Role: "
        lines += ["", f"## {role}", "", f"{run}{description[0].lower()}{description[1:]}.", ""]
        lines += options_of(role, root).splitlines()[1:-1]
    return "\n".join(lines) + "\n"


def readme_of(role: str, root: Path = ROOT) -> str:
    """A role's README with the current table. Raises ValueError where the lines that mark it are missing."""
    text = (root / "roles" / role / "README.md").read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"roles/{role}/README.md needs exactly one line {BEGIN!r} and one {END!r}")
    before, _, rest = text.partition(BEGIN)
    return before + options_of(role, root) + rest.partition(END)[2]


def _type(option: Mapping[str, Any]) -> str:
    kind = option.get("type", "str")
    return f"{kind} of {option['elements']}" if "elements" in option else str(kind)


def _default(option: Mapping[str, Any]) -> str:
    if option.get("required"):
        return "required"
    if option.get("default") is None:
        return ""
    value = option["default"]
    return f"`{value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)}`"


def _text(option: Mapping[str, Any]) -> str:
    described = option["description"]
    sentences = [described] if isinstance(described, str) else list(described)
    if "choices" in option:
        sentences.append(f"One of {', '.join(f'V({choice})' for choice in option['choices'])}.")
    for name, inner in option.get("options", {}).items():
        text = inner["description"]
        sentences.append(f"V({name}): {text if isinstance(text, str) else ' '.join(text)}")
    return _MARKUP.sub(lambda match: f"`{match[1].removeprefix('main:').partition('#')[0]}`", " ".join(sentences))


def documents(root: Path = ROOT) -> dict[Path, str]:
    """Every document that this program writes, and its content."""
    pages = {root / "docs" / page["file"]: reference(name, root) for name, page in words()["pages"].items()}
    pages[root / "docs" / "variables.md"] = variables_page(root)
    return {**pages, **{root / "roles" / role / "README.md": readme_of(role, root) for role in _specs(root)}}


def main() -> None:
    """Write the documents that are not current."""
    for path, text in documents().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
