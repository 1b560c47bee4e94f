# Two commands matter: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := $(shell command -v npm 2>/dev/null)
NPM_INSTALL = $(NPM) ci --no-audit --no-fund --loglevel=error --prefix
PACKAGES := server rooms signaling storage

.PHONY: run test check bench install install-dev system-packages format schemas clean

run: install
	@$(BIN)/python -m server

test: install-dev
	@$(BIN)/python -m pytest

check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: install-dev
	@$(BIN)/python -m benchmarks

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The contract for machines, and the tables of docs/protocol.md, from the payload models.
schemas: install
	@$(BIN)/python -m server.schema

install: $(VENV)/.installed client/node_modules/.installed

install-dev: install system-packages $(VENV)/.installed-dev tests/node_modules/.installed \
	examples/nextjs/node_modules/.installed

$(VENV)/bin/python:
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing the server's Python packages (about a minute the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the Python packages of the tests …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

%/node_modules/.installed: %/package-lock.json
ifeq ($(NPM),)
	@echo "npm was not found: $*/ is left without its JavaScript packages (install Node.js 20 or later to get them)."
else
	@echo "Installing the JavaScript packages of $*/ …"
	@$(NPM_INSTALL) $*
	@touch $@
endif

# The example has a copy of the client, which a change makes stale.
examples/nextjs/node_modules/.installed: client/package.json $(wildcard client/*.js client/*.d.ts)

system-packages:
	@tests/support/system-packages.sh

clean:
	rm -rf $(VENV) client/node_modules tests/node_modules examples/nextjs/node_modules examples/nextjs/.next .mypy_cache .ruff_cache .pytest_cache .hypothesis
