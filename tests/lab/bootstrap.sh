#!/usr/bin/env bash
# Prepares a bare Debian 12 for the lab and the tests; installs only what is missing.
#   tests/lab/bootstrap.sh            everything
#   tests/lab/bootstrap.sh python     only the checkout's .venv (lint and unit tests need no engine)
# tests/unit/lab/test_bootstrap.py lists the decision for each state of a machine.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=environment.sh
. "$root/tests/lab/environment.sh"

# Empty except in the tests of this script, where a temporary folder stands for / of a simulated machine.
machine=${MAXOPS_BOOTSTRAP_MACHINE:-}
venv=$root/.venv
engine_log=$machine/var/log/maxops-lab-dockerd.log
# Marks a machine that this script prepared and may change again. On any other, Docker belongs to the owner.
marker=$machine/var/lib/maxops-lab/prepared-by-bootstrap
tools=$machine/var/lib/maxops-lab/tools
socket=/var/run/docker.sock
part=${1:-all}

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() { printf 'bootstrap: %s\n' "$@" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [[ $(id -u) -eq 0 ]]; }
# A client alone is not an engine.
have_engine() { have dockerd && have containerd && have runc; }
engine_answers() {
  local rc=0
  ask_engine docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || rc=$?
  ! timed_out "$rc" || refuse_silent_engine
  return "$rc"
}
engine_error() { ask_engine docker version 2>&1 | grep -v '^$' | tail -n 1 || true; }
# Without `hash -r`, bash prints only the path that it has remembered.
all_clients() { (hash -r && type -aP docker); }
compose_error() { docker compose version 2>&1 | head -n 1 || true; }
compose_is_v2() { docker compose version --short 2>/dev/null | grep -Eq '^v?([2-9]|[1-9][0-9])\.'; }

python_fits() {
  "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  # The distribution's own first: a version manager's shim depends on the folder that it is called from.
  local candidate
  for candidate in "$machine/usr/bin/python3" python3.14 python3.13 python3.12 python3.11 python3; do
    if python_fits "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# Runs before anything is installed: the lab cannot use these Dockers, and nothing should be installed beside them.
refuse_unfit_docker() {
  refuse_podman_client
  refuse_engine_at "${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}"
  have docker || return 0
  if engine_answers; then refuse_unfit_engine; else refuse_other_api; fi
}

refuse_podman_client() {
  local version
  have docker || return 0
  version=$(docker --version 2>&1) || die "The command $(command -v docker) does not run: $(tail -n 1 <<<"$version")" \
    "Remove it and run again: the engine's package brings a client that fits."
  [[ ! ${version,,} =~ podman ]] ||
    die "The command $(command -v docker) belongs to Podman; the lab needs Docker Engine." \
      "Remove it (apt-get remove podman-docker; Podman itself may stay) and run again."
}

# The playbooks always use Docker's usual socket, so the client has to use the same engine.
refuse_engine_at() {
  local endpoint=$1 by="the docker client's context" next="docker context use default (and unset DOCKER_CONTEXT)"
  [[ -n $endpoint && $endpoint != unix://$socket && $endpoint != unix:///run/docker.sock ]] || return 0
  [[ -z ${DOCKER_HOST:-} ]] || by="DOCKER_HOST" next="unset DOCKER_HOST"
  [[ $endpoint != unix:///run/user/* ]] ||
    die "$endpoint, set by $by, is a rootless Docker; the lab needs the engine that root runs, to read its volumes." \
      "Next: $next, then run again as root."
  die "$endpoint, set by $by, is not this machine's own engine (unix://$socket), which the lab and the playbooks use." \
    "Next: $next, then run again."
}

refuse_unfit_engine() {
  local folder features
  [[ $(docker version --format '{{range .Server.Components}}{{.Name}} {{end}}' 2>/dev/null) != *Podman* ]] ||
    die "Podman answers on $socket; the lab needs Docker Engine." \
      "Stop it (systemctl disable --now podman.socket, apt-get remove podman-docker) and run again."
  read -r folder features < <(ask_engine docker info --format '{{.DockerRootDir}} {{.SecurityOptions}}' 2>/dev/null) || return 0
  [[ $features != *rootless* ]] ||
    die "The Docker on $socket is rootless; the lab needs the engine that root runs, to read its volumes." \
      "Stop it (systemctl --user stop docker, as its user), then run again as root."
  [[ -d $machine$folder ]] ||
    die "The engine on $socket keeps its data in $folder, which is not on this machine; the lab reads it." \
      "Run this on that engine's machine, not with Docker Desktop or in a container that only has the socket."
}

refuse_silent_engine() {
  die "The Docker Engine on $socket accepts connections and has not answered within $engine_limit s." \
    "Look at its log (journalctl -u docker, or $engine_log), restart it (systemctl restart docker) and run again."
}

# "client version 1.52 is too new. Maximum supported API version is 1.41" and the like, from the client or the engine.
refuse_other_api() {
  local message client next
  message=$(engine_error)
  [[ $message =~ 'supported API version'|'is too old'|'is too new'|'newer than server' ]] || return 0
  next="Use the client that was installed with the engine, or update the older of the two"
  while read -r client; do
    [[ $client == "$(command -v docker)" ]] || ! ask_engine "$client" version >/dev/null 2>&1 ||
      next="$client fits: move $(command -v docker) away, or put ${client%/*} before it in PATH"
  done < <(all_clients)
  [[ -z ${DOCKER_API_VERSION:-} ]] || next="DOCKER_API_VERSION=$DOCKER_API_VERSION may be the cause: unset it"
  die "The client $(command -v docker) and this machine's Docker Engine have no API version in common: $message" \
    "$next, then run again."
}

# apt would replace packages of Docker's own repository by Debian's.
refuse_half_of_docker_ce() {
  local here
  here=$(dpkg-query -W -f "\${db:Status-Status} \${Package}\n" docker-ce docker-ce-cli containerd.io 2>/dev/null |
    awk '$1 == "installed" { printf "%s ", $2 }') || true
  [[ -z $here ]] ||
    die "Docker's own packages are installed (${here% }) without a complete engine; Debian's would replace them." \
      "Complete them (apt-get install docker-ce containerd.io), or remove them, then run again."
}

# Debian's Compose v2 replaces /usr/bin/docker-compose; a file in another folder is not touched.
refuse_to_replace_compose_v1() {
  local program version
  program=$(command -v docker-compose) || return 0
  version=$("$program" version --short 2>/dev/null) || return 0
  [[ $version == 1.* ]] || return 0
  [[ $program != "$machine/usr/bin/docker-compose" ]] ||
    die "$program is Compose $version; the lab needs Compose v2, which would replace it, so nothing is installed." \
      "Remove it (apt-get remove docker-compose), or install Compose v2 as a plugin of docker, then run again."
  say "$program is Compose $version and stays; version 2 is installed beside it"
}

missing_packages() {
  find_python >/dev/null || echo python3-venv
  [[ $part == all ]] || return 0
  if ! have_engine && ! engine_answers; then echo docker.io; fi
  # In Debian 12 the client is part of docker.io.
  if ! have docker; then
    if [[ ${VERSION_CODENAME:-} != bookworm ]]; then echo docker-cli; elif have_engine; then echo docker.io; fi
  fi
  compose_is_v2 || compose_package
  # debootstrap makes the base images; where they exist, it is not needed.
  have debootstrap || ask_engine docker image inspect maxops-lab/base:bookworm maxops-lab/base:trixie >/dev/null 2>&1 ||
    echo debootstrap
  have zstd || echo zstd
  have curl || echo curl
  have xz || echo xz-utils
  have git || echo git
}

compose_package() {
  if apt-cache show docker-compose-plugin >/dev/null 2>&1; then
    echo docker-compose-plugin
  else
    echo docker-compose
  fi
}

debian_mirror() {
  # apt reads its own sources: deb822, the one-line form and mirror+file: URIs.
  apt-get indextargets --format "\$(RELEASE) \$(REPO_URI)" 'Created-By: Packages' |
    awk '$1 == "bookworm" || $1 == "stable" || $1 == "oldstable" { print $2; exit }'
}

offer_compose_of_debian_13() {
  local candidate mirror
  candidate=$(LC_ALL=C apt-cache policy docker-compose | awk '$1 == "Candidate:" { print $2 }')
  [[ ${candidate:-1} =~ ^[01]\.|^1$|none ]] || return 0
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || die "/etc/apt has no source for Debian 12, so the mirror to take Compose v2 from is unknown." \
    "Add one (see sources.list(5)), or install Docker Compose v2 by hand, then run again."
  say "Compose v2 comes from Debian 13, pinned so that no other package does"
  cat >"$machine/etc/apt/preferences.d/maxops-lab-compose" <<-EOF
	Package: *
	Pin: release n=trixie
	Pin-Priority: -1

	Package: docker-compose
	Pin: release n=trixie
	Pin-Priority: 990
	EOF
  cat >"$machine/etc/apt/sources.list.d/maxops-lab-compose.sources" <<-EOF
	Types: deb
	URIs: $mirror
	Suites: trixie
	Components: main
	Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	EOF
}

apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"; }

install_packages() {
  local packages=("$@") log
  if { have_engine || engine_answers; } && compose_is_v2 && [[ ! -e $marker && $part == all ]]; then
    die "This machine had Docker already, so nothing is installed without being asked; missing: ${packages[*]}." \
      "Install them (apt-get install --no-install-recommends ${packages[*]}) and run again."
  fi
  [[ " ${packages[*]} " != *" docker.io "* ]] || refuse_half_of_docker_ce
  [[ " ${packages[*]} " != *" docker-compose "* ]] || refuse_to_replace_compose_v1
  is_root || die "Missing on this machine: ${packages[*]}. Installing needs root." \
    "Run the same command as root (sudo make …), or have them installed, then run again."
  [[ ${ID:-} == debian && ${VERSION_CODENAME:-} =~ ^(bookworm|trixie)$ ]] ||
    die "Missing on this machine: ${packages[*]}. This script installs packages on Debian 12 and 13 only." \
      "Install Docker Engine, Compose v2, debootstrap, zstd and Python ≥ 3.11 with venv on" \
      "${PRETTY_NAME:-this system} with its own tools, then run again."
  mkdir -p "${marker%/*}"
  touch "$marker"
  log=$(mktemp)
  say "installing ${packages[*]}"
  apt update >"$log" 2>&1 || die "apt-get update failed: $(tail -n 3 "$log")" "Check /etc/apt and the network."
  # Only now is it known what the sources offer.
  packages=("${packages[@]/#docker-compose*/$(compose_package)}")
  if [[ ${VERSION_CODENAME:-} == bookworm && " ${packages[*]} " == *" docker-compose "* ]]; then
    offer_compose_of_debian_13
    apt update >"$log" 2>&1 || die "apt-get update failed: $(tail -n 3 "$log")" \
      "Check /etc/apt/sources.list.d/maxops-lab-compose.sources and the network."
  fi
  apt install --no-install-recommends --no-remove -y "${packages[@]}" >"$log" 2>&1 ||
    die "apt-get install ${packages[*]} failed: $(tail -n 5 "$log")" "The full output is in $log."
  rm -f "$log"
  [[ $part != all ]] || compose_is_v2 ||
    die "Compose v2 is installed, but $(command -v docker) does not find it: $(compose_error)" \
      "Use the client of this machine's engine (in PATH are: $(all_clients | tr '\n' ' ')), then run again."
}

# After a hard stop the number in the file may belong to another program, and dockerd would refuse to start.
is_running() {
  local file=$1 program=$2 pid
  pid=$(cat "$file" 2>/dev/null) && [[ $(cat "$machine/proc/$pid/comm" 2>/dev/null) == "$program" ]]
}

start_engine() {
  local run=$machine/var/run tries dockerd=''
  is_root ||
    die "Docker does not answer for user $(id -un): $(engine_error)" \
      "Start it (sudo systemctl start docker) or join its group (sudo usermod -aG docker $(id -un), then log in" \
      "again); or run the same command as root."
  if [[ -d $machine/run/systemd/system ]]; then
    say "starting the Docker Engine (systemctl)"
    systemctl start docker || die "systemctl start docker failed." "Look at: journalctl -u docker"
  elif is_running "$run/docker.pid" dockerd; then
    say "waiting for the Docker Engine, which is starting"
  elif [[ $(<"$machine/proc/1/comm") == init && -e $machine/etc/inittab ]]; then
    say "starting the Docker Engine (service)"
    service docker start >&2 || die "service docker start failed." "Look at /var/log/docker.log"
  else
    say "starting the Docker Engine (dockerd, because no init system runs here)"
    is_running "$run/docker/containerd/containerd.pid" containerd || rm -f "$run/docker/containerd/containerd.pid"
    rm -f "$run/docker.pid"
    # Started in /, because the checkout may be removed while the engine runs.
    (cd / && exec setsid dockerd >>"$engine_log" 2>&1 </dev/null) &
    dockerd=$!
  fi
  for ((tries = 0; tries < 120; tries++)); do
    engine_answers && return
    refuse_other_api
    [[ -z $dockerd ]] || kill -0 "$dockerd" 2>/dev/null ||
      die "dockerd ended at once: $(tail -n 3 "$engine_log")" \
        "Fix the cause (the full output is in $engine_log) and run again."
    sleep 0.5
  done
  die "The Docker Engine does not answer after 60 s: $(engine_error)" "$(tail -n 3 "$engine_log" 2>/dev/null)" \
    "Look at $engine_log (or journalctl -u docker), fix the cause and run again."
}

make_venv() {
  local python fingerprint log
  python=$(find_python) || die "No Python ≥ 3.11 with venv here; install one (apt-get install python3-venv)."
  fingerprint=$({ "$python" -V; cat "$root"/requirements.txt "$root"/tests/{requirements,constraints}.txt; } | sha256sum)
  [[ $(cat "$venv/.made-of" 2>/dev/null) != "$fingerprint" ]] || return 0
  # Two targets of make may run at once.
  exec 9<"$root"
  flock 9
  [[ $(cat "$venv/.made-of" 2>/dev/null) != "$fingerprint" ]] || return 0
  say "making .venv with $("$python" -V), about half a minute"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  log=$(mktemp)
  # Compiling 20,000 modules, of which few are imported, takes longer than the download.
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --constraint "$root/tests/constraints.txt" \
    --requirement "$root/requirements.txt" --requirement "$root/tests/requirements.txt" >"$log" 2>&1 ||
    die "pip could not install the requirements: $(tail -n 3 "$log")" \
      "Check that this machine reaches a Python package index; the full output is in $log."
  rm -f "$log"
  printf '%s\n' "$fingerprint" >"$venv/.made-of"
}

# Prometheus for the tests: only its programs, in a folder of the lab. No service is installed or started.
fetch_prometheus() {
  local programs=(prometheus promtool prometheus-node-exporter) packages=() name work log
  for name in "${programs[@]}"; do [[ -x $tools/$name ]] || packages+=("$name"); done
  [[ ${#packages[@]} -gt 0 ]] || return 0
  if ! have apt-get || ! is_root; then
    die "Missing in $tools, for the monitoring tests: ${packages[*]}." \
      "Put these programs there, or run the same command as root on Debian."
  fi
  say "fetching ${packages[*]}, without installing them"
  work=$(mktemp -d)
  log=$work/log
  fetch_packages "$work" "$log" "${packages[@]}" || { apt update >"$log" 2>&1 && fetch_packages "$work" "$log" "${packages[@]}"; } ||
    die "The packages ${packages[*]} cannot be downloaded: $(tail -n 3 "$log")" "Check /etc/apt and the network, then run again."
  mkdir -p "$tools"
  for name in "$work"/*.deb; do dpkg-deb --extract "$name" "$work/root"; done
  for name in "${packages[@]}"; do install "$work/root/usr/bin/$name" "$tools/.$name" && mv "$tools/.$name" "$tools/$name"; done
  rm -rf "$work"
}

# promtool is a separate package in some versions of Debian and part of prometheus in others.
fetch_packages() {
  local work=$1 log=$2 name
  shift 2
  for name in "$@"; do
    [[ $name != promtool ]] || LC_ALL=C apt-cache policy promtool | grep -q 'Candidate: [0-9]' || name=prometheus
    (cd "$work" && apt -o APT::Sandbox::User=root download "$name") >>"$log" 2>&1 || return 1
  done
}

# shellcheck source=/dev/null
[[ ! -r $machine/etc/os-release ]] || . "$machine/etc/os-release"
# PATH and virtual environments cannot contain a colon.
[[ $root != *:* ]] || die "The path of this checkout has a colon: $root" "Move it to a path without one and run again."
# ansible-core does not quote the path of Python in a background job (_execute_module with async), such as a backup.
[[ $part != all || $root != *[[:space:]]* ]] ||
  die "The path of this checkout has a space, and Ansible cannot start a background job from there: $root" \
    "Move it to a path without one and run again (make lint and make unit work here)."
[[ $part != all ]] || refuse_unfit_docker
mapfile -t missing < <(missing_packages)
[[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
[[ $part != all ]] || engine_answers || start_engine
make_venv
[[ $part != all ]] || fetch_prometheus
