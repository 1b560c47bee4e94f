# Two commands matter: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run docs compile test test-compiled test-fast check bench bench-regression soak install install-dev system-packages format schemas lock audit \
	sbom clean

# Python packages come from the locks: these versions, with these hashes. LOCKED=no takes what an index has that fits the
# ranges, for one whose packages were built anew (other hashes).
LOCKED ?= yes
REQUIREMENTS := $(if $(filter no,$(LOCKED)),txt,lock)

# Compiled, where `make compile` has made a build of just these sources; else in pure Python.
run: install
	@MAYFLY_BUILD=$${MAYFLY_BUILD:-auto} $(BIN)/python -m server

# The hot path as machine code, into build/compiled (docs/engine.md): about three minutes of two cores, and a C compiler.
compile: install $(VENV)/.installed-dev
	@$(BIN)/python -m compiler

# So many tests at a time; tests/README.md says which may run beside which. PARALLEL=0: one after the other.
PARALLEL ?= 2
test: install-dev
	@$(BIN)/python -m pytest -n $(PARALLEL) -m "not soak"

# What can differ between the two builds: the unit tests, the engine and the wire, the main job with real clients.
COMPILED_TESTS := tests/unit tests/integration/engine tests/integration/socketio tests/integration/contract tests/e2e/test_main_job.py
test-compiled: install-dev
	@$(BIN)/python -m compiler
	@MAYFLY_BUILD=compiled $(BIN)/python -m pytest -n $(PARALLEL) -m "not soak" $(COMPILED_TESTS)

# The rules, the engine without I/O, the contract of storage on memory: under a minute.
test-fast: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -n 2 tests/unit tests/contract -m "not database"

# The scripts are checked where Node.js is; in CI it has to be.
SCRIPTS := $(if $(CI)$(shell command -v node),npm run check --silent --prefix tests,@echo "Without Node.js the scripts are not checked.")
check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(SCRIPTS)
	$(BIN)/python -m pytest -q tests/unit/test_architecture.py

# The documentation as a site, into build/site (CONTRIBUTING.md). A link that leads nowhere fails it.
docs: $(VENV)/.installed-docs
	@$(BIN)/python -m handbook

bench: install-dev
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.cluster

# Is anything slower than it was at BASE? ROWS and PAIRS as in docs/benchmarks.md.
BASE ?= HEAD
bench-regression: install-dev
	@$(BIN)/python -m benchmarks.regression --base $(BASE) $(if $(ROWS),--rows $(ROWS)) $(if $(PAIRS),--pairs $(PAIRS))
# What is repeated until it is a statistic, and the same in other browsers, looks and sizes; attacks from one address and
# from many. More than an hour of it is a simulation of 100,000 runs: SIMULATIONS=1000 for some minutes in all.
soak: install-dev
	@$(BIN)/python -m pytest -m soak
	@$(BIN)/python -m benchmarks.attacks

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The contract for machines, and the tables of docs/protocol.md, from the payload models.
schemas: install
	@$(BIN)/python -m server.schema

# After a change of requirements*.txt. UPGRADE=1 moves all to the newest versions that fit.
lock: $(VENV)/bin/python
	@$(BIN)/python -m uv --version >/dev/null 2>&1 \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv[>=]' requirements-dev.txt)"
	@$(BIN)/python -m supply.lock $(if $(UPGRADE),--upgrade)

# Does anything we install have a known fault? Fails, too, where that could not be asked.
audit: install-dev
	@$(BIN)/python -m supply.audit

# All parts that a deployment installs, as CycloneDX, in sbom/.
sbom: install-dev
	@$(BIN)/python -m supply.sbom

install: $(VENV)/.installed client/node_modules/.installed web/node_modules/.installed dist/manifest.json

install-dev: system-packages install $(VENV)/.installed-dev tests/node_modules/.installed \
	examples/nextjs/node_modules/.installed benchmarks/node_modules/.bun

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Mayfly needs Python 3.11 or later: make PYTHON=python3.12 …"; exit 1; }
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: requirements.$(REQUIREMENTS) | $(VENV)/bin/python
	@echo "Installing the server's Python packages (about a minute the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.$(REQUIREMENTS)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.$(REQUIREMENTS) $(VENV)/.installed
	@echo "Installing the Python packages of the tests …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.$(REQUIREMENTS)
	@touch $@

$(VENV)/.installed-docs: requirements-docs.$(REQUIREMENTS) | $(VENV)/bin/python
	@echo "Installing what makes a site of the documentation …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.$(REQUIREMENTS)
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
examples/nextjs/node_modules/.installed: client/package.json $(shell find client -name node_modules -prune -o -name test -prune -o \( -name '*.js' -o -name '*.d.ts' \) -print)

system-packages:
	@tests/support/system-packages.sh

clean:
	rm -rf $(VENV) dist sbom build client/node_modules web/node_modules tests/node_modules benchmarks/node_modules examples/nextjs/node_modules examples/nextjs/.next .mypy_cache .ruff_cache .pytest_cache .hypothesis
