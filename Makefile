# All commands of a contributor. The work is in the scripts that the targets call.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Ansible and some linters do not start in a locale that is not generated on this machine, or is not UTF-8.
LOCALE := $(shell . tests/lab/environment.sh && printf '%s' "$${LC_ALL:-}")
ifneq ($(LOCALE),)
export LC_ALL := $(LOCALE)
endif

SIZE ?= small
SHELL_SCRIPTS = $(shell git ls-files -co --exclude-standard | grep -v '\.j2$$' | xargs -r grep -d skip -lE '^\#!.*\b(ba)?sh\b')

.PHONY: help demo fresh test bootstrap python images lab-up lab-down lab-clean lab-seed unit integration kill lab-test lint lint-ruff \
  lint-types lint-yaml lint-ansible lint-shell lint-changelog lint-docs molecule sanity bench bench-backup bench-restore bench-users \
  bench-health build docs reference format changelog clean

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## from nothing to a backup set of a running stack; the lab stays up
	@tests/lab/demo.sh

fresh: ## runs make demo of HEAD in a bare Debian 12, before a release: FRESH_CASE="plain again umask locale korean spaces"
	@tests/lab/fresh.sh

test: ## runs all checks and tests, with a summary
	@tests/run.sh

bootstrap: ## installs what is missing on a bare Debian 12 (as root) and makes .venv
	@tests/lab/bootstrap.sh

python:
	@tests/lab/bootstrap.sh python

images: bootstrap ## builds the lab's images whose inputs have changed
	@tests/lab/images/build.sh

lab-up: images ## starts the lab stack (http://127.0.0.1:9000)
	@tests/lab/lab.sh up

lab-down: ## stops the lab stack; its data stays
	@tests/lab/lab.sh down

lab-clean: ## stops the lab stack and removes its data; backup sets stay
	@tests/lab/lab.sh down --volumes

lab-seed: ## fills the running lab: SIZE=small|large
	@tests/lab/lab.sh seed $(SIZE)

lint: python ## checks with ruff, mypy, yamllint, ansible-lint, shellcheck, and the changelog and docs linters
	@$(MAKE) -j2 --output-sync=target --keep-going lint-ansible lint-types lint-ruff lint-yaml lint-shell \
	  lint-changelog lint-docs

lint-ruff:
	@ruff check --quiet .
	@ruff format --check --quiet . || { echo "ruff: the files above are not formatted; run make format"; exit 1; }

lint-types:
	@cd .ansible/collections && mypy --config-file "$(CURDIR)/pyproject.toml" -p ansible_collections.maxops.ops.plugins

lint-yaml:
	@yamllint --strict .

lint-ansible:
	@ansible-lint -q --offline --nocolor

lint-shell:
	@shellcheck --external-sources $(SHELL_SCRIPTS)

lint-changelog:
	@antsibull-changelog lint

lint-docs:
	@antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .

format: python ## formats the Python code
	@ruff format .
	@ruff check --fix --quiet .

unit: python ## runs the tests that need no engine
	@pytest tests/unit

integration: ## runs the tests that use the running lab
	@pytest tests/integration

kill: python ## kills backups and restores at all moments, and runs all faults; takes three quarters of an hour
	@MAXOPS_KILLS=all pytest tests/integration/test_kills.py tests/integration/test_restore_faults.py \
	  tests/integration/test_state_faults.py

lab-test: ## runs the tests of the lab's stand-ins and seeder
	@pytest tests/lab

molecule: ## deploys, backs up and verifies a separate stack beside the lab
	@molecule test

sanity: python ## runs ansible-test sanity on a copy
	@tests/sanity.sh

bench: bench-backup bench-restore bench-users bench-health ## runs all measurements on the large lab

bench-backup: ## measures the backup, into build/bench/backup.json
	@python3 tests/bench/backup.py

bench-restore: ## measures restore and verification, into build/bench/restore.json
	@python3 tests/bench/restore.py
	@python3 tests/bench/verify.py

bench-users: ## measures users against a slow stand-in, into build/bench/users.json
	@python3 tests/bench/users.py

bench-health: ## measures the health check, into build/bench/health.json
	@python3 tests/bench/health.py

build: ## builds the collection's tarball in build/; needs no other tool than ansible-galaxy
	@tests/build.sh

docs: python ## builds the reference of modules and roles as HTML in build/docs
	@tests/docs.sh

reference: python ## writes docs/reference*.md and the tables of options in the roles' READMEs
	@python tests/reference/generate.py

changelog: python ## writes CHANGELOG.md from the fragments, for the version in galaxy.yml
	@antsibull-changelog release --update-existing --refresh-fragments --refresh-plugins prevent-removal --reload-plugins

clean: ## removes all files that the other targets wrote into the checkout
	@rm -rf build .venv .cache .mypy_cache .ruff_cache .pytest_cache
