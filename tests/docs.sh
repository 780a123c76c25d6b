#!/usr/bin/env bash
# Builds the reference of modules and roles as HTML. Needs no network: no theme is downloaded, no link leads outside.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH=$PWD/.venv/bin:$PATH
source=$PWD/build/docs-source
log=$PWD/build/docs.log

rm -rf "$source" build/docs
mkdir -p "$source"
cat >"$source/conf.py" <<'EOF'
project = "maxops.ops"
extensions = ["sphinx_antsibull_ext"]
html_title = "maxops.ops"
# References to other projects cannot be resolved without the network.
suppress_warnings = ["ref.ref"]
EOF
if ! {
  antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir "$source" maxops.ops &&
    sphinx-build --fail-on-warning -q -b html "$source" build/docs
} >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  exit 1
fi
echo "build/docs/index.html"
