# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors whose text is shown to the user."""

from __future__ import annotations


class MaxopsError(Exception):
    """A failure that a user can cause or fix.

    Its text is shown unchanged, so it names the thing, the cause and the next step.
    """


class HostFault(MaxopsError):
    """This host is at fault: its disk, memory, Docker daemon, image or network. It says nothing about the data."""


class Cancelled(MaxopsError):
    """The job was stopped, by a signal or because another part of it failed."""
