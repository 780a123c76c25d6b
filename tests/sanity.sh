#!/usr/bin/env bash
# ansible-test sanity on what is published: it wants a git repository at …/ansible_collections/maxops/ops, so the
# tarball is unpacked there. Arguments go to ansible-test (for example: tests/sanity.sh --test validate-modules).
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
# A built collection has no galaxy.yml, a checkout has no manifest; ansible-test expects a checkout.
rm "$copy"/{MANIFEST,FILES}.json
cp galaxy.yml "$copy/"
git -C "$copy" init --quiet --initial-branch=main
git -C "$copy" add --all

# ansible-test keeps its virtual environments in the home folder; here they stay in the checkout, without losing what
# pip is told in the real one.
export XDG_CONFIG_HOME=${XDG_CONFIG_HOME:-$HOME/.config} XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
export HOME=$root/.cache/ansible-test
export ANSIBLE_HOME=$HOME/.ansible LC_ALL=C.UTF-8
# It would download a script that installs pip; the one that Python carries does.
pip_script=$(python - <<'EOF'
import pathlib, re
import ansible_test._internal.python_requirements as room
version = re.search(r"pip='([\d.]+)'", pathlib.Path(room.__file__).read_text()).group(1)
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
  echo "ansible-test sanity: $count tests ran on Python $version, $skipped of them skipped for want of a tool"
  grep '^WARNING: Skipping' "$log" || true
else
  grep -E '^(ERROR|FATAL)' "$log" || tail -n 30 "$log"
  echo "The whole output is in $log"
  exit 1
fi
