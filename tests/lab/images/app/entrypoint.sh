#!/usr/bin/env bash
# As in the real images, `docker exec` runs as root and the application does not, so the lab shows what a command
# refuses or breaks as root.
set -euo pipefail

if [[ $(id -u) != 0 ]]; then
  exec "$@"
fi
IFS=: read -r user _ _ _ _ home _ < <(getent passwd 1000)
for folder in /var/openproject/assets /data; do
  if [[ -d $folder && $(stat -c %u "$folder") != 1000 ]]; then
    chown 1000:1000 "$folder"
  fi
done
export HOME=$home
exec setpriv --reuid="$user" --regid="$user" --init-groups -- "$@"
