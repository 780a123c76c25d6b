#!/usr/bin/env bash
# Takes the environment variables of the upstream PostgreSQL image, so that one Compose file serves both.
set -euo pipefail

die() { printf 'postgres image: %s\n' "$*" >&2; exit 1; }

read_secret() {
  local name=$1 file_name=${1}_FILE
  if [[ -n ${!name:-} && -n ${!file_name:-} ]]; then
    die "both $name and $file_name are set: keep one of them"
  fi
  if [[ -n ${!file_name:-} ]]; then
    [[ -r ${!file_name} ]] || die "$file_name names ${!file_name}, which cannot be read: check the mount and its mode"
    printf -v "$name" '%s' "$(< "${!file_name}")"
    export "${name?}"
  fi
}

become_postgres() {
  mkdir -p "$PGDATA" /var/run/postgresql
  find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres:postgres {} +
  chmod 0700 "$PGDATA"
  chmod 2775 /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
}

run_init_file() {
  local file=$1
  echo "postgres image: running $file"
  case $file in
    *.sh)
      # shellcheck source=/dev/null
      if [[ -x $file ]]; then "$file"; else . "$file"; fi
      ;;
    *.sql) init_psql --file "$file" ;;
    *.sql.gz) gzip -dc -- "$file" | init_psql ;;
    *.sql.zst) zstd -dcq -- "$file" | init_psql ;;
    *) echo "postgres image: skipped $file (not .sh, .sql, .sql.gz or .sql.zst)" ;;
  esac
}

init_psql() {
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}

# Built in a folder of its own and moved into place, PG_VERSION last. When the first start is killed, the next one sees
# that the folder is unfinished and does not start a server without its databases.
create_cluster() {
  local final=$PGDATA file
  local -a host_rule=(host all all all "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}")
  if [[ -z ${POSTGRES_PASSWORD:-} && ${host_rule[4]} != trust ]]; then
    die "a new database needs a password: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE"
  fi
  rm -rf "$final/.new"
  [[ -z $(ls -A "$final") ]] || die "$final is not empty and has no PG_VERSION, so it is not a database: mount another volume"

  export PGDATA=$final/.new
  initdb --username="$POSTGRES_USER" --auth=trust --encoding=UTF8 \
    --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") ${POSTGRES_INITDB_ARGS:+$POSTGRES_INITDB_ARGS} > /dev/null
  printf '%s\n' "${host_rule[*]}" >> "$PGDATA/pg_hba.conf"
  # Health checks do not know this socket: only the finished server counts as ready.
  export PGHOST=$PGDATA
  pg_ctl --silent --wait --options="-c listen_addresses='' -c unix_socket_directories='$PGDATA'" start
  if [[ $POSTGRES_DB != postgres ]]; then
    init_psql --dbname postgres --set name="$POSTGRES_DB" <<< 'CREATE DATABASE :"name"'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    [[ -e $file ]] && run_init_file "$file"
  done
  pg_ctl --silent --wait --mode=fast stop

  find "$PGDATA" -mindepth 1 -maxdepth 1 \! -name PG_VERSION -exec mv -t "$final" -- {} +
  mv "$PGDATA/PG_VERSION" "$final/"
  rmdir "$PGDATA"
  export PGDATA=$final
  unset PGHOST
  echo "postgres image: new database in $PGDATA is ready"
}

[[ ${1:-} == -* ]] && set -- postgres "$@"
if [[ ${1:-} != postgres ]]; then
  exec "$@"
fi
if [[ $(id -u) == 0 ]]; then
  become_postgres "$@"
fi
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  read_secret POSTGRES_PASSWORD
  read_secret POSTGRES_USER
  read_secret POSTGRES_DB
  export POSTGRES_USER=${POSTGRES_USER:-postgres}
  export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
  create_cluster
fi
unset POSTGRES_PASSWORD PGPASSWORD
exec "$@"
