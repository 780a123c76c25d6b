#!/usr/bin/env bash
# From nothing to a backup set of a running stack. The last line names the set, for scripts and for people.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source-path=SCRIPTDIR source=environment.sh
. tests/lab/environment.sh
export PATH=$PWD/.venv/bin:$PATH
results=$PWD/build/demo

step() { printf '\n== %s (at %d s)\n' "$1" "$SECONDS"; }

step "Missing programs"
tests/lab/bootstrap.sh
step "Lab images"
tests/lab/images/build.sh
step "Lab stack"
tests/lab/lab.sh up
step "Realistic data"
tests/lab/lab.sh seed small
step "ansible-playbook playbooks/backup.yml"
rm -rf "$results"
ansible-playbook playbooks/backup.yml -e "maxops_results_dir=$results"

echo
tests/lab/describe_set.py "$results"
