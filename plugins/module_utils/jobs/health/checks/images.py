# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image drift: whether the containers run the images that their names refer to now."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import OK, WARNING, Finding

from ..view import View

CHECK = "images"


def check_images(view: View) -> Iterator[Finding]:
    """The image of every service, compared with the one that its name refers to on this host."""
    images = view.engine.images({inspection.container.image for inspection in view.stack().inspections})
    up = view.stack().compose.command("up", "--detach")
    compared = set()
    for inspection in view.stack().inspections:
        container = inspection.container
        name = container.image
        key = (container.service, name, container.image_id)
        if key in compared:
            continue
        compared.add(key)
        short = container.image_id.partition(":")[2][:12]
        now = images.get(name)
        drifted = now != container.image_id and view.limit(CHECK, "drift")
        view.measure("image_drift", float(now != container.image_id), service=container.service)
        if not drifted:
            yield Finding(CHECK, container.service, OK, f"runs from {name}", evidence=(short,))
        elif now is None:
            seen = f"runs from {short}, but the name {name} does not exist on this host any more"
            fix = f"docker pull {name}: without it the container cannot be created again"
            yield Finding(CHECK, container.service, WARNING, seen, name, (short,), fix)
        else:
            seen = f"runs from {short}, but {name} is now {now.partition(':')[2][:12]}"
            fix = f"an image was pulled or built but is not in use yet: {up}"
            yield Finding(CHECK, container.service, WARNING, seen, name, (short,), fix)
