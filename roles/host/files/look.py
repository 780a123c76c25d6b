"""Tells what this interpreter and this host lack, as JSON. Imports for real: a package that is there can be broken."""

import importlib
import json
import shutil
import sys

modules, programs = (words.split(",") for words in sys.argv[1:])
# A module's own folder comes first on the path; a folder called "docker" beside it would pass for the package.
sys.path[:] = [entry for entry in sys.path if entry not in ("", sys.path[0])]

missing = {}
for name in modules:
    try:
        if importlib.import_module(name).__file__ is None:
            missing[name] = "not installed"
    except ModuleNotFoundError as error:
        missing[name] = "not installed" if error.name == name else str(error)
    except Exception as error:  # a broken package may raise anything
        missing[name] = f"{type(error).__name__}: {error}"

print(
    json.dumps(
        {
            "interpreter": sys.executable,
            "modules": missing,
            "programs": [name for name in programs if shutil.which(name) is None],
            "of_distribution": sys.prefix == "/usr",
            "virtual": sys.prefix != sys.base_prefix,
        }
    )
)
