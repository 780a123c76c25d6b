#!/usr/bin/env bash
# The backup script of the previous operations manual, which this collection replaces. Tests measure against it and read
# its legacy dumps: do not improve it.
set -euo pipefail

DIR=${BACKUP_DIR:-/backup/daily}
read -r -a DATABASES <<< "${BACKUP_DATABASES:-openproject gitea}"

die() { printf 'backup.sh: %s\n' "$*" >&2; exit 1; }

backup() {
  local stamp database file
  [[ -n ${PGHOST:-} ]] || die "PGHOST is not set: name the database server, PGUSER and PGPASSWORD in the environment"
  stamp=$(date +%Y%m%d_%H%M%S)
  mkdir -p "$DIR"
  for database in "${DATABASES[@]}"; do
    file=$DIR/${database}_$stamp.sql.gz
    if ! pg_dump --dbname="$database" | gzip > "$file"; then
      rm -f "$file"
      die "the dump of database $database failed (see above); nothing was kept of it"
    fi
    echo "backup.sh: $file ($(stat -c %s "$file") bytes)"
  done
}

# The manual's pattern names a path inside the container, so the calling shell finds nothing and passes it on as it is.
verify() {
  local pattern file failed=0
  [[ $# -gt 0 ]] || die "verify needs a file: /backup.sh verify $DIR/openproject_YYYYMMDD_HHMMSS.sql.gz"
  for pattern in "$@"; do
    while IFS= read -r file; do
      if [[ -f $file ]] && gzip -t -- "$file"; then
        echo "backup.sh: $file is whole"
      else
        echo "backup.sh: $file is missing or damaged" >&2
        failed=1
      fi
    done < <(compgen -G "$pattern" || printf '%s\n' "$pattern")
  done
  return "$failed"
}

wait_for_calls() {
  trap 'exit 0' TERM INT
  echo "backup.sh: waiting; call /backup.sh backup or /backup.sh verify FILE"
  sleep infinity &
  wait
}

case ${1:-} in
  backup) backup ;;
  verify) shift; verify "$@" ;;
  wait) wait_for_calls ;;
  *) die "unknown call '${1:-}': use backup, verify FILE or wait" ;;
esac
