#!/usr/bin/env bash
set -euo pipefail

CONFIG=/run/redis/lab.conf

# A password on the command line would appear in every process list of the host, so it is passed in a file.
write_config() {
  local password=${REDIS_PASSWORD:-}
  install -d -o redis -g redis -m 0700 "${CONFIG%/*}"
  install -o redis -g redis -m 0600 /dev/null "$CONFIG"
  {
    printf 'bind * -::*\nprotected-mode no\ndir /data\nsave 60 1\n'
    if [[ -n $password ]]; then
      password=${password//\\/\\\\}
      printf 'requirepass "%s"\n' "${password//\"/\\\"}"
    fi
  } > "$CONFIG"
}

if [[ ${1:-} == -* || ${1:-} == *.conf ]]; then
  set -- redis-server "$@"
fi
if [[ ${1:-} != redis-server ]]; then
  exec "$@"
fi
shift
[[ ${1:-} == *.conf ]] || set -- "$CONFIG" "$@"
if [[ $(id -u) == 0 ]]; then
  write_config
  find /data \! -user redis -exec chown redis:redis {} +
  unset REDIS_PASSWORD
  exec setpriv --reuid=redis --regid=redis --init-groups -- redis-server "$@"
fi
exec redis-server "$@"
