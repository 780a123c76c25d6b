# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times that an operator types, understood on the controller: in its own time zone where they name none.

A module runs on the host, whose zone is another one, and often UTC.
"""

from __future__ import annotations

import datetime

from ansible.errors import AnsibleActionFail

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import (
    check_past,
    depends_on_zone,
    parse_moment,
    timestamp,
    utc_now,
)

from .attended import is_unattended


def in_utc(text: str, name: str) -> str:
    """A time that needs a zone as one in UTC; every other text as it is. Raises AnsibleActionFail for no time."""
    if not depends_on_zone(text):
        return text
    return timestamp(_understood(text, name, utc_now()))


def past_in_utc(text: str, name: str) -> str:
    """A time in the past, in UTC. Raises AnsibleActionFail for no time, for the future, and for no zone under AWX."""
    now = utc_now()
    moment = _understood(text, name, now)
    if is_unattended() and depends_on_zone(text):
        in_utc_zone = timestamp(parse_moment(text, now, name))
        raise AnsibleActionFail(
            f'{name} is "{text}", which has no time zone, and in AWX a job\'s own zone is not that of the person who '
            f"started it: write {in_utc_zone} if it is in UTC, or the zone, as in {in_utc_zone[:-1]}+09:00"
        )
    try:
        check_past(moment, now, text, name)
    except MaxopsError as error:
        raise AnsibleActionFail(str(error)) from error
    return timestamp(moment)


def _understood(text: str, name: str, now: datetime.datetime) -> datetime.datetime:
    try:
        return parse_moment(text, now, name, zone=None)
    except MaxopsError as error:
        raise AnsibleActionFail(str(error)) from error
