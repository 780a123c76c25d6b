#!/usr/bin/env bash
# As in the real images, `docker exec` runs as root and the application does not, so the lab shows what a command
# refuses or breaks as root.
set -euo pipefail

if [[ $(id -u) != 0 ]]; then
  exec "$@"
fi
IFS=: read -r user _ _ _ _ home _ < <(getent passwd 1000)

own() {
  if [[ $(stat -c %u "$1") != 1000 ]]; then chown -R 1000:1000 "$1"; fi
}

# OpenProject owns all of its folder. Gitea owns its two folders only: /data stays as Docker has made it, and the keys of
# the SSH server are root's.
case $user in
  app)
    mkdir -p /var/openproject/assets/files
    own /var/openproject/assets
    own /var/openproject/assets/files
    ;;
  git)
    mkdir -p /data/gitea/conf /data/git /data/ssh
    own /data/gitea
    own /data/gitea/conf
    own /data/git
    chmod 0755 /data/gitea /data/git
    if [[ ! -e /data/ssh/ssh_host_ed25519_key ]]; then
      (umask 077 && head -c 300 /dev/urandom | base64 > /data/ssh/ssh_host_ed25519_key)
    fi
    if [[ ${1:-} == lab-start ]]; then python3 -u -m standins.gitea.sshd & fi
    ;;
esac
export HOME=$home
exec setpriv --reuid="$user" --regid="$user" --init-groups -- "$@"
