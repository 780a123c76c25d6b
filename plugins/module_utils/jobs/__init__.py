# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses a Python that is too old, in one sentence. Python reads this file before any job, so before newer syntax.

Every module imports its job first (tests/unit/layout/test_modules.py).
"""

import json
import sys

if sys.version_info < (3, 9):  # noqa: UP036 - an older one is what this is for
    # As ansible-core itself does it: nothing else of this collection can be imported here.
    message = (
        f"maxops.ops needs Python 3.9 or later on the managed host, and {sys.executable} is {sys.version.split()[0]}: "
        "install a newer one, and set ansible_python_interpreter to its path"
    )
    sys.stdout.write(json.dumps({"failed": True, "msg": message}))
    raise SystemExit(1)
