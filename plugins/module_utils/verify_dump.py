# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump of the old way is read to its end, which is where it says that it is whole. Private to this collection."""

from __future__ import annotations

import os

from ansible_collections.maxops.ops.plugins.module_utils.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.old_dumps import OldDump
from ansible_collections.maxops.ops.plugins.module_utils.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.restore_source_plan import Source, check_file, source_of_file
from ansible_collections.maxops.ops.plugins.module_utils.verdict import DECODE
from ansible_collections.maxops.ops.plugins.module_utils.verify_subject import Subject


def check(subject: Subject, dump: OldDump, cancellation: Cancellation, meter: Part) -> Source:
    """There is no manifest to compare it with: gzip's own checksum and pg_dump's last line are all that it has."""
    source = source_of_file(dump.path, [dump.database])
    meter.total = dump.size
    meter.start()
    try:
        check_file(source, cancellation)
    except Cancelled:
        raise
    except MaxopsError as error:
        subject.error(DECODE, os.path.basename(dump.path), str(error), "a dump that is whole")
    subject.steps[DECODE] = round(meter.finish(), 3)
    return source
