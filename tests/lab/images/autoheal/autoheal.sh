#!/usr/bin/env bash
# As in the upstream image: restarts containers that are unhealthy and carry the label, over Docker's socket.
set -euo pipefail

[[ ${1:-} == autoheal ]] || exec "$@"
trap 'exit 0' TERM INT

ask() { curl --silent --show-error --max-time 30 --unix-socket /var/run/docker.sock "$@"; }

find_unhealthy() {
  ask --get http://localhost/containers/json \
    --data-urlencode "filters={\"health\":[\"unhealthy\"],\"label\":[\"${AUTOHEAL_CONTAINER_LABEL}=true\"]}" |
    jq --raw-output '.[] | "\(.Id) \(.Names[0])"'
}

pause() { sleep "$1" & wait $!; }

if [[ $AUTOHEAL_START_PERIOD -gt 0 ]]; then
  echo "Monitoring containers for unhealthy status in $AUTOHEAL_START_PERIOD second(s)"
  pause "$AUTOHEAL_START_PERIOD"
fi
while true; do
  while read -r id name; do
    echo "$(date '+%d-%m-%Y %H:%M:%S') Container $name (${id:0:12}) found to be unhealthy - Restarting container now with 10s timeout"
    ask --request POST "http://localhost/containers/$id/restart?t=10" > /dev/null
  done < <(find_unhealthy || true)
  pause "$AUTOHEAL_INTERVAL"
done
