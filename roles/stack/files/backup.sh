#!/usr/bin/env bash
# The backup service of the operations manual. maxops.ops.backup creates complete, verified sets without this script; it
# is kept for existing schedules that call it.
set -euo pipefail

folder=/backup/daily

take() {
  local moment database target
  moment=$(date +%Y%m%d_%H%M%S)
  mkdir -p "$folder"
  for database in openproject gitea; do
    target=$folder/${database}_$moment.sql.gz
    # It gets its real name only when it is complete: a partial file would look like a backup.
    pg_dump --dbname="$database" | gzip > "$target.part"
    mv "$target.part" "$target"
    echo "$target"
  done
}

check() {
  local file bad=0
  shopt -s nullglob
  # The manual uses a pattern, and the shell outside the container does not expand it.
  # shellcheck disable=SC2206
  local files=($@)
  [[ ${#files[@]} -gt 0 ]] || { echo "No file $*. Next: check the folder $folder." >&2; return 1; }
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
