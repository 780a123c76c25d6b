#!/usr/bin/env bash
# Runs all tests, section by section. A failing section does not stop the others, so that one run reports everything
# there is to fix; the exit code and the last line count the failures. Arguments name the sections to run (default: all).
# The sections of the second lane run beside those of the first: most of the time both wait for containers.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
# shellcheck source-path=SCRIPTDIR source=lab/environment.sh
. tests/lab/environment.sh
export PATH=$PWD/.venv/bin:$PATH
logs=$PWD/build/test
all=(bootstrap lint unit images lab sets molecule sanity standins stacks)
first_lane=(sets molecule sanity)
second_lane=(standins stacks)
# Tests about backup sets; all other integration tests are in the second lane, with their own stacks.
about_sets=(tests/integration/test_{backup,drill,kills,package,restore,verify}*.py)
sections=("${@:-${all[@]}}")
broken=()

run_bootstrap() { tests/lab/bootstrap.sh; }
run_lint() { make lint; }
run_unit() { pytest tests/unit --junitxml="$logs/unit.xml"; }
run_images() { tests/lab/images/build.sh; }
run_lab() { tests/lab/lab.sh up && tests/lab/lab.sh seed small; }
run_standins() { pytest tests/lab --durations=3 --junitxml="$logs/standins.xml"; }
run_sets() { pytest "${about_sets[@]}" --durations=5 --junitxml="$logs/sets.xml"; }
run_stacks() {
  MAXOPS_TEST_LANE=b pytest tests/integration "${about_sets[@]/#/--ignore=}" --durations=5 --junitxml="$logs/stacks.xml"
}
run_molecule() {
  # Its output is long, and of little use when it passes.
  if NO_COLOR=1 molecule test >"$logs/molecule.log" 2>&1; then
    sed -n '/SCENARIO RECAP/,$p' "$logs/molecule.log"
  else
    tail -n 80 "$logs/molecule.log"
    return 1
  fi
}
run_sanity() { tests/sanity.sh; }

# A section whose requirement failed is not run: its own failure would only hide the cause.
needs() {
  case $1 in
    bootstrap) ;;
    images) echo bootstrap ;;
    lab) echo bootstrap images ;;
    standins) echo bootstrap images ;;
    sets | stacks) echo bootstrap images lab ;;
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

# A pytest section counts its tests, any other section counts as one. Writes: passed, failed, seconds, text.
note() {
  local name=$1 rc=$2 seconds=$3 good=0 bad=0
  if [[ -s $logs/$name.xml ]]; then
    read -r good bad < <(counts_of "$logs/$name.xml")
    if [[ $rc -ne 0 && $bad -eq 0 ]]; then bad=1; fi
  elif [[ $rc -eq 0 ]]; then
    good=1
  else
    bad=1
  fi
  echo "$good $bad $seconds $([[ $rc -eq 0 ]] && echo ok || echo FAILED)" >"$logs/$name.result"
}

run_section() {
  local name=$1 started=$SECONDS rc=0 need
  printf '\n=== %s ===\n' "$name"
  for need in $(needs "$name"); do
    if [[ " ${broken[*]} " == *" $need "* ]]; then
      echo "not run: $need failed"
      broken+=("$name")
      echo "0 1 0 not run, $need failed" >"$logs/$name.result"
      return
    fi
  done
  "run_$name" || rc=$?
  if [[ $rc -ne 0 ]]; then broken+=("$name"); fi
  note "$name" "$rc" $((SECONDS - started))
  printf -- '--- %s: %d s, exit code %d\n' "$name" $((SECONDS - started)) "$rc"
}

# The sections of a list that were asked for.
among() {
  local section list=" $1 "
  shift
  for section in "$@"; do
    if [[ $list == *" $section "* ]]; then echo "$section"; fi
  done
}

run_all_of() {
  local section
  for section in "$@"; do run_section "$section"; done
}

# The requirements of both lanes run before them.
run_sections() {
  local before first second lane
  mapfile -t first < <(among "${first_lane[*]}" "$@")
  mapfile -t second < <(among "${second_lane[*]}" "$@")
  mapfile -t before < <(among "bootstrap lint unit images lab" "$@")
  run_all_of "${before[@]}"
  run_all_of "${second[@]}" >"$logs/second-lane.log" 2>&1 &
  lane=$!
  run_all_of "${first[@]}"
  wait "$lane"
  cat "$logs/second-lane.log"
}

summarise() {
  local section good bad seconds text passed=0 failed=0
  printf '\n=== summary ===\n'
  for section in "${sections[@]}"; do
    good=0 bad=1 seconds=0 text='ended without a result'
    if [[ -s $logs/$section.result ]]; then read -r good bad seconds text <"$logs/$section.result"; fi
    passed=$((passed + good)) failed=$((failed + bad))
    printf '%-12s %5d s  %s\n' "$section" "$seconds" "$text"
  done
  printf '%-12s %5d s\n' total "$SECONDS"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [[ $failed -eq 0 ]]
}

rm -rf "$logs"
mkdir -p "$logs"
for section in "${sections[@]}"; do
  declare -F "run_$section" >/dev/null || { echo "unknown section $section; the sections are: ${all[*]}" >&2; exit 2; }
done
run_sections "${sections[@]}"
summarise
