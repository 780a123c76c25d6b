#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: metrics
short_description: Write the measurements of a health check as metrics for Prometheus
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Writes a file for the textfile collector of node_exporter, which Prometheus scrapes.
  - All metrics begin with C(maxops_), are in base units, and carry the label C(project). States are numbers, 0 for ok,
    1 for warning, 2 for unknown, 3 for critical.
  - The file is replaced atomically, so that it is never read half-written.
options:
  health:
    description:
      - Result of M(maxops.ops.health_check), the variable that it was registered in.
    type: dict
    required: true
  path:
    description:
      - File to write, in the folder that node_exporter reads (C(--collector.textfile.directory)).
      - By default C(maxops-) and O(project_name) in the folder that Debian's node_exporter reads,
        C(/var/lib/prometheus/node-exporter).
    type: path
extends_documentation_fragment:
  - maxops.ops.stack.project
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - The time of the health check is one of the metrics, so each new result changes the file.
seealso:
  - module: maxops.ops.health_check
  - module: maxops.ops.alert
"""

EXAMPLES = r"""
- name: Check the stack
  maxops.ops.health_check:
    fail_on: never
  register: health

- name: Write the metrics for Prometheus
  maxops.ops.metrics:
    health: "{{ health }}"
"""

RETURN = r"""
path:
  description: Path of the file.
  returned: success
  type: str
  sample: /var/lib/prometheus/node-exporter/maxops-maxoperation.prom
samples:
  description: Number of samples in the file.
  returned: success
  type: int
  sample: 93
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.metrics import write_metrics
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, fail, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.options import PROJECT, Spec
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import safe_name

FOLDER = "/var/lib/prometheus/node-exporter"
SPEC = PROJECT + Spec({"health": {"type": "dict", "required": True}, "path": {"type": "path"}})


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    project = module.params["project_name"]
    path = module.params["path"] or f"{FOLDER}/maxops-{safe_name(project)}.prom"
    if not path.endswith(".prom"):
        fail(module, f"path is {path}; its name has to end with .prom, or node_exporter will not read it")
    with report_failures(module, "the old metrics stay, run this again"):
        changed, before, after, samples = write_metrics(module.params["health"], project, path, module.check_mode)
        result: dict[str, Any] = {"changed": changed, "path": path, "samples": samples}
        if module._diff:
            result["diff"] = {"before_header": path, "after_header": path, "before": before, "after": after}
        end(module, result)


if __name__ == "__main__":
    main()
