# shellcheck shell=bash
# Sourced by the lab's scripts: what they need of their surroundings, wherever they are called from.

# Files made for others (apt's user, the images' users) have to be readable under a strict umask too.
umask 022

# A PATH after a plain `su` ends before the sbin folders, where dockerd, debootstrap and dpkg's helpers are.
export PATH=$PATH:${MAXOPS_BOOTSTRAP_MACHINE:-}/usr/local/sbin:${MAXOPS_BOOTSTRAP_MACHINE:-}/usr/sbin

# Ansible refuses to start in a locale that is not generated here (ssh brings LANG along) or is not UTF-8.
if [[ -n $(locale 2>&1 >/dev/null) || $(locale charmap 2>/dev/null) != UTF-8 ]]; then export LC_ALL=C.UTF-8; fi
