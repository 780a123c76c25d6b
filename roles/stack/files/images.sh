#!/usr/bin/env bash
# Shows what images declare, and pulls them first: one line of JSON for each image that is on the host.
#   images.sh always|missing|never IMAGE...
set -euo pipefail

policy=$1
shift

# Also exit code 0 without a line: in check mode nothing is pulled, so an image may be missing.
inspect() {
  docker image inspect --format \
    '{"id":{{json .Id}},"volumes":{{json .Config.Volumes}},"command":{{json .Config.Cmd}}}' "$1" 2> /dev/null
}

for image in "$@"; do
  before=$(inspect "$image") || before=''
  if [[ $policy == always || ($policy == missing && -z $before) ]]; then
    # A registry that does not answer is no reason to refuse an image that is already here.
    error=$(docker pull --quiet "$image" 2>&1 > /dev/null) || [[ -n $before ]] || {
      printf '%s: %s\n' "$image" "${error//$'\n'/ }" >&2
      exit 1
    }
  fi
  after=$(inspect "$image") || after=''
  changed=false
  [[ $before == "$after" ]] || changed=true
  printf '{"image":"%s","changed":%s,"config":%s}\n' "$image" "$changed" "${after:-null}"
done
