#!/usr/bin/env bash
# Builds the lab's images that are missing or whose inputs have changed.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB=${HERE%/*}
LOGS=${MAXOPS_LAB_LOGS:-${LAB%/tests/lab}/build/lab-images}
PREFIX=${MAXOPS_LAB_IMAGE_PREFIX:-maxops-lab}
INPUTS_LABEL=ops.maxops.lab.inputs
AT_ONCE=2
export DOCKER_BUILDKIT=0 LC_ALL=C.UTF-8

usage() {
  cat <<'TEXT'
usage: build.sh [--fresh] [--list]
  --fresh   build everything again from new base images, with the mirror's newest packages
  --list    print the names of the images and stop
environment: MAXOPS_LAB_DEBIAN_MIRROR, MAXOPS_LAB_DEBIAN_SECURITY_MIRROR (else: as in this machine's apt sources),
  MAXOPS_LAB_IMAGE_PREFIX (maxops-lab: another one builds beside the images in use),
  MAXOPS_LAB_LOGS (folder of the build logs), TMPDIR (needs 1 GB while a base image is built)
TEXT
}

say() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }
die() { printf 'lab images: %s\n' "$*" >&2; exit 1; }

# shellcheck source-path=SCRIPTDIR source=../environment.sh
. "$LAB/environment.sh"
# shellcheck source-path=SCRIPTDIR source=base.sh
. "$HERE/base.sh"

check_engine() {
  local output rc=0
  command -v docker > /dev/null || die "the command docker is missing. Next: run 'make lab-up', which installs the engine."
  output=$(ask_engine docker version --format '{{.Server.Version}}' 2>&1) || rc=$?
  ! timed_out "$rc" || die "the Docker Engine accepts connections and has not answered within $engine_limit s.
  Next: look at its log (journalctl -u docker), restart it (systemctl restart docker) and run this again."
  [[ $rc == 0 ]] || die "the Docker Engine does not answer: ${output//$'\n'/ }
  Next: start it (systemctl start docker, or dockerd), or run 'make lab-up', which does."
}

check_base_tools() {
  [[ $(id -u) == 0 ]] || die "debootstrap makes the base images and needs root. Next: run this as root."
  command -v debootstrap > /dev/null || die "debootstrap is missing. Next: apt-get install --yes debootstrap"
  require_space "$WORK" 1000 "set TMPDIR to a folder with more free space"
}

require_space() {
  local folder=$1 need=$2 next=$3 free
  free=$(df --output=avail --block-size=1M -- "$folder" 2> /dev/null | tail -n 1) || return 0
  [[ $free -ge $need ]] || die "$folder has $free MB free, the images need $need MB there. Next: $next."
}

# docker gets the same bytes that were hashed, so an edit in between cannot lead to a wrong label.
context_of() {
  local -a folders
  IFS=, read -r -a folders <<< "$1"
  tar -C "$LAB" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' \
    --exclude=__pycache__ --exclude='*.pyc' --exclude='*.md' --exclude=tests --exclude='.*' -c "${folders[@]}"
}

hash_of() { sha256sum | cut -c1-32; }

read_list() {
  local name base dockerfile context arguments
  NAMES=()
  while read -r name base dockerfile context arguments; do
    [[ -n $name && $name != \#* ]] || continue
    NAMES+=("$name")
    BASE[$name]=$base DOCKERFILE[$name]=$dockerfile CONTEXT[$name]=$context ARGUMENTS[$name]=${arguments:-}
  done < "$HERE/images.list"
}

read_existing() {
  local name
  ID=() BUILT=()
  while read -r name id label; do
    ID[${name#"$PREFIX"/}]=$id
    BUILT[${name#"$PREFIX"/}]=$label
  done < <(docker image inspect --format \
    "{{range .RepoTags}}{{.}} {{\$.Id}} {{with \$.Config.Labels}}{{index . \"$INPUTS_LABEL\"}}{{end}}{{println}}{{end}}" \
    "${NAMES[@]/#/$PREFIX/}" "${SUITES[@]/#/$PREFIX/base:}" 2> /dev/null | grep "^$PREFIX/")
}

wanted_of() {
  local name=$1
  {
    printf '%s\n' "${ID[base:${BASE[$name]}]}" "${DOCKERFILE[$name]}" "${ARGUMENTS[$name]}"
    context_of "${CONTEXT[$name]}" | tee "$WORK/$name.tar"
  } | hash_of
}

build_image() {
  local name=$1 label=$2 argument
  local -a options=()
  for argument in ${ARGUMENTS[$name]}; do options+=(--build-arg "$argument"); done
  docker build --force-rm --tag "$PREFIX/$name" \
    --file "images/${DOCKERFILE[$name]}/Dockerfile" --build-arg "BASE=$PREFIX/base:${BASE[$name]}" "${options[@]}" \
    --label ops.maxops.lab=1 --label "$INPUTS_LABEL=$label" - < "$WORK/$name.tar"
}

explain() {
  local name=$1 log=$2 next
  case $(tail -n 40 "$log") in
    *'No space left on device'*) next="free space in $(docker info --format '{{.DockerRootDir}}') and in ${TMPDIR:-/var/tmp}" ;;
    *'Could not connect'* | *'Temporary failure resolving'* | *'Failed to fetch'* | *"Couldn't download"* | *'Unable to connect'*)
      next="check that the Debian mirror of this machine's apt sources can be reached, also from containers (docker run)" ;;
    *'Operation not permitted'* | *'Cannot install into target'*)
      next="use a TMPDIR that is not mounted noexec or nodev, on a machine that may mount and mknod" ;;
    *) next="read $log" ;;
  esac
  {
    printf 'lab images: building %s failed; the end of %s:\n' "$name" "$log"
    tail -n 12 "$log" | sed 's/^/    /'
    printf '  Next: %s; then run this again (finished images stay).\n' "$next"
  } >&2
}

start() {
  local name=$1 label=$2 log=$LOGS/${1//:/-}.log
  say "$name: building"
  set -m
  if [[ $name == base:* ]]; then
    (set -e; build_base "${name#base:}" "$label") > "$log" 2>&1 &
  else
    build_image "$name" "$label" > "$log" 2>&1 &
  fi
  RUNNING[$!]=$name
  set +m
  STARTED[$name]=$SECONDS
}

# Two images of one Dockerfile are built one after the other: the second takes layers of the first from the cache.
startable() {
  local name=$1 other
  [[ $name == base:* ]] && return 0
  [[ -z ${TODO[base:${BASE[$name]}]:-} ]] || return 1
  for other in "${RUNNING[@]}"; do
    [[ $other == base:* || ${DOCKERFILE[$other]} != "${DOCKERFILE[$name]}" || ${BASE[$other]} != "${BASE[$name]}" ]] || return 1
  done
}

is_running() { local other; for other in "${RUNNING[@]}"; do [[ $other == "$1" ]] && return 0; done; return 1; }

fill_slots() {
  local name
  for name in "${SUITES[@]/#/base:}" "${NAMES[@]}"; do
    [[ ${#RUNNING[@]} -lt $AT_ONCE ]] || return 0
    if [[ -n ${TODO[$name]:-} ]] && ! is_running "$name" && startable "$name"; then
      if [[ $name != base:* ]]; then TODO[$name]=$(wanted_of "$name"); fi
      start "$name" "${TODO[$name]}"
    fi
  done
}

# Docker does not remove an image that a container uses; a later run tries again.
drop_replaced() {
  local id
  docker image ls --quiet --no-trunc --filter dangling=true --filter "label=$INPUTS_LABEL" | sort -u |
    while read -r id; do docker image rm "$id" > /dev/null 2>&1 || true; done
}

finish_one() {
  local pid rc=0 name size
  wait -n -p pid || rc=$?
  name=${RUNNING[$pid]}
  unset "RUNNING[$pid]"
  if [[ $rc != 0 ]]; then
    explain "$name" "$LOGS/${name//:/-}.log"
    exit 1
  fi
  unset "TODO[$name]"
  read -r size id < <(docker image inspect --format '{{.Size}} {{.Id}}' "$PREFIX/$name")
  ID[$name]=$id
  say "$name: built in $((SECONDS - STARTED[$name])) s, $((size / 1000000)) MB"
}

plan() {
  local name suite label
  read_existing
  for suite in "${SUITES[@]}"; do
    label=$(base_inputs "$suite" | hash_of)
    [[ -z $FRESH && ${BUILT[base:$suite]:-} == "$label" ]] || TODO[base:$suite]=$label
  done
  for name in "${NAMES[@]}"; do
    if [[ -n ${TODO[base:${BASE[$name]}]:-} || ${BUILT[$name]:-} != "$(wanted_of "$name")" ]]; then
      TODO[$name]=later
    fi
  done
}

# debootstrap's child processes outlive it for a moment and would write into the folder that is being removed.
end_group() {
  local tries=50
  kill -- "-$1" 2> /dev/null || return 0
  while kill -0 -- "-$1" 2> /dev/null; do
    ((tries-- > 0)) || { kill -KILL -- "-$1" 2> /dev/null || true; return 0; }
    sleep 0.1
  done
}

clean_up() {
  local rc=$? pid
  trap - EXIT INT TERM
  for pid in "${!RUNNING[@]}"; do end_group "$pid"; done
  wait 2> /dev/null || true
  if [[ -n ${WORK:-} ]]; then
    unmount_below "$WORK"
    rm -rf --one-file-system "$WORK"
  fi
  exit "$rc"
}

declare -A BASE DOCKERFILE CONTEXT ARGUMENTS ID BUILT TODO RUNNING STARTED
RUNNING=() TODO=() ID=() BUILT=() FRESH='' WORK=''

read_list
case ${1:-} in
  '') ;;
  --fresh) FRESH=1 ;;
  --list) printf '%s\n' "${SUITES[@]/#/$PREFIX/base:}" "${NAMES[@]/#/$PREFIX/}"; exit 0 ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

trap clean_up EXIT
trap 'exit 130' INT TERM
check_engine
mkdir -p "$LOGS"
exec 9> "$LOGS/lock"
flock --nonblock 9 || { echo "lab images: another build is running; waiting for it"; flock 9; }
WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/maxops-lab-images.XXXXXX")
find_mirrors
plan
if [[ ${#TODO[@]} == 0 ]]; then
  say "all $((${#NAMES[@]} + ${#SUITES[@]})) lab images are up to date"
  exit 0
fi

for suite in "${SUITES[@]}"; do
  if [[ -n ${TODO[base:$suite]:-} ]]; then check_base_tools; break; fi
done
require_space "$(docker info --format '{{.DockerRootDir}}')" 2000 "remove unused images (docker image ls)"
say "${#TODO[@]} of $((${#NAMES[@]} + ${#SUITES[@]})) lab images to build, logs in $LOGS"
while [[ ${#TODO[@]} -gt 0 ]]; do
  fill_slots
  finish_one
done
drop_replaced
say "lab images are ready"
