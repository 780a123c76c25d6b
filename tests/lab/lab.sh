#!/usr/bin/env bash
# Starts and stops the lab stack. It is deployed as any other stack, with playbooks/deploy.yml.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source-path=SCRIPTDIR source=environment.sh
. tests/lab/environment.sh
root=/var/lib/maxops-lab
export LAB_PROJECT=${LAB_PROJECT:-maxoperation}
export LAB_PORT=${LAB_PORT:-9000}
export LAB_STACK_DIR=${LAB_STACK_DIR:-$root/stack}
export LAB_REPOSITORY=${LAB_REPOSITORY:-$root/backups}
export MAXOPS_LAB_IMAGES=${MAXOPS_LAB_IMAGES:-lab}
export POSTGRES=${POSTGRES:-17} LAB_OPENPROJECT=${LAB_OPENPROJECT:-14.6.3} LAB_GITEA=${LAB_GITEA:-1.21.11}
playbook=${ANSIBLE_PLAYBOOK:-.venv/bin/ansible-playbook}
address=http://127.0.0.1:$LAB_PORT
stamp=$root/stamps/$LAB_PROJECT

usage() {
  cat <<'TEXT'
usage: lab.sh up | status | seed [small|large] | down [--volumes]
  up        deploys the stack and waits until it is healthy
  seed      fills it with realistic data, once for each size
  down      removes containers and network; --volumes also the data (backup sets stay)
environment, to run a second stack beside the first one or another version (default):
  LAB_PROJECT (maxoperation), LAB_PORT (9000), LAB_STACK_DIR (/var/lib/maxops-lab/stack),
  LAB_REPOSITORY (/var/lib/maxops-lab/backups), POSTGRES (17 or 15), LAB_OPENPROJECT (14.6.3 or 15.5.1),
  LAB_GITEA (1.21.11 or 1.22.6), MAXOPS_LAB_IMAGES (lab or upstream), ANSIBLE_PLAYBOOK (.venv/bin/ansible-playbook)
TEXT
}

die() { printf 'lab: %s\n' "$@" >&2; exit 1; }
compose() { docker compose --project-name "$LAB_PROJECT" --project-directory "$LAB_STACK_DIR" "$@"; }
is_healthy() { curl -fsS -m 12 -o /dev/null "$address/health" 2> /dev/null; }

containers() {
  docker ps --all --filter "label=com.docker.compose.project=$LAB_PROJECT" --format "$1"
}

# A Compose project of the same name as the lab may be a production stack.
refuse_foreign_project() {
  local folder
  while IFS= read -r folder; do
    [[ $folder == "$LAB_STACK_DIR" ]] ||
      die "The Compose project $LAB_PROJECT on this machine runs from $folder: it is not the lab's ($LAB_STACK_DIR)." \
        "Next: leave it running, and start the lab under another name: LAB_PROJECT=maxlab LAB_PORT=9100 $0 …"
  done < <(containers '{{.Label "com.docker.compose.project.working_dir"}}' | sort -u)
}

volumes() { docker volume ls --quiet --filter "label=com.docker.compose.project=$LAB_PROJECT"; }

# The volumes of a stopped production stack could be mistaken for the lab's.
refuse_foreign_volumes() {
  [[ -z $(volumes) || -e $LAB_STACK_DIR/.env ]] ||
    die "There are volumes of a project $LAB_PROJECT ($(volumes | tr '\n' ' '))," \
      "but no lab in $LAB_STACK_DIR that they could belong to: they may be the data of another stack." \
      "Next: if they are not needed, remove them (docker volume rm); else LAB_PROJECT=maxlab LAB_PORT=$((LAB_PORT + 100)) $0 …"
}

refuse_taken_port() {
  if containers '{{.Ports}}' | grep -q ":$LAB_PORT->"; then return; fi
  if (exec 3<> "/dev/tcp/127.0.0.1/$LAB_PORT") 2> /dev/null; then
    die "Port $LAB_PORT is used by another program." \
      "Next: find it (ss -ltnp 'sport = :$LAB_PORT') and stop it, or choose another port: LAB_PORT=$((LAB_PORT + 100)) $0 up"
  fi
}

refuse_other_database_version() {
  local folder data
  folder=$(docker volume inspect --format '{{.Mountpoint}}' "${LAB_PROJECT}_postgres-data" 2> /dev/null) || return 0
  [[ -r $folder/PG_VERSION ]] || return 0
  data=$(< "$folder/PG_VERSION")
  [[ $data == "$POSTGRES" ]] ||
    die "The data of $LAB_PROJECT was written by PostgreSQL $data, and PostgreSQL $POSTGRES cannot read it." \
      "Next: POSTGRES=$data $0 up; or remove the lab's data ($0 down --volumes); or set LAB_PROJECT, LAB_PORT and" \
      "LAB_STACK_DIR for another stack."
}

require_engine() {
  local rc=0
  { docker compose version && ask_engine docker version; } > /dev/null 2>&1 || rc=$?
  ! timed_out "$rc" || die "The Docker Engine accepts connections and has not answered within $engine_limit s." \
    "Next: look at its log (journalctl -u docker), restart it (systemctl restart docker) and run this again."
  [[ $rc -eq 0 ]] || die "No Docker Engine with Compose v2 answers." "Next: make bootstrap, or start it."
  [[ $EUID -eq 0 ]] || die "The lab's data is in $LAB_STACK_DIR, which belongs to root." "Next: run this as root."
}

images() {
  printf 'maxops-lab/%s\n' "postgres:$POSTGRES" redis:8 nginx:1 "openproject:$LAB_OPENPROJECT" "gitea:$LAB_GITEA" backup:1
}

# Everything that a deployment depends on: while it is unchanged and the stack is healthy, `up` deploys nothing.
inputs() {
  local names=()
  [[ $MAXOPS_LAB_IMAGES != lab ]] || mapfile -t names < <(images)
  {
    printf '%s\n' "$LAB_PROJECT" "$LAB_PORT" "$LAB_STACK_DIR" "$MAXOPS_LAB_IMAGES" "${names[@]}"
    if [[ ${#names[@]} -gt 0 ]] && ! docker image inspect --format '{{.Id}}' "${names[@]}" 2> /dev/null; then
      echo missing
    fi
    find roles/host roles/stack playbooks/deploy.yml inventories/lab tests/lab/lab.sh -type f -print0 | sort -z |
      xargs -0 cat
  } | sha256sum
}

deployed_state() {
  { containers '{{.ID}}' | sort; cat "$LAB_STACK_DIR/docker-compose.yml" 2> /dev/null || true; } | sha256sum
}

all_run() {
  [[ $(docker ps --quiet --filter "label=com.docker.compose.project=$LAB_PROJECT" | wc -l) -eq 6 ]]
}

# Two at once would each find the other's unfinished stack.
wait_for_turn() {
  mkdir -p "${stamp%/*}"
  exec 9> "$stamp.lock"
  flock --nonblock 9 || { echo "lab: another lab.sh is working on $LAB_PROJECT; waiting for it" >&2; flock 9; }
}

up() {
  local fingerprint
  require_engine
  wait_for_turn
  refuse_foreign_project
  refuse_foreign_volumes
  refuse_taken_port
  fingerprint=$(inputs)
  if [[ $(cat "$stamp" 2> /dev/null) == "$fingerprint$(deployed_state)" ]] && all_run && is_healthy; then
    echo "lab: $LAB_PROJECT is already up: $address"
    return
  fi
  refuse_other_database_version
  if [[ $MAXOPS_LAB_IMAGES == lab ]]; then
    # shellcheck disable=SC2046
    docker image inspect $(images) > /dev/null 2>&1 ||
      die "Some of the lab's images are missing: $(images | tr '\n' ' ')" "Next: tests/lab/images/build.sh"
  fi
  command -v "$playbook" > /dev/null || die "The program $playbook is missing." "Next: make bootstrap, or set ANSIBLE_PLAYBOOK."
  rm -f "$stamp"
  ANSIBLE_DISPLAY_OK_HOSTS=false ANSIBLE_DISPLAY_SKIPPED_HOSTS=false ANSIBLE_CONFIG=ansible.cfg \
    "$playbook" --inventory inventories/lab playbooks/deploy.yml 9>&- ||
    die "The stack did not start; the cause is above." "Next: fix it and run $0 up again."
  is_healthy || die "$address/health says: $(curl -sS -m 12 "$address/health" 2>&1)" "Next: $0 status"
  printf '%s' "$fingerprint$(deployed_state)" > "$stamp"
  echo "lab: $LAB_PROJECT is up: $address"
}

status() {
  require_engine
  refuse_foreign_project
  docker compose --project-name "$LAB_PROJECT" ps --all
  curl -sS -m 12 "$address/health" || true
  is_healthy
}

seed() {
  local size=$1 application seeders=() failed=0
  [[ $size == small || $size == large ]] || die "The size '$size' is unknown." "Next: $0 seed small, or large."
  require_engine
  refuse_foreign_project
  is_healthy || die "The stack $LAB_PROJECT is not up." "Next: $0 up"
  for application in openproject gitea; do
    compose exec -T "$application" lab-entrypoint python3 -m seed "$application" --size "$size" &
    seeders+=($!)
  done
  for application in "${seeders[@]}"; do wait "$application" || failed=1; done
  [[ $failed -eq 0 ]] || die "Seeding failed; the cause is above." "Next: fix it and run $0 seed $size again."
}

down() {
  local volume
  require_engine
  wait_for_turn
  refuse_foreign_project
  [[ ${1:-} != --volumes ]] || refuse_foreign_volumes
  rm -f "$stamp"
  docker compose --project-name "$LAB_PROJECT" down --remove-orphans
  if [[ ${1:-} == --volumes ]]; then
    while IFS= read -r volume; do
      docker volume rm "$volume" > /dev/null
    done < <(volumes)
    # The folder goes too: the passwords in its .env belong to the removed data.
    rm -rf --one-file-system "$LAB_STACK_DIR"
    echo "lab: the data of $LAB_PROJECT is removed; backup sets stay in $LAB_REPOSITORY"
  fi
}

case "${1:-} ${2:-}" in
  'up ') up ;;
  'status ') status ;;
  'seed ' | 'seed small' | 'seed large') seed "${2:-small}" ;;
  'down ' | 'down --volumes') down "${2:-}" ;;
  *) usage >&2; exit 2 ;;
esac
