#!/usr/bin/env bash
# Everything, section by section. A failing section does not stop the others, so that one run tells all there is to
# mend; the exit code and the last line count what failed. Arguments name the sections to run (default: all).
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export PATH=$PWD/.venv/bin:$PATH
logs=$PWD/build/test
all=(bootstrap lint unit images lab standins integration molecule sanity)
sections=("${@:-${all[@]}}")
passed=0 failed=0 broken=() summary=()

run_bootstrap() { tests/lab/bootstrap.sh; }
run_lint() { make lint; }
run_unit() { pytest tests/unit --junitxml="$logs/unit.xml"; }
run_images() { tests/lab/images/build.sh; }
run_lab() { tests/lab/lab.sh up && tests/lab/lab.sh seed small; }
run_standins() { pytest tests/lab --durations=3 --junitxml="$logs/standins.xml"; }
run_integration() { pytest tests/integration --durations=5 --junitxml="$logs/integration.xml"; }
run_molecule() {
  # Its output is long and says little when all is well.
  if NO_COLOR=1 molecule test >"$logs/molecule.log" 2>&1; then
    sed -n '/SCENARIO RECAP/,$p' "$logs/molecule.log"
  else
    tail -n 80 "$logs/molecule.log"
    return 1
  fi
}
run_sanity() { tests/sanity.sh; }

# What cannot work without an earlier section is not tried: its failure would only hide the cause.
needs() {
  case $1 in
    bootstrap) ;;
    images) echo bootstrap ;;
    lab) echo bootstrap images ;;
    standins) echo bootstrap images ;;
    integration) echo bootstrap images lab ;;
    molecule) echo bootstrap images ;;
    *) echo bootstrap ;;
  esac
}

counts_of() {
  python3 - "$1" <<'EOF'
import sys, xml.etree.ElementTree as tree
suites = list(tree.parse(sys.argv[1]).getroot().iter("testsuite"))
total = {key: sum(int(suite.get(key, 0)) for suite in suites) for key in ("tests", "failures", "errors", "skipped")}
bad = total["failures"] + total["errors"]
print(total["tests"] - bad - total["skipped"], bad)
EOF
}

# A section of pytest counts its tests, any other counts as one.
count() {
  local name=$1 rc=$2 good=0 bad=0
  if [[ -s $logs/$name.xml ]]; then
    read -r good bad < <(counts_of "$logs/$name.xml")
    if [[ $rc -ne 0 && $bad -eq 0 ]]; then bad=1; fi
  elif [[ $rc -eq 0 ]]; then
    good=1
  else
    bad=1
  fi
  passed=$((passed + good)) failed=$((failed + bad))
}

run_section() {
  local name=$1 started=$SECONDS rc=0 need
  printf '\n=== %s ===\n' "$name"
  for need in $(needs "$name"); do
    if [[ " ${broken[*]} " == *" $need "* ]]; then
      echo "not run: $need failed"
      broken+=("$name") failed=$((failed + 1)) summary+=("$(printf '%-12s %5s    not run, %s failed' "$name" - "$need")")
      return
    fi
  done
  "run_$name" || rc=$?
  count "$name" "$rc"
  if [[ $rc -ne 0 ]]; then broken+=("$name"); fi
  summary+=("$(printf '%-12s %5d s  %s' "$name" $((SECONDS - started)) "$([[ $rc -eq 0 ]] && echo ok || echo FAILED)")")
  printf -- '--- %s: %s\n' "$name" "${summary[-1]#* }"
}

rm -rf "$logs"
mkdir -p "$logs"
for section in "${sections[@]}"; do
  declare -F "run_$section" >/dev/null || { echo "no section $section; there are: ${all[*]}" >&2; exit 2; }
done
for section in "${sections[@]}"; do run_section "$section"; done

printf '\n=== summary ===\n'
printf '%s\n' "${summary[@]}" "$(printf '%-12s %5d s' total "$SECONDS")"
printf '%d passed, %d failed\n' "$passed" "$failed"
[[ $failed -eq 0 ]]
