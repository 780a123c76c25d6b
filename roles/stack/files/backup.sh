#!/usr/bin/env bash
# The backup service as the operations manual calls it. maxops.ops.backup takes whole, verified sets and needs nothing
# of this; it stays for the schedules that already call it.
set -euo pipefail

folder=/backup/daily

take() {
  local moment database target
  moment=$(date +%Y%m%d_%H%M%S)
  mkdir -p "$folder"
  for database in openproject gitea; do
    target=$folder/${database}_$moment.sql.gz
    # Under its real name only when it is whole: a half one would pass for a backup.
    pg_dump --dbname="$database" | gzip > "$target.part"
    mv "$target.part" "$target"
    echo "$target"
  done
}

check() {
  local file bad=0
  shopt -s nullglob
  # The manual gives a pattern, and the shell outside the container leaves it as it is.
  # shellcheck disable=SC2206
  local files=($@)
  [[ ${#files[@]} -gt 0 ]] || { echo "No file $*. Next: look into $folder." >&2; return 1; }
  for file in "${files[@]}"; do
    if gzip -t "$file"; then echo "$file: can be unpacked"; else bad=1; fi
  done
  return "$bad"
}

case ${1:-} in
  backup) take ;;
  verify) check "${@:2}" ;;
  wait) trap 'exit 0' TERM INT; sleep infinity & wait ;;
  *) echo "usage: /backup.sh backup | /backup.sh verify FILE..." >&2; exit 2 ;;
esac
