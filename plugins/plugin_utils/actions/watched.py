# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of actions that show the progress of their module and keep its result for CI."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleActionSkip, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.maxops.ops.plugins.plugin_utils.text import progress_line

from .attended import is_unattended
from .results import JOB_STATE, SUMMARY_FOLLOWS, command_of, one_sentence, shown_later, with_output, write_result
from .roles import role_of
from .wording import in_variables

display = Display()

JOB_LIMIT = 24 * 3600
"""Seconds after which Ansible ends a job that it runs in the background."""

RECONNECT_SECONDS = 600
"""How long a host may be unreachable while its job goes on."""


class WatchedAction(ActionBase):  # type: ignore[misc]
    """Runs the module of the same name, with progress in a terminal or a log.

    With progress the module runs in the background of the host, so that a lost connection does not end it.
    """

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, then write its result to the results folder where one is named."""
        variables = task_vars or {}
        super().run(tmp, task_vars)
        module = self._task.resolved_action or self._task.action
        try:
            self._prepare(variables)
            if self._is_to_be_watched(variables):
                result = self._run_watched(module, variables)
            else:
                result = self._execute_module(module_name=module, task_vars=task_vars, wrap_async=self._task.async_val)
        except AnsibleActionSkip:
            raise
        except AnsibleError as error:
            # Also where sudo asks for a password, or does not exist.
            unreachable = isinstance(error, AnsibleConnectionFailure)
            failure = {"changed": False, "failed": True, "unreachable": unreachable, "msg": one_sentence(error)}
            self._keep_result(module, failure, variables)
            if not variables.get(SUMMARY_FOLLOWS):
                raise
            return self._returned(failure, variables)
        result = in_variables(with_output(result), self._option_variables)
        if not result.get("failed"):
            result = self._finish(result, variables)
        self._keep_result(module, self._without_secrets(result), variables)
        return self._returned(result, variables)

    def _returned(self, result: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        returned = shown_later(result, variables)
        if JOB_STATE in returned:
            # Ansible prints only "ok" for this task: the failure is shown by the summary.
            host = variables.get("inventory_hostname", "host")
            display.display(f"  {host}: {returned[JOB_STATE].upper()}; the summary below has the reason")
        return returned

    def _is_to_be_watched(self, variables: Mapping[str, Any]) -> bool:
        if self._task.async_val or self._task.check_mode or _is_quiet(self._value("maxops_quiet", variables)):
            return False
        return self._is_worth_watching()

    def _value(self, name: str, variables: Mapping[str, Any]) -> Any:
        """The value of a variable, which may be a template."""
        value = variables.get(name)
        return value if value is None else self._templar.template(value)

    def _option_variables(self) -> dict[str, str]:
        """The variable of the role for each option of the module; empty for a task that is in no role."""
        role = role_of(self._task)
        return {} if role is None else role.variables()

    def _prepare(self, _variables: dict[str, Any]) -> None:
        """What the controller does before the module runs."""

    def _is_worth_watching(self) -> bool:
        """False for a short task, which is over before its progress could be read; watching costs half a second."""
        return True

    def _finish(self, result: dict[str, Any], _variables: dict[str, Any]) -> dict[str, Any]:
        """The controller's part of a job that succeeded; returns the result."""
        return result

    def _without_secrets(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """The result without what must not be in a file."""
        return result

    # -- progress -----------------------------------------------------------------------------------------------

    def _run_watched(self, module: str, variables: dict[str, Any]) -> dict[str, Any]:
        interval = _display_seconds(self._value("maxops_progress_seconds", variables))
        self._make_tmp_path()
        progress_file = self._connection._shell.join_path(self._connection._shell.tmpdir, "maxops-progress.json")
        arguments = {**self._task.args, "progress_file": progress_file}
        self._task.async_val = JOB_LIMIT
        try:
            job = self._execute_module(module_name=module, module_args=arguments, task_vars=variables, wrap_async=True)
        finally:
            # Otherwise Ansible would wait for the job a second time.
            self._task.async_val = 0
        if job.get("failed") or "ansible_job_id" not in job:
            return dict(job)
        host = variables.get("inventory_hostname", "host")
        result = self._watch(job["ansible_job_id"], job["results_file"], progress_file, host, interval, variables)
        for key in (
            "ansible_job_id",
            "started",
            "finished",
            "results_file",
            "stdout",
            "stderr",
            "stdout_lines",
            "stderr_lines",
        ):
            result.pop(key, None)
        return result

    def _watch(
        self, job: str, results_file: str, progress_file: str, host: str, interval: float, variables: dict[str, Any]
    ) -> dict[str, Any]:
        last_shown = last_asked = started = time.monotonic()
        missing = 0
        unreachable_since: float | None = None
        while True:
            # Each check is a line in the host's log of sudo, so a long job is checked less often: its end is shown at
            # most a fiftieth of its time later.
            time.sleep(min(5, max(0.5, (time.monotonic() - started) / 50)))
            now = time.monotonic()
            try:
                progress, finished = self._read_progress(progress_file, results_file)
                if progress and not finished and now - last_shown >= interval:
                    last_shown = now
                    display.display(progress_line(host, progress))
                # Asking costs a module run, so it waits until the job has reported its end.
                if finished or now - last_asked >= 15:
                    last_asked = now
                    status = self._async_status(job, results_file, variables)
                    if status.get("finished"):
                        self._low_level_execute_command("rm -f " + self._connection._shell.quote(results_file))
                        return status
                    # Once may be the moment between the end of the process and its result.
                    missing = missing + 1 if self._has_ended(job) else 0
                    if missing > 1:
                        raise AnsibleActionFail(
                            f"job {job} on {host} ended without a result: it was killed, or the host was restarted "
                            "meanwhile; read the host's log (journalctl -b -1, dmesg), then run this again"
                        )
                unreachable_since = None
            except AnsibleConnectionFailure as error:
                unreachable_since = unreachable_since or now
                if now - unreachable_since > RECONNECT_SECONDS:
                    raise AnsibleActionFail(
                        f"{host} has been unreachable for {RECONNECT_SECONDS // 60} minutes ({error}); its job {job} "
                        f"may still be running there: read {results_file} on the host when it is back"
                    ) from error

    def _read_progress(self, progress_file: str, results_file: str) -> tuple[dict[str, Any] | None, bool]:
        """The job's progress, if any, and whether the job is over: an early end leaves only a result."""
        quote = self._connection._shell.quote
        answer = self._low_level_execute_command(f"cat {quote(progress_file)} || cat {quote(results_file)}")
        try:
            content = json.loads(answer.get("stdout") or "")
        except ValueError:
            return None, False
        if not isinstance(content, dict):
            return None, False
        if "parts" in content:
            return content, bool(content.get("finished"))
        return None, "started" not in content

    def _has_ended(self, job: str) -> bool:
        """True when no process of the job is left to write its result; always False without pgrep on the host."""
        # With its first letter in brackets, the pattern does not match the shell that runs pgrep.
        pattern = f"[{job[0]}]{job[1:].partition('.')[0]}"
        return bool(self._low_level_execute_command(f"pgrep -f '{pattern}'").get("rc") == 1)

    def _async_status(self, job: str, results_file: str, variables: dict[str, Any]) -> dict[str, Any]:
        arguments = {"jid": job, "mode": "status", "_async_dir": str(PurePosixPath(results_file).parent)}
        return dict(
            self._execute_module(module_name="ansible.legacy.async_status", module_args=arguments, task_vars=variables)
        )

    # -- results ------------------------------------------------------------------------------------------------

    def _keep_result(self, module: str, result: Mapping[str, Any], variables: dict[str, Any]) -> None:
        folder = self._value("maxops_results_dir", variables)
        command = command_of(module, variables)
        if folder and command:
            host = variables.get("inventory_hostname", "host")
            write_result(str(folder), command, host, result, bool(self._task.check_mode))


def _is_quiet(requested: Any) -> bool:
    """True when quiet output was requested, or under AWX, which stores every line in its database."""
    if boolean(os.environ.get("MAXOPS_QUIET", "false") if requested is None else requested or False, strict=False):
        return True
    return is_unattended()


def _display_seconds(requested: Any) -> float:
    """Seconds between two lines: a terminal gets more lines than a log."""
    try:
        seconds = float(requested or 0)
    except (TypeError, ValueError):
        raise AnsibleActionFail(
            f"maxops_progress_seconds is {requested!r}; give the number of seconds between two lines of progress"
        ) from None
    return seconds if seconds > 0 else 2.0 if sys.stdout.isatty() else 15.0
