# Everything there is to do with the repository. Each target installs what it needs.
#
#   make up       run the whole stack on this machine   (PORT=4566 DETACH=1 FRESH=1 SEED=0)
#   make down     stop it
#   make agenda   do now what has fallen due on it, which it does by itself every hour
#   make test     check, and run all tests
#   make check    lint, format, types, template
#   make bench    measure
#   make simulate two years of many clients beside a model (CLIENTS=500)
#   make openapi  write docs/openapi.json anew
#   make build    build for AWS                         (ARCH=arm64 | x86_64 | local; PLAIN=1)
#   make deploy   build and deploy to AWS               (ENV=default | prod)
#   make owner    the first owner of a deployment       (EMAIL=you@firm.com OWNER=You STACK=tallybook)
#   make verify   recompute the books                   (STACK=tallybook; else of this machine)
#   make clean    remove all that is made, the local stack's data included

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

ARCH ?= arm64
BUILD ?= .aws-sam/build
ENV ?= default

tools := $(CURDIR)/.local/tools
# uv of the machine, or one of our own.
uv := $(or $(shell command -v uv 2>/dev/null),$(tools)/bin/uv)
python := $(CURDIR)/.venv/bin/python
sam := $(CURDIR)/.local/sam/bin/sam

export SAM_CLI_TELEMETRY := 0
export UV_NO_PROGRESS := 1

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile

# ---- The stack on this machine -----------------------------------------------------------

.PHONY: up down token agenda
up: .venv/ready .local/sam/ready .local/emulator/ready
	@$(python) -m local up

down: .venv/ready
	@$(python) -m local down

# An ID token of the local owner, for pasted commands.
token: .venv/ready
	@$(python) -m local token

agenda: .venv/ready
	@$(python) -m local agenda

# ---- Quality -----------------------------------------------------------------------------

.PHONY: check test bench simulate openapi
check: .venv/ready .local/sam/ready
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy .
	.venv/bin/cfn-lint template.yaml
	$(sam) validate --lint --region eu-central-1

# The end-to-end tests bring up a stack of their own, beside one that runs here already.
test: check .local/emulator/ready .local/dynamodb/ready
	$(python) -m pytest -n 2 -p local.one_worker tests

bench: .venv/ready .local/sam/ready .local/dynamodb/ready
	$(python) -m tests.bench

# Half an hour on two cores that do nothing else.
simulate: .venv/ready .local/dynamodb/ready
	$(python) -m tests.simulation --clients $(or $(CLIENTS),500)

openapi: .venv/ready
	$(python) -m tools.openapi

# ---- AWS ---------------------------------------------------------------------------------

.PHONY: build deploy owner
# SAM leaves functions without usable bytecode: it gives every file in a package the same date.
build: .venv/ready .local/sam/ready
	ARCH=$(ARCH) PYTHON=$(python) UV=$(uv) $(sam) build --build-dir $(BUILD)
ifndef PLAIN
	$(python) -m compileall -q -s $(BUILD) --invalidation-mode unchecked-hash $(BUILD)/*Function
endif

deploy: build
	$(sam) deploy --config-env $(ENV)

owner: .venv/ready
	@$(python) -m local owner

# ---- The books ---------------------------------------------------------------------------

# Every client's balances from its ledger alone; a line for each difference.
.PHONY: verify
verify: .venv/ready
	@$(python) -m tools.verify $(if $(STACK),--stack $(STACK))

# ---- What the targets need ---------------------------------------------------------------

# Each environment of tools is made from uv.lock and marked ready when it is whole.
.venv/ready .local/sam/ready .local/emulator/ready: uv.lock pyproject.toml | $(uv)
	@$(call install,$(@D),$(notdir $(@D)))

define install
	group=$(patsubst .venv,dev,$(2)); log=.local/install.log; mkdir -p .local; \
	echo "Installing the tools of the group $$group" >&2; \
	{ $(uv) python find 3.13 || $(uv) python install 3.13; } > $$log 2>&1 \
	|| { echo "Python 3.13 is missing and could not be fetched: install it, or see $$log." >&2; \
	     exit 1; }; \
	UV_PROJECT_ENVIRONMENT=$(1) $(uv) sync --frozen --only-group $$group --python 3.13 > $$log 2>&1 \
	|| { echo "Could not fetch the packages: is there a network? $$log says more." >&2; exit 1; }; \
	touch $(1)/ready
endef

$(tools)/bin/uv:
	@echo "Installing uv" >&2
	@mkdir -p .local; \
	{ python3 -m venv --without-pip $(tools) && python3 -m pip --python $(tools) install uv; } \
		> .local/install.log 2>&1 \
	|| { echo "Could not install uv: it takes python3, pip and a network; see .local/install.log." \
	     >&2; exit 1; }

.local/dynamodb/ready: .venv/ready local/dynamodb_local.py
	@$(python) -m local.dynamodb_local

.PHONY: clean
clean:
	@if [ -x $(python) ]; then $(python) -m local down; fi
	rm -rf .venv .local .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis
	find . -name __pycache__ -prune -exec rm -rf {} +
