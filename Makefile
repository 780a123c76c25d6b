# Everything a contributor types. The work is in the scripts that the targets call.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/.venv/bin:$(PATH)

SIZE ?= small
SHELL_SCRIPTS = $(shell git ls-files -co --exclude-standard | grep -v '\.j2$$' | xargs -r grep -d skip -lE '^\#!.*\b(ba)?sh\b')

.PHONY: help demo test bootstrap python images lab-up lab-down lab-clean lab-seed unit integration lab-test lint lint-ruff \
  lint-types lint-yaml lint-ansible lint-shell lint-changelog lint-docs molecule sanity bench bench-backup bench-restore bench-users \
  bench-health build docs reference format changelog clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## from nothing to a backup set of a running stack; the lab stays up
	@tests/lab/demo.sh

test: ## everything below in one run, with a summary
	@tests/run.sh

bootstrap: ## installs what is missing on a bare Debian 12 (as root) and makes .venv
	@tests/lab/bootstrap.sh

python:
	@tests/lab/bootstrap.sh python

images: bootstrap ## builds the lab's images where their inputs changed
	@tests/lab/images/build.sh

lab-up: images ## starts the lab stack (http://127.0.0.1:9000)
	@tests/lab/lab.sh up

lab-down: ## stops the lab stack; its data stays
	@tests/lab/lab.sh down

lab-clean: ## stops the lab stack and removes its data; backup sets stay
	@tests/lab/lab.sh down --volumes

lab-seed: ## fills the running lab: SIZE=small|large
	@tests/lab/lab.sh seed $(SIZE)

lint: python ## ruff, mypy, yamllint, ansible-lint, shellcheck, changelog, docs
	@$(MAKE) -j2 --output-sync=target --keep-going lint-ansible lint-types lint-ruff lint-yaml lint-shell \
	  lint-changelog lint-docs

lint-ruff:
	@ruff check --quiet .
	@ruff format --check --quiet . || { echo "ruff: the files above are not formatted; make format does it"; exit 1; }

lint-types:
	@cd .ansible/collections && mypy --config-file $(CURDIR)/pyproject.toml -p ansible_collections.maxops.ops.plugins

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

unit: python ## tests without an engine
	@pytest tests/unit

integration: ## tests on the running lab
	@pytest tests/integration

lab-test: ## tests of the lab's own stand-ins and seeder
	@pytest tests/lab

molecule: ## deploy, back up, verify a stack of its own beside the lab
	@molecule test

sanity: python ## ansible-test sanity on a copy
	@tests/sanity.sh

bench: bench-backup bench-restore bench-users bench-health ## all measurements on the large lab

bench-backup: ## the backup's measurements, into build/bench/backup.json
	@python3 tests/bench/backup.py

bench-restore: ## the restore's and the verification's measurements, into build/bench/restore.json
	@python3 tests/bench/restore.py
	@python3 tests/bench/verify.py

bench-users: ## the users' measurements against a slow stand-in of their own, into build/bench/users.json
	@python3 tests/bench/users.py

bench-health: ## the health check's measurements, into build/bench/health.json
	@python3 tests/bench/health.py

build: python ## the collection's tarball in build/
	@mkdir -p build
	@ansible-galaxy collection build --force --output-path build

docs: python ## the modules' and roles' reference as HTML in build/docs
	@tests/docs.sh

reference: python ## docs/reference*.md and the tables of options in the roles' READMEs, from the files
	@python tests/reference/generate.py

changelog: python ## CHANGELOG.md from the fragments, for the version in galaxy.yml
	@antsibull-changelog release --update-existing --refresh --reload-plugins

clean: ## removes what the other targets left in the checkout
	@rm -rf build .venv .cache .mypy_cache .ruff_cache .pytest_cache
