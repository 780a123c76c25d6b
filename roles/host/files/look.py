"""Tells what this interpreter and this host lack, as JSON. Imports for real: a package that is there can be broken."""

import importlib
import json
import shutil
import sys


def trouble_with(module: str) -> str:
    """Why a module can't be used, empty if it can."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        return "not installed" if error.name == module else str(error)
    except Exception as error:  # noqa: BLE001 - a broken package may raise anything
        return f"{type(error).__name__}: {error}"
    # A folder that happens to have the name is imported too, without a file of its own.
    return "" if found.__file__ else "not installed"


modules, programs = (words.split(",") for words in sys.argv[1:])
troubles = {name: trouble_with(name) for name in modules}
seen = {
    "interpreter": sys.executable,
    "modules": {name: trouble for name, trouble in troubles.items() if trouble},
    "programs": [name for name in programs if shutil.which(name) is None],
    "of_distribution": sys.prefix == "/usr",
    "virtual": sys.prefix != sys.base_prefix,
}
json.dump(seen, sys.stdout)
