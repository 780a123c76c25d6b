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


modules, programs = (words.split(",") for words in sys.argv[1:])
problems = {name: problem_with(name) for name in modules}
result = {
    "interpreter": sys.executable,
    "modules": {name: problem for name, problem in problems.items() if problem},
    "programs": [name for name in programs if shutil.which(name) is None],
    "of_distribution": sys.prefix == "/usr",
    "virtual": sys.prefix != sys.base_prefix,
}
json.dump(result, sys.stdout)
