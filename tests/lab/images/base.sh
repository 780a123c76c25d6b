# shellcheck shell=bash
# Sourced by build.sh: Debian base images, made from the machine's own package mirror.

SUITES=(bookworm trixie)

apt_value() { local value; eval "$(apt-config shell value "$1")"; printf '%s' "${value:-}"; }

# apt reads its own sources, so .sources and .list files, options and disabled entries count as they do for apt. With
# an empty folder of package lists it takes 20 ms, even on a machine that never ran apt-get update.
# shellcheck disable=SC2016
apt_sources() {
  mkdir -p "$WORK/lists"
  apt-get -o "Dir::State::lists=$WORK/lists" --no-release-info indextargets \
    --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sort -u
}

# Cloud machines name a file of mirrors (mirror+file:/etc/apt/mirrors/debian.list) instead of a mirror.
apt_uri_of() {
  local suite=$1 uri release file
  while read -r uri release; do
    [[ $release == "$suite" ]] || continue
    if [[ $uri == mirror+file:* ]]; then
      file=${uri#mirror+file:}
      uri=$(grep -Eo -m1 '^https?://[^[:space:]]+' "${file%/}" || true)
    fi
    case $uri in
      http://* | https://*) printf '%s\n' "${uri%/}"; return 0 ;;
    esac
  done < <(apt_sources)
  return 1
}

find_mirrors() {
  local suite
  MIRROR=${MAXOPS_LAB_DEBIAN_MIRROR:-}
  SECURITY=${MAXOPS_LAB_DEBIAN_SECURITY_MIRROR:-}
  for suite in "${SUITES[@]}"; do
    [[ -n $MIRROR ]] || MIRROR=$(apt_uri_of "$suite") || true
    [[ -n $SECURITY ]] || SECURITY=$(apt_uri_of "$suite-security") || true
  done
  [[ -n $MIRROR ]] || die "no Debian mirror found in this machine's apt sources (looked for: ${SUITES[*]}).
  Next: add a Debian mirror to /etc/apt, or export MAXOPS_LAB_DEBIAN_MIRROR=URL and run this again."
}

release_answers() {
  local probe
  probe=$(mktemp "$WORK/release.XXXXXX")
  /usr/lib/apt/apt-helper -o Acquire::Retries=1 download-file "$1/dists/$2/InRelease" "$probe" > /dev/null 2>&1
}

base_inputs() {
  printf '%s\n' "$1" "$MIRROR" "$SECURITY"
  cat "$HERE/base.sh" "$HERE"/base/*
}

unmount_below() {
  local mounted
  awk -v root="$1/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mounted; do
    umount -l -- "$mounted" || true
  done
}

build_base() {
  local suite=$1 label=$2 root=$WORK/$1 extra=()
  release_answers "$MIRROR" "$suite" || {
    echo "E: the mirror does not answer for $suite: Could not connect to $MIRROR/dists/$suite/InRelease"
    return 1
  }
  [[ $MIRROR$SECURITY != *https://* ]] || extra=(--include=ca-certificates)
  http_proxy=${http_proxy:-$(apt_value Acquire::http::Proxy)} https_proxy=${https_proxy:-$(apt_value Acquire::https::Proxy)} \
    debootstrap --variant=minbase "${extra[@]}" "$suite" "$root" "$MIRROR"

  printf 'deb %s %s main\n' "$MIRROR" "$suite" > "$root/etc/apt/sources.list"
  if [[ -n $SECURITY ]] && release_answers "$SECURITY" "$suite-security"; then
    printf 'deb %s %s-security main\n' "$SECURITY" "$suite" >> "$root/etc/apt/sources.list"
  else
    echo "the security suite for $suite cannot be reached; the image is built without it"
  fi
  install -m 0755 "$HERE/base/lab-apt-install" "$root/usr/local/bin/"
  install -m 0644 "$HERE/base/apt-lab" "$root/etc/apt/apt.conf.d/90lab"
  install -m 0644 "$HERE/base/dpkg-lab" "$root/etc/dpkg/dpkg.cfg.d/lab"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/log/*.log \
    "$root"/usr/share/{doc,info,locale,man}/*
  unmount_below "$root"
  tar --one-file-system -C "$root" -c . | docker import \
    --change "LABEL ops.maxops.lab=1 $INPUTS_LABEL=$label" --change 'CMD ["bash"]' - "$PREFIX/base:$suite"
  rm -rf --one-file-system "$root"
}
