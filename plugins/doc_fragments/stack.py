# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that name the stack and its servers."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that name the stack and how to reach it; a module uses only the parts that it needs."""

    PROJECT = r"""
options:
  project_name:
    description:
      - Name of the Compose project that is the stack.
    type: str
    default: maxoperation
"""

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - Socket of the Docker daemon that runs the stack, on the host where the task runs.
    type: str
    default: unix:///var/run/docker.sock
  applications:
    description:
      - Which Compose services are OpenProject and Gitea. By default they are found by the image's name and the
        environment; name them where that does not find them, or finds the wrong ones.
      - The service that answers HTTP comes first, others of the same application after it. An empty list means that the
        stack does not have the application.
    type: dict
    suboptions:
      openproject:
        description: Services of OpenProject, for example V([web, worker, cron, seeder]).
        type: list
        elements: str
      gitea:
        description: Services of Gitea or Forgejo, for example V([server]).
        type: list
        elements: str
requirements:
  - Docker Engine with Compose v2 on the host
"""

    DOCKER = r"""
options: {}
requirements:
  - Python package C(docker) on the host (Debian C(python3-docker))
"""

    DATABASE = r"""
options:
  database_service:
    description:
      - Compose service of the PostgreSQL server.
      - By default it is found by image, environment and command; of several servers it is the one that OpenProject and
        Gitea log in to. A stack without PostgreSQL has no database part.
    type: str
  database_user:
    description:
      - Database user to connect as. A superuser sees everything.
      - By default the user that the server was initialized with (C(POSTGRES_USER)).
    type: str
  database_password:
    description:
      - Password of O(database_user).
      - By default C(POSTGRES_PASSWORD) or C(POSTGRES_PASSWORD_FILE) of the database's container.
    type: str
notes:
  - C(group/maxops.ops.database) in C(module_defaults) sets the options of the database server for all modules.
requirements:
  - Python package C(psycopg2) on the host (Debian C(python3-psycopg2))
"""

    CACHE = r"""
options:
  cache_service:
    description:
      - Compose service of the cache, Redis or memcached, whose volumes hold no data that must be kept.
      - By default it is found by image, environment and command; of several it is the one that OpenProject and Gitea
        use. A Redis that only other services use is not taken for it, because it may hold their data.
    type: str
  cache_password:
    description:
      - Password of Redis. By default that of its container's environment, of its mounted configuration file, or of the
        applications' settings.
    type: str
notes:
  - C(group/maxops.ops.cache) in C(module_defaults) sets the options of the cache for all modules that have them.
"""
