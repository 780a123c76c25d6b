#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logs
short_description: Fetch the logs of a stack's services, merged by time and without secrets
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Reads the logs of the stack's containers, merges them by time, and fetches them to the controller as one file of
    mode 0600 per host.
  - Secrets are masked on the host, before anything leaves it. These are the values of secrets in the stack's
    environment files, containers and secret files, passwords in addresses, tokens, cookies and C(Authorization)
    headers.
  - The size of the fetched text is limited, and RV(left_out) lists what is missing. It is compressed for the transfer.
  - All times of the result are UTC.
options:
  services:
    description:
      - Compose services whose logs are read. By default all services.
    type: list
    elements: str
    default: []
  tail:
    description:
      - Number of the newest lines of every service to fetch. V(0) for all.
      - With O(grep) these are the newest lines that match.
      - By default 1000, or all if O(since) is given.
    type: int
  since:
    description:
      - Only lines logged at or after this time.
      - How long ago, such as V(45s), V(10m), V(2h30m), V(3d); a date or time, such as V(2026-11-25),
        V(2026-11-25T02:00) or V(2026-11-25T02:00:00+09:00); a time of day, such as V(02:00), for its last
        occurrence; V(today) or V(yesterday); or seconds since 1970.
      - A time without a zone is in the local time of the controller.
    type: str
  until:
    description:
      - Only lines logged up to this time, in the same formats as O(since).
    type: str
  grep:
    description:
      - Only lines that match this Python regular expression. It is not anchored.
    type: str
  ignore_case:
    description:
      - Whether O(grep) ignores upper and lower case.
    type: bool
    default: false
  limit:
    description:
      - Maximum size of the text from one host, such as V(20M). The oldest lines are left out first.
    type: str
    default: 20M
  show:
    description:
      - Number of the newest lines in the result, for the summary.
    type: int
    default: 20
  timeout:
    description:
      - Seconds that reading may take. Lines read by then are fetched.
    type: float
    default: 60
  dest:
    description:
      - Folder on the controller for the files. It is created with mode 0700 if it is missing.
      - The file is C(logs-HOST.log) in it.
    type: path
    required: true
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Reads the logs and reports what would be fetched, but writes no file.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Changes nothing on the host. The file on the controller is overwritten by every run.
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
notes:
  - Logs of services whose logging driver keeps nothing on the host (V(none), V(syslog) and the like) can't be read; the
    service's C(problem) shows this.
  - Colours and other escape sequences are removed from the lines, so that a file is safe to show in a terminal.
seealso:
  - module: maxops.ops.merge_logs
  - module: maxops.ops.status
"""

EXAMPLES = r"""
- name: Fetch the newest lines of all services
  maxops.ops.logs:
    dest: build/logs

- name: Fetch the logs of Gitea and the gateway about a failure during the night
  maxops.ops.logs:
    services: [gitea, nginx]
    since: "2026-11-25T02:00:00+09:00"
    until: "2026-11-25T04:00:00+09:00"
    grep: fail|error
    ignore_case: true
    dest: build/logs
"""

RETURN = r"""
project:
  description: The stack.
  returned: success
  type: str
  sample: maxoperation
path:
  description: Path of the file on the controller; in check mode, where it would be.
  returned: success
  type: str
  sample: /home/ops/build/logs/logs-maxops.example.com.log
lines:
  description: Number of lines in the file.
  returned: success
  type: int
  sample: 1240
bytes:
  description: Size of the file.
  returned: success
  type: int
  sample: 183042
first:
  description: Time of its first line.
  returned: success
  type: str
  sample: "2026-11-25T02:00:00.123456789Z"
last:
  description: Time of its last line.
  returned: success
  type: str
  sample: "2026-11-25T03:59:58.123456789Z"
masked:
  description: Number of lines in which a secret was masked.
  returned: success
  type: int
  sample: 2
left_out:
  description: Requested lines that are not in the file, and what to do about it.
  returned: success
  type: list
  elements: str
  sample: ["older lines of gitea, because only the newest 1,000 were requested (tail)"]
remarks:
  description: What is worth knowing about this host, such as an installation of Docker that backups refuse.
  returned: success
  type: list
  elements: str
  sample: []
services:
  description: The containers whose logs were read.
  returned: success
  type: list
  elements: dict
  contains:
    service:
      description: Compose service.
      type: str
    source:
      description: Its name in the file, with a number if the service has several containers.
      type: str
    container:
      description: Name of the container.
      type: str
    lines:
      description: Number of its lines.
      type: int
    errors:
      description:
        - Number of lines that report an error, by their level; without one, by a word such as C(failed), or by the
          status of a request.
      type: int
    first:
      description: Time of the first line.
      type: str
    last:
      description: Time of the last line.
      type: str
    problem:
      description: Why its log could not be read.
      type: str
  sample:
    - service: gitea
      source: gitea
      container: maxoperation-gitea-1
      lines: 840
      errors: 2
      first: "2026-11-25T02:00:00.123456789Z"
      last: "2026-11-25T03:59:58.123456789Z"
      problem: null
newest:
  description: The newest lines.
  returned: success
  type: list
  elements: str
  sample: ["2026-11-25T03:59:58.123456789Z  gitea  … router: completed GET /api/healthz"]
follow:
  description: Command that follows the log and shows new lines as they come. It does not mask secrets.
  returned: success
  type: str
  sample: ssh -t maxops.example.com docker compose --project-name maxoperation logs --follow --tail 20
duration:
  description: Seconds that reading took.
  returned: success
  type: float
  sample: 0.42
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs.job import LogOptions, collect_logs
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    NOT_NEGATIVE,
    STACK,
    Bounds,
    Spec,
    access_of,
    check_bounds,
    rest_of,
    size_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR

SPEC = STACK + Spec(
    {
        "services": {"type": "list", "elements": "str", "default": []},
        "tail": {"type": "int"},
        "since": {"type": "str"},
        "until": {"type": "str"},
        "grep": {"type": "str"},
        "ignore_case": {"type": "bool", "default": False},
        "limit": {"type": "str", "default": "20M"},
        "show": {"type": "int", "default": 20},
        "timeout": {"type": "float", "default": 60},
        "dest": {"type": "path", "required": True},
    },
    {"tail": NOT_NEGATIVE, "show": Bounds(least=0, most=1000), "timeout": Bounds(above=0, most=3600)},
)


def read_options(module: AnsibleModule) -> LogOptions:
    """The module's parameters as options of the job; the folder is used only on the controller."""
    parameters = {name: value for name, value in module.params.items() if name != "dest"}
    parameters["limit"] = size_of(module, "limit", most="200M")
    return LogOptions(access_of(parameters), **rest_of(parameters))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require(module, {"docker": DOCKER_IMPORT_ERROR})
    options = read_options(module)
    with report_failures(module, "nothing was fetched, run this again"):
        result = collect_logs(options)
        end(module, result)


if __name__ == "__main__":
    main()
