"""Prints what this interpreter and this host lack, as JSON. It imports each module: an installed one can be broken."""

import importlib
import json
import shutil
import sys


def problem_with(module: str) -> str:
    """Why a module cannot be used, or an empty text."""
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        return "not installed" if error.name == module else str(error)
    except Exception as error:  # noqa: BLE001 - a broken package may raise anything
        return f"{type(error).__name__}: {error}"
    # A folder with the same name is imported, too, without a file of its own.
    return "" if imported.__file__ else "not installed"


def numbers(version: str) -> tuple:
    """The leading numbers of a version: 2.32.3 is (2, 32, 3)."""
    parts = []
    for part in version.split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


def wrong_pair() -> str:
    """Why the Docker SDK and requests do not work together, or an empty text: both are installed, each alone works."""
    versions = {name: getattr(sys.modules.get(name), "__version__", "") for name in ("docker", "requests")}
    docker, requests = numbers(versions["docker"]), numbers(versions["requests"])
    if not docker or not requests or docker >= (7, 1) or requests < (2, 32):
        return ""
    return f"{versions['docker']} does not work with requests {versions['requests']}, docker 7.1 or later does"


modules, programs = (words.split(",") for words in sys.argv[1:])
problems = {name: problem_with(name) for name in modules}
if "docker" in problems and not problems["docker"]:
    problems["docker"] = wrong_pair()
result = {
    "interpreter": sys.executable,
    "modules": {name: problem for name, problem in problems.items() if problem},
    "programs": [name for name in programs if shutil.which(name) is None],
    "of_distribution": sys.prefix == "/usr",
    "virtual": sys.prefix != sys.base_prefix,
}
json.dump(result, sys.stdout)
