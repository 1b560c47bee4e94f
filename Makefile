# Two commands matter: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-fast check bench bench-regression soak install install-dev system-packages format schemas clean

run: install
	@$(BIN)/python -m server

# So many tests at a time; tests/README.md says which may run beside which. WORKERS=0: one after the other.
WORKERS ?= 3
test: install-dev
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not soak"

# The rules, the engine without I/O, the contract of storage on memory: under a minute.
test-fast: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -n 2 tests/unit tests/contract -k "not mongo"

check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_architecture.py

bench: install-dev
	@$(BIN)/python -m benchmarks

# Is anything slower than it was at BASE? ROWS and PAIRS as in docs/benchmarks.md.
BASE ?= HEAD
bench-regression: install-dev
	@$(BIN)/python -m benchmarks.regression --base $(BASE) $(if $(ROWS),--rows $(ROWS)) $(if $(PAIRS),--pairs $(PAIRS))
# What is repeated until it is a statistic; attacks from one address and from many. Half an hour of it is a simulation
# of 100,000 runs: SIMULATIONS=1000 for some minutes in all.
soak: install-dev
	@$(BIN)/python -m pytest -m soak
	@$(BIN)/python -m benchmarks.attacks

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The contract for machines, and the tables of docs/protocol.md, from the payload models.
schemas: install
	@$(BIN)/python -m server.schema

install: $(VENV)/.installed client/node_modules/.installed web/node_modules/.installed dist/manifest.json

install-dev: system-packages install $(VENV)/.installed-dev tests/node_modules/.installed \
	examples/nextjs/node_modules/.installed benchmarks/node_modules/.bun

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Mayfly needs Python 3.11 or later: make PYTHON=python3.12 …"; exit 1; }
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing the server's Python packages (about a minute the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the Python packages of the tests …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

%/node_modules/.installed: %/package-lock.json
	@if command -v npm >/dev/null; then \
	  echo "Installing the JavaScript packages of $*/ …" && \
	  npm ci --no-audit --no-fund --loglevel=error --prefix $* && touch $@; \
	else \
	  echo "npm was not found: $*/ is left without its JavaScript packages (Node.js 20 or later brings it)."; \
	fi

# The page in a few files, and the client as a package. Without it the server serves the page's sources, and says so.
BUILT_OF := $(shell find client web -name node_modules -prune -o -name test -prune -o -type f -print) CHANGELOG.md LICENSE
dist/manifest.json: $(BUILT_OF) client/node_modules/.installed web/node_modules/.installed
	@if command -v npm >/dev/null; then npm run build --silent --prefix web; \
	else echo "npm was not found: the page is served as its sources."; fi

# Bun's package fetches its program in a script of its own, which npm may be told not to run.
benchmarks/node_modules/.bun: benchmarks/node_modules/.installed
	@if [ -d benchmarks/node_modules/bun ]; then \
	  benchmarks/node_modules/.bin/bun --version >/dev/null 2>&1 || node benchmarks/node_modules/bun/install.js; \
	  touch $@; \
	fi

# The example has a copy of the client, which a change makes stale.
examples/nextjs/node_modules/.installed: client/package.json $(wildcard client/*.js client/*.d.ts)

system-packages:
	@tests/support/system-packages.sh

clean:
	rm -rf $(VENV) dist client/node_modules web/node_modules tests/node_modules benchmarks/node_modules examples/nextjs/node_modules examples/nextjs/.next .mypy_cache .ruff_cache .pytest_cache .hypothesis
