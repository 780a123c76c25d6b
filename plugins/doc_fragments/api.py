# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options for the API of an application."""

from __future__ import annotations


class ModuleDocFragment:
    """Options for the API of an application; address and credentials are options of the module."""

    DOCUMENTATION = r"""
options:
  fallback_url:
    description:
      - Address of the application behind the stack's gateway. It is used without O(ignore:api_url) where Docker cannot
        be asked, for example by a user without access to it.
    type: str
  validate_certs:
    description:
      - Whether the server's certificate has to be valid.
    type: bool
    default: true
  ca_file:
    description:
      - PEM file on the host with the certificates of the authorities to trust. By default those of Python's
        C(requests), or the file named in the environment variable E(REQUESTS_CA_BUNDLE).
    type: path
  proxy:
    description:
      - Address of a proxy for the requests. By default the one of the environment variables E(https_proxy),
        E(http_proxy) and E(no_proxy); addresses of the host itself are never reached through a proxy of the
        environment.
      - Not used for a container that is found through Docker.
    type: str
  timeout:
    description:
      - Seconds to wait for an answer.
    type: int
    default: 30
  retries:
    description:
      - How often a request is repeated when the server does not answer, is overloaded or asks to wait, with growing
        pauses. A request that could have an effect twice is never repeated; the account is read again instead.
    type: int
    default: 4
  concurrency:
    description:
      - How many requests may run at the same time.
    type: int
    default: 8
notes:
  - C(group/maxops.ops.api) in C(module_defaults) sets these options for all modules that use an application's API.
requirements:
  - Python package C(requests) on the host (Debian C(python3-requests))
"""
