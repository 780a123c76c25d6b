#!/usr/bin/env bash
# Proves the first page of the README: a bare Debian 12, a clone of this checkout's HEAD and `make demo` to its last line.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source-path=SCRIPTDIR source=environment.sh
. tests/lab/environment.sh
HERE=$PWD/tests/lab/images
# shellcheck source-path=SCRIPTDIR source=images/base.sh
. "$HERE/base.sh"

logs=$PWD/build/fresh
name=maxops-fresh-$$
image=maxops-lab/fresh:$$
cases=("$@")
[[ $# -gt 0 ]] || read -ra cases <<<"${FRESH_CASE:-plain}"
WORK='' child=''

usage() {
  cat <<'TEXT'
usage: fresh.sh [CASE]...     (or FRESH_CASE="CASE …" make fresh)
  plain     git, make and a docker client without an engine, which is how many machines begin (default)
  bare      no docker client either
  again     as plain, and make demo a second time, which may install, build and start nothing
  umask     clone and demo under umask 077
  locale    LANG=ko_KR.UTF-8, which is not generated there
  korean    LANG=ko_KR.UTF-8, generated, so that programs speak Korean
  spaces    a clone in a path with spaces, which has to be refused before anything is installed
Needs root and the engine of `make bootstrap`, 4 GB of disk and about four minutes a case. Logs are in build/fresh.
TEXT
}

say() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }
die() { printf 'fresh: %s\n' "$@" >&2; exit 1; }

# In the background and waited for: bash would not see a signal before a program in the foreground has ended.
attend() {
  local rc=0
  set -m
  "$@" &
  child=$!
  set +m
  wait "$child" || rc=$?
  child=''
  return "$rc"
}

clean_up() {
  local rc=$?
  trap - EXIT INT TERM HUP
  [[ -z $child ]] || { kill -- "-$child" 2>/dev/null && sleep 1; } || true
  docker rm --force --volumes "$name" >/dev/null 2>&1 || true
  docker image rm "$image" >/dev/null 2>&1 || true
  if [[ -n $WORK ]]; then
    unmount_below "$WORK"
    rm -rf --one-file-system "$WORK"
  fi
  exit "$rc"
}

# What of this machine's way to its packages is configuration; what an earlier bootstrap added is not.
copy_package_sources() {
  local root=$1 file
  rm -rf "$root"/etc/apt/sources.list
  tar -C / -c --exclude='maxops-lab-*' --exclude='*.disabled*' etc/apt usr/share/keyrings | tar -C "$root" -x
  for file in /etc/pip.conf /root/.config/pip/pip.conf /root/.pip/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [[ ! -e $file ]] || install -D -m 0644 "$file" "$root$file"
  done
}

# Folders of packages on this machine that pip is told of; lent to the container for reading. The pages of an index
# (…/simple) point at files beside it.
folders_of_pip() {
  { cat /etc/pip.conf /root/.config/pip/pip.conf /root/.pip/pip.conf; env | grep '^PIP_'; } 2>/dev/null |
    grep -oE '(file://|[= ])/[^ ,;]+' | sed -E 's#^(file://|[= ])##; s#/simple/?$##' | sort -u |
    while read -r folder; do [[ ! -d $folder ]] || echo "$folder"; done
}

variables_of_packages() {
  env | grep -oiE '^((https?|no|all)_proxy|PIP_[A-Z_]+|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|GIT_SSL_CAINFO)=' | tr -d =
}

make_root() {
  local root=$WORK/root
  debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" "$MIRROR" >"$logs/debootstrap.log" 2>&1
  copy_package_sources "$root"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  unmount_below "$root"
  tar --one-file-system -C "$root" -c . | docker import --change 'CMD ["sleep", "3600"]' - "$image" >/dev/null
  rm -rf --one-file-system "$root"
}

# It removes itself after an hour, in case this script is killed in a way that no trap sees.
start_container() {
  local options=() each
  for each in $(variables_of_packages); do options+=(--env "$each"); done
  while read -r each; do options+=(--volume "$each:$each:ro"); done < <(folders_of_pip)
  docker run --detach --rm --init --name "$name" --hostname fresh --label ops.maxops.lab=1 --volume /var/lib/docker \
    --cap-add=ALL --cap-drop=SYS_RESOURCE --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    --cgroupns=host --volume /sys/fs/cgroup:/sys/fs/cgroup:rw --device-cgroup-rule='a *:* rwm' \
    "${options[@]}" "$image" >/dev/null
  docker cp --quiet "$WORK/checkout.bundle" "$name:/root/checkout.bundle"
}

in_container() { docker exec --workdir /root "$name" bash -euo pipefail -c "$@"; }

give_client() { docker cp --quiet --follow-link "$(command -v docker)" "$name:/usr/local/bin/docker"; }

generate_korean() {
  in_container 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y locales >/dev/null 2>&1
    localedef -i ko_KR -f UTF-8 ko_KR.UTF-8'
}

demo() { in_container "$1; cd \"$folder\"; make demo" 2>&1 | tee "$log"; }

# The demo's last line is its promise.
run_demo() {
  local started=$SECONDS last
  attend demo "$1" || die "$each: make demo failed after $((SECONDS - started)) s." \
    "The output is above and in $log; repeat it with: tests/lab/fresh.sh $each"
  last=$(tail -n 1 "$log")
  [[ $last == 'backup set: /'* ]] || die "$each: the demo's last line does not name a backup set: $last" "See $log."
  results+=("$each: $((SECONDS - started)) s, $last")
}

expect_refusal() {
  local started=$SECONDS
  if attend demo :; then die "$each: make demo went on, and has to be refused."; fi
  grep -q '^bootstrap: Move it to a path without one' "$log" || die "$each: make demo failed without the sentence; see $log."
  ! grep '^bootstrap: installing' "$log" || die "$each: make demo installed something before it refused."
  results+=("$each: $((SECONDS - started)) s, refused: $(grep -m 1 '^bootstrap: ' "$log")")
}

run_case() {
  local each=$1 log=$logs/$1.log folder=/root/ops before=:
  say "$each: starting a bare Debian 12"
  start_container
  case $each in
    umask) before='umask 077' ;;
    locale | korean) before='export LANG=ko_KR.UTF-8' ;;
    spaces) folder='/root/my projects/ops collection' ;;
  esac
  [[ $each == bare ]] || give_client
  [[ $each != korean ]] || attend generate_korean
  in_container "$before; git -c advice.detachedHead=false clone --quiet checkout.bundle \"$folder\""
  say "$each: make demo"
  if [[ $each == spaces ]]; then expect_refusal; else run_demo "$before"; fi
  if [[ $each == again ]]; then
    say "$each: make demo, a second time"
    log=$logs/$each-2.log
    run_demo "$before"
    if grep -E '^bootstrap: (installing|starting|making)|: building$' "$log"; then
      die "again: the second run did what the first one had done; the lines are above."
    fi
  fi
  docker rm --force --volumes "$name" >/dev/null
}

for each in "${cases[@]}"; do
  case $each in
    plain | bare | again | umask | locale | korean | spaces) ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
[[ $(id -u) -eq 0 ]] || die "A root for the container is made with debootstrap, which needs root." "Run this as root."
have_missing=''
for each in docker debootstrap git; do command -v "$each" >/dev/null || have_missing+=" $each"; done
[[ -z $have_missing ]] || die "Missing on this machine:$have_missing." \
  "Install it (make bootstrap for docker; apt-get install debootstrap git), then run again."
rc=0
ask_engine docker version >/dev/null 2>&1 || rc=$?
! timed_out "$rc" || die "The Docker Engine accepts connections and has not answered within $engine_limit s." \
  "Look at its log (journalctl -u docker), restart it (systemctl restart docker) and run this again."
[[ $rc -eq 0 ]] || die "The Docker Engine does not answer." "Run make bootstrap, which starts it."

trap clean_up EXIT
trap 'exit 130' INT TERM HUP
mkdir -p "$logs"
WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/maxops-fresh.XXXXXX")
results=()
[[ -z $(git status --porcelain) ]] || say "this checkout has changes that are not committed; HEAD is what is tried"
git bundle create --quiet "$WORK/checkout.bundle" HEAD
find_mirrors
say "making the root of a bare Debian 12 (debootstrap), about a minute"
attend make_root || die "The root could not be made: $(tail -n 3 "$logs/debootstrap.log")" "See $logs/debootstrap.log."
for each in "${cases[@]}"; do run_case "$each"; done
printf '\n'
printf '%s\n' "${results[@]}"
