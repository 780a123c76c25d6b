# shellcheck shell=bash
# Sourced by the lab's scripts: settings that they need on every machine.

# Files for other users (apt's, those of the images) have to be readable under a strict umask too.
umask 022

# After a plain `su`, PATH lacks the sbin folders, where dockerd, debootstrap and dpkg's helpers are.
export PATH=$PATH:${MAXOPS_BOOTSTRAP_MACHINE:-}/usr/local/sbin:${MAXOPS_BOOTSTRAP_MACHINE:-}/usr/sbin

# Ansible does not start in a locale that is not generated here (ssh passes LANG on) or is not UTF-8.
if [[ -n $(locale 2>&1 >/dev/null) || $(locale charmap 2>/dev/null) != UTF-8 ]]; then export LC_ALL=C.UTF-8; fi

# An engine that is starting, or hangs, accepts connections without an answer: `docker version` would wait for ever.
engine_limit=60
ask_engine() { timeout --kill-after=5 "$engine_limit" "$@"; }
# 124 is timeout's own exit code, 137 that of a client which it had to kill.
timed_out() { [[ $1 -eq 124 || $1 -eq 137 ]]; }
