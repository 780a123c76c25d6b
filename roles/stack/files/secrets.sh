#!/usr/bin/env bash
# Adds the secrets that an .env file lacks; existing values are never changed. Prints names, never values, so that no
# secret leaves this host.
#   secrets.sh [--dry-run] --database-volume VOLUME FILE NAME...
set -euo pipefail

die() { printf '%s\n' "$*" >&2; exit 1; }

random() {
  local text
  text=$(head -c $(($1 * 16)) /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9')
  [[ ${#text} -ge $1 ]] || die "/dev/urandom gave too little"
  printf '%s' "${text:0:$1}"
}

new_secret() {
  case $1 in
    # OpenProject requires four classes of characters.
    OPENPROJECT_ADMIN_PASSWORD) printf '%s-aA1' "$(random 28)" ;;
    *_PASSWORD) random 40 ;;
    *) random 96 ;;
  esac
}

value_of() {
  local value
  value=$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*(.*[^[:space:]])[[:space:]]*\$/\2/p" \
    "$file" | tail -n 1)
  [[ $value == [\"\']* ]] || value=${value%%[[:space:]]#*}
  value=${value#[\"\']}
  printf '%s' "${value%[\"\']}"
}

check_for_urls() {
  [[ $2 =~ ^[A-Za-z0-9._~-]+$ ]] || die "$1 in $file holds a character that is not allowed in a database address." \
    "Next: change it, also in the database, to letters, digits and . _ ~ - only."
}

dry_run='' volume=''
while [[ $1 == --* ]]; do
  case $1 in
    --dry-run) dry_run=1; shift ;;
    --database-volume) volume=$2; shift 2 ;;
    *) die "unknown option $1" ;;
  esac
done
# A link is kept and leads to the new file.
file=$(readlink -m "$1")
shift

umask 077
missing=()
if [[ -e $file ]]; then
  [[ -f $file && -r $file ]] || die "$file is not a readable file. Next: move it away, or run as root."
  for name in "$@"; do
    value=$(value_of "$name")
    if [[ -z $value ]]; then
      missing+=("$name")
    elif [[ $name == POSTGRES_PASSWORD || $name == REDIS_PASSWORD ]]; then
      check_for_urls "$name" "$value"
    fi
  done
  mode=$(stat -c %a "$file")
else
  missing=("$@")
  mode=600
fi

if [[ " ${missing[*]} " == *' POSTGRES_PASSWORD '* ]] && docker volume inspect "$volume" > /dev/null 2>&1; then
  die "The volume $volume holds a database already, but $file has no POSTGRES_PASSWORD, and a new one would not open" \
    "it. Next: restore the old .env (each backup set has it in config/), or remove the volume if its data may be deleted."
fi

if [[ ${#missing[@]} -gt 0 ]]; then
  printf 'add %s\n' "${missing[@]}"
elif [[ $mode != 600 ]]; then
  printf 'change the mode from %s to 600\n' "$mode"
fi
[[ -z $dry_run ]] || exit 0

if [[ ${#missing[@]} -gt 0 ]]; then
  new=$(mktemp "$file.XXXXXX")
  trap 'rm -f "$new"' EXIT
  if [[ -e $file ]]; then
    cat "$file" > "$new"
    # If the last line has no line feed, the first addition would join it.
    [[ -z $(tail -c 1 "$file") ]] || echo >> "$new"
  else
    echo '# Made once by the role maxops.ops.stack and never changed by it: without these the data can not be read.' > "$new"
  fi
  for name in "${missing[@]}"; do
    printf '%s=%s\n' "$name" "$(new_secret "$name")" >> "$new"
  done
  sync "$new"
  mv "$new" "$file"
elif [[ $mode != 600 ]]; then
  chmod 600 "$file"
fi
