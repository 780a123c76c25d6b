#!/usr/bin/env bash
# Builds the collection's tarball in build/. It needs ansible-galaxy and nothing else: that of .venv, the machine's own,
# or an environment with ansible-core alone.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source-path=SCRIPTDIR source=lab/environment.sh
. tests/lab/environment.sh

own=build/galaxy
for galaxy in .venv/bin/ansible-galaxy "$(command -v ansible-galaxy || true)" "$own/bin/ansible-galaxy"; do
  if [[ -n $galaxy ]] && "$galaxy" --version > /dev/null 2>&1; then break; fi
  galaxy=''
done
if [[ -z $galaxy ]]; then
  core=$(grep '^ansible-core==' tests/requirements.txt)
  echo "build: no ansible-galaxy here; making $own with $core" >&2
  # --clear: an interrupted run leaves a part of it.
  python3 -m venv --clear "$own" || {
    echo "build: Next: apt-get install python3-venv (or install ansible-core), and run this again." >&2
    exit 1
  }
  "$own/bin/pip" install --quiet --disable-pip-version-check "$core" || {
    echo "build: pip could not install $core. Next: give it a package index, or install ansible-core." >&2
    exit 1
  }
  galaxy=$own/bin/ansible-galaxy
fi
# Away from ansible.cfg, which belongs to the lab.
ANSIBLE_CONFIG=/nonexistent.cfg "$galaxy" collection build --force --output-path build
