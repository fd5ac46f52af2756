# Forbear: `make` lists the commands. Only Python 3.11 to 3.13 and make are needed.

SHELL := /bin/sh
VENV  := .venv
BIN   := $(VENV)/bin
# No resolver (the lock is complete), no building of foreign source, no compiling of what may never be imported.
PIP   := $(BIN)/python -m pip --disable-pip-version-check -qq install --no-deps
LOCKED := --no-compile --only-binary :all: --require-hashes

# The first Python that fits, unless PYTHON=... names one.
FITS  := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fmt bench clean lock

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## start everything, play a day of requests, and say where to look
	@$(BIN)/forbear demo

setup: $(VENV)/.installed-dev ## make .venv with everything needed to work on Forbear
	@echo "Ready: $(BIN) has the tools; make check, make test."

test: $(VENV)/.installed-dev ## run every check and every test, as CI does
	@tests/run

check: $(VENV)/.installed-dev ## run the checks that need no server: format, lint, types, imports
	@tests/run --static

fmt: $(VENV)/.installed-dev ## format the code and repair what can be repaired by a tool
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@$(BIN)/python -m config.example > config/example.env.new && mv config/example.env.new config/example.env

bench: $(VENV)/.installed ## measure this machine and Forbear on it, side by side (QUICK=1: half a minute)
	@$(BIN)/python -m bench $(if $(QUICK),--quick)

clean: ## remove .venv and every cache; .forbear, your data, stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: ## (maintainers; needs uv) pin the dependencies of pyproject.toml anew
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
		pyproject.toml --group build -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
		pyproject.toml --group dev -o requirements-dev.lock

# The stamps are younger than the lock they were made from, so pip runs again only when a lock has changed. The editable
# install builds with the setuptools of the lock: nothing unpinned is fetched.
$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Forbear needs Python 3.11, 3.12 or 3.13, and none is in PATH. Install one, or say" \
		"make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Making $(VENV) with $$($(PYTHON) -V) ..."; \
		$(PYTHON) -m venv --clear --without-pip $(VENV) && $(PIP_OF_THE_LOCK); }
	@echo "Installing the pinned dependencies into $(VENV) ..."
	@$(PIP) $(LOCKED) -r requirements.lock
	@$(PIP) --no-build-isolation --editable .
	@touch $@

# The pip that Python has at hand (without one: ensurepip's, which takes five seconds more) installs the pip of the lock.
PIP_OF_THE_LOCK = \
	awk '/^pip==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/pip.lock && \
	{ $(PYTHON) -m pip --python $(BIN)/python -qq install $(LOCKED) -r $(VENV)/pip.lock 2>/dev/null || \
	  { $(BIN)/python -m ensurepip >/dev/null && $(PIP) $(LOCKED) -r $(VENV)/pip.lock; }; }

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing the pinned development tools into $(VENV) ..."
	@$(PIP) $(LOCKED) -r requirements-dev.lock
	@touch $@
