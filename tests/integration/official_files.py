# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Compose files of OpenProject's and of Gitea's own pages, and the lab's images under the names that they use.

The names are below a registry that does not exist, so that real images on this machine are left alone.
"""

from __future__ import annotations

REGISTRY = "lab.invalid"
IMAGES = {
    "openproject/openproject:15-slim": "openproject:15.5.1",
    "openproject/openproject:14-slim": "openproject:14.6.3",
    "openproject/hocuspocus:17": "openproject:15.5.1",
    "openproject/proxy:latest": "nginx:1",
    "gitea/gitea:1.22.6": "gitea:1.22.6",
    "postgres:17": "postgres:17",
    "memcached:latest": "memcached:1",
    "willfarrell/autoheal:1.2.0": "autoheal:1",
}
"""The images of the official files, and the lab's images that stand in for them."""

OPENPROJECT = """\
networks:
  frontend:
  backend:

volumes:
  pgdata:
  opdata:

x-op-restart-policy: &restart_policy
  restart: unless-stopped
x-op-image: &image
  image: lab.invalid/openproject/openproject:${TAG:-15-slim}
x-op-app: &app
  <<: [*image, *restart_policy]
  environment:
    OPENPROJECT_HTTPS: "${OPENPROJECT_HTTPS:-true}"
    OPENPROJECT_HOST__NAME: "${OPENPROJECT_HOST__NAME:-localhost:8080}"
    OPENPROJECT_HSTS: "${OPENPROJECT_HSTS:-true}"
    RAILS_CACHE_STORE: "memcache"
    OPENPROJECT_CACHE__MEMCACHE__SERVER: "cache:11211"
    OPENPROJECT_RAILS__RELATIVE__URL__ROOT: "${OPENPROJECT_RAILS__RELATIVE__URL__ROOT:-}"
    DATABASE_URL: "${DATABASE_URL:-postgres://postgres:p4ssw0rd@db/openproject?pool=20&encoding=unicode&reconnect=true}"
    RAILS_MIN_THREADS: ${RAILS_MIN_THREADS:-4}
    RAILS_MAX_THREADS: ${RAILS_MAX_THREADS:-16}
    IMAP_ENABLED: "${IMAP_ENABLED:-false}"
    LAB_START_SECONDS: "${LAB_START_SECONDS:-0}"
    OPENPROJECT_SEED__ADMIN__USER__PASSWORD: "${SEED_PASSWORD}"
  volumes:
    - "${OPDATA:-opdata}:/var/openproject/assets"

services:
  db:
    image: lab.invalid/postgres:17
    <<: *restart_policy
    stop_grace_period: "3s"
    volumes:
      - "${PGDATA:-pgdata}:/var/lib/postgresql/data"
    environment:
      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-p4ssw0rd}
      POSTGRES_DB: openproject
    networks:
      - backend

  cache:
    image: lab.invalid/memcached
    <<: *restart_policy
    networks:
      - backend

  proxy:
    build:
      context: ./proxy
    image: lab.invalid/openproject/proxy
    <<: *restart_policy
    ports:
      - "${PORT:-8080}:80"
    depends_on:
      - web
    networks:
      - frontend
    volumes:
      - ./proxy/default.conf:/etc/nginx/conf.d/default.conf:ro

  web:
    <<: *app
    command: "./docker/prod/web"
    networks:
      - frontend
      - backend
    depends_on:
      - db
      - cache
      - seeder
    labels:
      - autoheal=true
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8080${OPENPROJECT_RAILS__RELATIVE__URL__ROOT:-}/health_checks/default"]
      interval: ${HEALTH_INTERVAL:-10s}
      timeout: 3s
      retries: 3
      start_period: 30s

  autoheal:
    image: lab.invalid/willfarrell/autoheal:1.2.0
    volumes:
      - "/var/run/docker.sock:/var/run/docker.sock"
    environment:
      AUTOHEAL_CONTAINER_LABEL: autoheal
      AUTOHEAL_START_PERIOD: 600
      AUTOHEAL_INTERVAL: 30

  worker:
    <<: *app
    command: "./docker/prod/worker"
    networks:
      - backend
    depends_on:
      - db
      - cache
      - seeder

  cron:
    <<: *app
    command: "./docker/prod/cron"
    stop_grace_period: "1s"
    networks:
      - backend
    depends_on:
      - db
      - cache
      - seeder

  seeder:
    <<: *app
    command: "./docker/prod/seeder"
    restart: on-failure
    networks:
      - backend
"""
"""As in the repository openproject-docker-compose, without the pull policy. Shorter than there: cron's time to stop,
and the interval of web's health check. PostgreSQL has no health check, and nothing waits for it, as there.
"""

HOCUSPOCUS = """
  hocuspocus:
    image: lab.invalid/openproject/hocuspocus:17
    command: [python3, -m, http.server, "1234"]
    stop_grace_period: "1s"
    environment:
      SECRET: OVERRIDE_ME_PLEASE
      OPENPROJECT_URL: "http://web:8080"
    networks:
      - backend
      - frontend
    <<: *restart_policy
"""
"""What the file for OpenProject 17 has in addition."""

PROXY = """\
server {
    listen 80;
    resolver 127.0.0.11 valid=1s;
    set $application web:8080;
    location / {
        proxy_pass http://$application;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
}
"""

REDIRECT = """\
server {
    listen 80;
    return 308 https://$host$request_uri;
}
"""
"""Of who has a proxy with a certificate before it: the port only redirects."""

GITEA = """\
networks:
  gitea:
    external: false

services:
  server:
    image: lab.invalid/gitea/gitea:1.22.6
    container_name: {project}
    environment:
      - USER_UID=1000
      - USER_GID=1000{database}
    restart: always
    stop_grace_period: 2s
    networks:
      - gitea
    volumes:
      - ./gitea:/data
      - /etc/localtime:/etc/localtime:ro
    ports:
      - "{port}:3000"
      - "{ssh_port}:22"
"""

GITEA_DATABASE = """
      - GITEA__database__DB_TYPE=postgres
      - GITEA__database__HOST=db:5432
      - GITEA__database__NAME=gitea
      - GITEA__database__USER=gitea
      - GITEA__database__PASSWD=gitea"""

GITEA_SERVER = """\
    depends_on:
      - db

  db:
    image: lab.invalid/postgres:17
    restart: always
    environment:
      - POSTGRES_USER=gitea
      - POSTGRES_PASSWORD=gitea
      - POSTGRES_DB=gitea
    networks:
      - gitea
    volumes:
      - ./postgres:/var/lib/postgresql/data
"""
