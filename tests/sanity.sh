#!/usr/bin/env bash
# ansible-test sanity on the published files: it needs a git repository at …/ansible_collections/maxops/ops, so the
# tarball is unpacked there. Arguments are passed to ansible-test (for example: tests/sanity.sh --test validate-modules).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
work=$root/build/sanity
copy=$work/ansible_collections/maxops/ops
export PATH=$root/.venv/bin:$PATH

rm -rf "$work"
mkdir -p "$copy"
ansible-galaxy collection build --force --output-path "$work" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
tar -xzf "$work"/maxops-ops-*.tar.gz -C "$copy"
# ansible-test expects a checkout: with galaxy.yml and without the manifest of a built collection.
rm "$copy"/{MANIFEST,FILES}.json
cp galaxy.yml "$copy/"
git -C "$copy" init --quiet --initial-branch=main
git -C "$copy" add --all

# ansible-test keeps its virtual environments in the home folder; here they stay in the checkout. The configuration of
# pip is still read from the real home folder.
export XDG_CONFIG_HOME=${XDG_CONFIG_HOME:-$HOME/.config} XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
export HOME=$root/.cache/ansible-test
export ANSIBLE_HOME=$HOME/.ansible LC_ALL=C.UTF-8
# It would download a script that installs pip; Python's own ensurepip is enough.
pip_script=$(python - <<'EOF'
import pathlib, re
from ansible_test._internal import python_requirements
version = re.search(r"pip='([\d.]+)'", pathlib.Path(python_requirements.__file__).read_text()).group(1)
print(f"get_pip_{version.replace('.', '_')}.py")
EOF
)
mkdir -p "$HOME/.ansible/test/cache"
printf 'import ensurepip\nensurepip.bootstrap(upgrade=True, default_pip=True)\n' >"$HOME/.ansible/test/cache/$pip_script"

cd "$copy"
version=$(python -c 'import sys; print("{}.{}".format(*sys.version_info))')
log=$work/sanity.log
if ansible-test sanity --local --requirements --python "$version" --color no "$@" >"$log" 2>&1; then
  count=$(grep -c '^Running sanity test' "$log")
  skipped=$(grep -c '^WARNING: Skipping' "$log" || true)
  echo "ansible-test sanity: $count tests ran on Python $version, $skipped of them skipped because their tool is missing"
  grep '^WARNING: Skipping' "$log" || true
else
  grep -E '^(ERROR|FATAL)' "$log" || tail -n 30 "$log"
  echo "The full output is in $log"
  exit 1
fi
