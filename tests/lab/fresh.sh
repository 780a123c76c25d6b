#!/usr/bin/env bash
# Tests the README's first page: a bare Debian 12, a clone of this checkout's HEAD and `make demo` to its last line.
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
  plain     git, make and a docker client without an engine, as on many machines (default)
  bare      without a docker client as well
  again     as plain, then make demo a second time, which has to install, build and start nothing
  umask     clone and demo under umask 077
  locale    LANG=ko_KR.UTF-8, which is not generated there
  korean    LANG=ko_KR.UTF-8, generated, so that programs speak Korean
  spaces    a clone in a path with spaces, which has to be refused before anything is installed
Needs root and the engine of `make bootstrap`, 4 GB of disk and about four minutes a case. Logs are in build/fresh.
TEXT
}

say() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }
die() { printf 'fresh: %s\n' "$@" >&2; exit 1; }

# In the background: bash handles no signal while a program runs in the foreground.
run_interruptible() {
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

# This machine's own configuration of package sources, without the files of an earlier bootstrap.
copy_package_sources() {
  local root=$1 file
  rm -rf "$root"/etc/apt/sources.list
  tar -C / -c --exclude='maxops-lab-*' --exclude='*.disabled*' etc/apt usr/share/keyrings | tar -C "$root" -x
  for file in /etc/pip.conf /root/.config/pip/pip.conf /root/.pip/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [[ ! -e $file ]] || install -D -m 0644 "$file" "$root$file"
  done
}

# Local folders of packages in pip's configuration; the container gets them read-only. The pages of an index (…/simple)
# link to files beside it.
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

# The container removes itself after an hour, in case this script is killed with SIGKILL.
start_container() {
  local options=() variable folder
  for variable in $(variables_of_packages); do options+=(--env "$variable"); done
  while read -r folder; do options+=(--volume "$folder:$folder:ro"); done < <(folders_of_pip)
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

# The last line of the demo names the backup set.
run_demo() {
  local started=$SECONDS last
  run_interruptible demo "$1" || die "$kind: make demo failed after $((SECONDS - started)) s." \
    "The output is above and in $log; repeat it with: tests/lab/fresh.sh $kind"
  last=$(tail -n 1 "$log")
  [[ $last == 'backup set: /'* ]] || die "$kind: the demo's last line does not name a backup set: $last" "See $log."
  results+=("$kind: $((SECONDS - started)) s, $last")
}

expect_refusal() {
  local started=$SECONDS
  if run_interruptible demo :; then die "$kind: make demo was not refused."; fi
  grep -q '^bootstrap: Move it to a path without one' "$log" || die "$kind: make demo failed without the expected message; see $log."
  ! grep '^bootstrap: installing' "$log" || die "$kind: make demo installed packages before it was refused."
  results+=("$kind: $((SECONDS - started)) s, refused: $(grep -m 1 '^bootstrap: ' "$log")")
}

run_case() {
  local kind=$1 log=$logs/$1.log folder=/root/ops before=:
  say "$kind: starting a bare Debian 12"
  start_container
  case $kind in
    umask) before='umask 077' ;;
    locale | korean) before='export LANG=ko_KR.UTF-8' ;;
    spaces) folder='/root/my projects/ops collection' ;;
  esac
  [[ $kind == bare ]] || give_client
  [[ $kind != korean ]] || run_interruptible generate_korean
  in_container "$before; git -c advice.detachedHead=false clone --quiet checkout.bundle \"$folder\""
  say "$kind: make demo"
  if [[ $kind == spaces ]]; then expect_refusal; else run_demo "$before"; fi
  if [[ $kind == again ]]; then
    say "$kind: make demo, a second time"
    log=$logs/$kind-2.log
    run_demo "$before"
    if grep -E '^bootstrap: (installing|starting|making)|: building$' "$log"; then
      die "again: the second run repeated work of the first; the lines are above."
    fi
  fi
  docker rm --force --volumes "$name" >/dev/null
}

for kind in "${cases[@]}"; do
  case $kind in
    plain | bare | again | umask | locale | korean | spaces) ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
[[ $(id -u) -eq 0 ]] || die "debootstrap makes the container's root folder and needs root." "Run this as root."
missing=''
for program in docker debootstrap git; do command -v "$program" >/dev/null || missing+=" $program"; done
[[ -z $missing ]] || die "Missing on this machine:$missing." \
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
[[ -z $(git status --porcelain) ]] || say "this checkout has uncommitted changes; only HEAD is tested"
git bundle create --quiet "$WORK/checkout.bundle" HEAD
find_mirrors
say "making the root folder of a bare Debian 12 (debootstrap), about a minute"
run_interruptible make_root || die "The root folder of the container could not be made: $(tail -n 3 "$logs/debootstrap.log")" "See $logs/debootstrap.log."
for kind in "${cases[@]}"; do run_case "$kind"; done
printf '\n'
printf '%s\n' "${results[@]}"
