# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image drift: does what runs come from the images that its names stand for now? Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import OK, WARNING, Finding

from ..view import View

CHECK = "images"


def check_images(view: View) -> Iterator[Finding]:
    """Each service's image against the one that its name stands for on this host."""
    known = view.engine.images({each.container.image for each in view.stack().inspections})
    up = view.stack().compose.command("up", "--detach")
    seen = set()
    for inspection in view.stack().inspections:
        container = inspection.container
        name = container.image
        key = (container.service, name, container.image_id)
        if key in seen:
            continue
        seen.add(key)
        short = container.image_id.partition(":")[2][:12]
        now = known.get(name)
        drifted = now != container.image_id and view.limit(CHECK, "drift")
        view.measure("image_drift", float(now != container.image_id), service=container.service)
        if not drifted:
            yield Finding(CHECK, container.service, OK, f"runs from {name}", evidence=(short,))
        elif now is None:
            said = f"runs from {short}, and its name {name} is gone from this host"
            fix = f"docker pull {name}: else it cannot be made anew, after a restart of the host either"
            yield Finding(CHECK, container.service, WARNING, said, name, (short,), fix)
        else:
            said = f"runs from {short}, but {name} is {now.partition(':')[2][:12]} by now"
            fix = f"an image was pulled or built and not put to use: update.yml, or {up}"
            yield Finding(CHECK, container.service, WARNING, said, name, (short,), fix)
