#!/usr/bin/env bash
# Brings a bare Debian 12 to where the lab and the tests can run; changes only what is missing.
#   tests/lab/bootstrap.sh            all of it
#   tests/lab/bootstrap.sh python     only the checkout's .venv (lint and unit tests need no engine)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$root/.venv
engine_log=/var/log/maxops-lab-dockerd.log
# Tells a machine that this script prepared, and may complete, from one whose Docker is its owner's business.
marker=/var/lib/maxops-lab/prepared-by-bootstrap
tools=/var/lib/maxops-lab/tools
part=${1:-all}

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() { printf 'bootstrap: %s\n' "$@" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
# A lone client is no engine; a user's PATH may end before the sbin folders, where Debian keeps two of the three.
have_engine() {
  local PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
  have dockerd && have containerd && have runc
}
engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
compose_is_v2() { docker compose version --short 2>/dev/null | grep -Eq '^v?([2-9]|[1-9][0-9])\.'; }

python_fits() {
  "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  # The distribution's own first: shims of version managers change meaning with the folder they are called from.
  local candidate
  for candidate in /usr/bin/python3 python3.14 python3.13 python3.12 python3.11 python3; do
    if python_fits "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

missing_packages() {
  find_python >/dev/null || echo python3-venv
  [[ $part == all ]] || return 0
  have_engine || engine_answers || echo docker.io
  have docker || [[ ${VERSION_CODENAME:-} == bookworm ]] || echo docker-cli
  compose_is_v2 || compose_package
  # The base images are made once; where they exist their maker is not missed.
  have debootstrap || docker image inspect maxops-lab/base:bookworm maxops-lab/base:trixie >/dev/null 2>&1 ||
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
  # apt's own reading of its sources: it knows the deb822 and the one-line form, and mirror+file: URIs too.
  apt-get indextargets --format "\$(RELEASE) \$(REPO_URI)" 'Created-By: Packages' |
    awk '$1 == "bookworm" || $1 == "stable" || $1 == "oldstable" { print $2; exit }'
}

offer_compose_of_debian_13() {
  local candidate mirror
  candidate=$(LC_ALL=C apt-cache policy docker-compose | awk '$1 == "Candidate:" { print $2 }')
  [[ ${candidate:-1} =~ ^[01]\.|^1$|none ]] || return 0
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || die "No source for Debian 12 stands in /etc/apt, so Compose v2 cannot be taken from there." \
    "Add one (see sources.list(5)), or install Docker Compose v2 by hand, then run again."
  say "Compose v2 comes from Debian 13, pinned so that nothing else does"
  cat >/etc/apt/preferences.d/maxops-lab-compose <<-EOF
	Package: *
	Pin: release n=trixie
	Pin-Priority: -1

	Package: docker-compose
	Pin: release n=trixie
	Pin-Priority: 990
	EOF
  cat >/etc/apt/sources.list.d/maxops-lab-compose.sources <<-EOF
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
  if have docker && compose_is_v2 && [[ ! -e $marker && $part == all ]]; then
    die "This machine has a Docker of its own, so nothing is installed here unasked; missing: ${packages[*]}." \
      "Install them (apt-get install --no-install-recommends ${packages[*]}) and run again."
  fi
  [[ $EUID -eq 0 ]] || die "Missing on this machine: ${packages[*]}. Installing needs root." \
    "Run the same command as root (sudo make …), or have them installed, then run again."
  [[ ${ID:-} == debian && ${VERSION_CODENAME:-} =~ ^(bookworm|trixie)$ ]] ||
    die "Missing on this machine: ${packages[*]}. Only Debian 12 and 13 are prepared by this script;" \
      "on ${PRETTY_NAME:-this system} install Docker Engine, Compose v2, debootstrap, zstd and Python ≥ 3.11" \
      "with venv in its own way, then run again."
  mkdir -p "${marker%/*}"
  touch "$marker"
  log=$(mktemp)
  say "installing ${packages[*]}"
  apt update >"$log" 2>&1 || die "apt-get update failed: $(tail -n 3 "$log")" "Check /etc/apt and the network."
  if [[ ${VERSION_CODENAME:-} == bookworm && " ${packages[*]} " == *" docker-compose "* ]]; then
    offer_compose_of_debian_13
    apt update >"$log" 2>&1 || die "apt-get update failed: $(tail -n 3 "$log")" \
      "Check /etc/apt/sources.list.d/maxops-lab-compose.sources and the network."
  fi
  apt install --no-install-recommends -y "${packages[@]}" >"$log" 2>&1 ||
    die "apt-get install ${packages[*]} failed: $(tail -n 5 "$log")" "The whole output is in $log."
  rm -f "$log"
}

forget_stale_pid() {
  # After a hard stop the number may belong to another program by now, and dockerd would refuse to start.
  local file=$1 program=$2 pid
  [[ -s $file ]] || return 0
  pid=$(<"$file")
  [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$program" ]] || rm -f "$file"
}

start_engine() {
  if [[ -n ${DOCKER_HOST:-} ]]; then
    die "The Docker Engine at DOCKER_HOST=$DOCKER_HOST does not answer: $(docker version 2>&1 | tail -n 1)" \
      "The lab wants the engine of this machine: unset DOCKER_HOST, or start that engine."
  fi
  if [[ $EUID -ne 0 ]]; then
    die "Docker does not answer for user $(id -un): $(docker version 2>&1 | tail -n 1)" \
      "Start it (sudo systemctl start docker) or join its group (sudo usermod -aG docker $(id -un), then log in" \
      "again); or run the same command as root."
  fi
  say "starting the Docker Engine"
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker || die "systemctl start docker failed; look at: journalctl -u docker"
  elif [[ $(</proc/1/comm) == init && -e /etc/inittab ]]; then
    service docker start >&2 || die "service docker start failed; look at /var/log/docker.log"
  else
    have dockerd || die "docker is here but dockerd is not, so there is no engine to start." \
      "Install one (apt-get install docker.io), or set DOCKER_HOST to one on this machine."
    forget_stale_pid /var/run/docker.pid dockerd
    forget_stale_pid /var/run/docker/containerd/containerd.pid containerd
    setsid dockerd >>"$engine_log" 2>&1 </dev/null &
  fi
  local tries
  for ((tries = 0; tries < 120; tries++)); do
    engine_answers && return
    sleep 0.5
  done
  die "The Docker Engine does not answer after 60 s." "Its last words: $(tail -n 3 "$engine_log" 2>/dev/null)" \
    "Look at $engine_log (or journalctl -u docker), mend the cause and run again."
}

make_venv() {
  local python wanted log
  python=$(find_python) || die "No Python ≥ 3.11 with venv here; install one (apt-get install python3-venv)."
  wanted=$({ "$python" -V; cat "$root"/requirements.txt "$root"/tests/{requirements,constraints}.txt; } | sha256sum)
  [[ $(cat "$venv/.made-of" 2>/dev/null) != "$wanted" ]] || return 0
  # Two targets at once would make it into each other.
  exec 9<"$root"
  flock 9
  [[ $(cat "$venv/.made-of" 2>/dev/null) != "$wanted" ]] || return 0
  say "making .venv with $("$python" -V), about half a minute"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  log=$(mktemp)
  # Compiling 20,000 modules of which a handful get imported costs more than the download.
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --constraint "$root/tests/constraints.txt" \
    --requirement "$root/requirements.txt" --requirement "$root/tests/requirements.txt" >"$log" 2>&1 ||
    die "pip could not install the requirements: $(tail -n 3 "$log")" \
      "Check that this machine reaches a Python package index; the whole output is in $log."
  rm -f "$log"
  printf '%s\n' "$wanted" >"$venv/.made-of"
}

# Prometheus for the tests: its programs alone, beside the lab, so that no service is installed and none is started.
fetch_prometheus() {
  local wanted=(prometheus promtool prometheus-node-exporter) packages=() name work log
  for name in "${wanted[@]}"; do [[ -x $tools/$name ]] || packages+=("$name"); done
  [[ ${#packages[@]} -gt 0 ]] || return 0
  have apt-get && [[ $EUID -eq 0 ]] || die "Missing in $tools, for the tests of the monitoring: ${packages[*]}." \
    "Put these programs there, or run the same command as root on Debian."
  say "fetching ${packages[*]}, without installing them"
  work=$(mktemp -d)
  log=$work/log
  fetch_packages "$work" "$log" "${packages[@]}" || { apt update >"$log" 2>&1 && fetch_packages "$work" "$log" "${packages[@]}"; } ||
    die "The packages ${packages[*]} cannot be had: $(tail -n 3 "$log")" "Check /etc/apt and the network, then run again."
  mkdir -p "$tools"
  for name in "$work"/*.deb; do dpkg-deb --extract "$name" "$work/root"; done
  for name in "${packages[@]}"; do install "$work/root/usr/bin/$name" "$tools/.$name" && mv "$tools/.$name" "$tools/$name"; done
  rm -rf "$work"
}

# promtool is a package of its own in some versions and a part of prometheus in others.
fetch_packages() {
  local work=$1 log=$2 name
  shift 2
  for name in "$@"; do
    [[ $name != promtool ]] || LC_ALL=C apt-cache policy promtool | grep -q 'Candidate: [0-9]' || name=prometheus
    (cd "$work" && apt -o APT::Sandbox::User=root download "$name") >>"$log" 2>&1 || return 1
  done
}

# shellcheck source=/dev/null
[[ ! -r /etc/os-release ]] || . /etc/os-release
mapfile -t missing < <(missing_packages)
[[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
[[ $part != all ]] || engine_answers || start_engine
make_venv
[[ $part != all ]] || fetch_prometheus
