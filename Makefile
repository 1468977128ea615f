# Everything a person or CI runs here. Needs Python 3.11 and make; no root, except for `make tools`.

PYTHON ?= python3
BIN := .venv/bin
# A stamp names the folder it was made in: a checkout that moved sets itself up anew, since a venv holds its own path.
HERE := $(shell pwd | cksum | cut -d ' ' -f 1)
READY := .venv/ready-$(HERE)
BOOTSTRAPPED := .venv/bootstrapped-$(HERE)
JUDGES := build/judges/target/judges.jar
DSS_SERVICE := build/dss_service/target/dss-service.jar
DSS_SOURCES := tests/interop/dss_service/pom.xml tests/interop/dss_service/src/main/java/DssService.java
SHARED_JUDGES := ../shared/judges
DEBIAN_TOOLS := chromium faketime fonts-liberation maven openjdk-17-jdk-headless openssl poppler-utils qpdf softhsm2
# A user without a home that can be written (containers) does without the cache of downloads.
UV = $(BIN)/uv --quiet $(shell mkdir -p "$${XDG_CACHE_HOME:-$$HOME/.cache}/uv" 2>/dev/null || echo --no-cache)
PYTEST := $(BIN)/python -m pytest
# Two workers, each with servers of its own; the limit is there for what hangs, ten minutes is the aim.
PYTEST_ARGS ?= -n 2
TEST_SECONDS ?= 1800
NOT_HERE := --ignore=tests/integration/test_faults.py
# What it takes to run every line and branch of the domain.
OF_DOMAIN := tests/unit/conventions tests/portal tests/contract/storage
FUZZ_SECONDS ?= 1800
# With CI=true everything is run whole, and measured whole: that doubles the time of what is measured (coverage on Python 3.11).
WHOLE := $(filter-out 0 false False FALSE,$(CI))

.DEFAULT_GOAL := help
.PHONY: help setup lock check format test faults fuzz mutations interop demo again accept serve bench bench-documents bench-signing bench-storage tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## create .venv and install the locked packages, compiled (half a minute; again: at once)

$(BOOTSTRAPPED): requirements-bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
	  echo "make setup: Python 3.11, 3.12 or 3.13 is needed; PYTHON=$(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make setup PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "make setup: this Python cannot create a venv (Debian: the package python3-venv)" >&2; exit 1; }
	$(if $(wildcard .venv/bootstrapped-*),$(PYTHON) -m venv --clear .venv,$(PYTHON) -m venv .venv)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	@touch $@

$(READY): $(BOOTSTRAPPED) requirements.lock pyproject.toml
	$(UV) pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@touch $@

lock: $(BOOTSTRAPPED) ## resolve the dependencies anew into the lock files (no address is written in them)
	$(UV) pip compile --upgrade --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 requirements-bootstrap.in -o requirements-bootstrap.lock
	$(UV) pip compile --upgrade --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 --extra embedded --extra test pyproject.toml -o requirements.lock

check: $(READY) ## lint, format, types, layers, and the rules on the tree itself
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PYTEST) -q tests/architecture

format: $(READY) ## let ruff lay out the code and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(READY) ## the suite, and coverage of the domain (under ten minutes); CI=true: all of it whole, with all coverage (half an hour)
	@rm -f .coverage .coverage.*
ifeq ($(WHOLE),)
	$(PYTEST) $(OF_DOMAIN) --cov=conventions --cov-report= --cov-fail-under=0 $(PYTEST_ARGS)
	$(BIN)/coverage report --include='conventions/*' --fail-under=100
	$(PYTEST) $(NOT_HERE) $(addprefix --ignore=,$(OF_DOMAIN)) --session-timeout=$(TEST_SECONDS) $(PYTEST_ARGS)
else
	$(PYTEST) $(NOT_HERE) --session-timeout=$(TEST_SECONDS) --cov --cov-report= --cov-fail-under=0 $(PYTEST_ARGS)
	$(BIN)/coverage report
	$(BIN)/coverage report --include='conventions/*' --fail-under=100
endif

faults: $(READY) ## stop and kill each part of a running stack, and see it recover (wants a quiet machine)
	$(PYTEST) --timeout=600 tests/integration/test_faults.py

demo: $(READY) ## the 64 conventions, from the member rows to the archive (2 minutes)
	$(BIN)/contreseing demo

again: $(READY) ## kill a second demonstration while members sign, and play a third over what it left (3 minutes; after make demo)
	$(PYTEST) --timeout=900 tests/acceptance/check_again.py

accept: $(READY) ## judge what the demonstration left, by programs that are not ours and as an expert and an operator would
	$(PYTEST) --timeout=900 tests/acceptance/check_demo.py tests/acceptance/check_proof.py

serve: $(READY) ## the demonstration's sites, in the foreground; Ctrl-C stops all of it
	$(BIN)/contreseing serve

fuzz: $(READY) ## what our readers make of anything appended to a prepared file, for FUZZ_SECONDS (half an hour; Linux, x86-64)
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

mutations: $(READY) ## 2,000 mutations a property of files signed elsewhere, and of what the second reader reads
	HYPOTHESIS_PROFILE=deep $(PYTEST) --timeout=1800 tests/unit/signing/test_upload_fuzz.py

interop: $(READY) ## have every judge judge every file of the corpora anew, and write docs/interop.md (a minute)
	$(BIN)/python -m tests.interop.verdicts

bench: $(READY) ## CPU per convention, part by part
	$(BIN)/python -m benchmarks

bench-documents: $(READY) ## CPU per document, other engines beside (WeasyPrint and Typst where installed)
	$(BIN)/python -m benchmarks.documents

bench-signing: $(READY) ## CPU per signature, validation and renewal, pyHanko beside, memory over 2,000 (wants a quiet machine)
	$(BIN)/python -m benchmarks.signing

bench-storage: $(READY) ## archive, journal, rebuilding and search among 40,000 (7 minutes; a part: python -m benchmarks.storage --help)
	$(BIN)/python -m benchmarks.storage

tools: build/tools.stamp $(DSS_SERVICE) $(if $(wildcard $(SHARED_JUDGES)),$(JUDGES)) ## Debian's programs and the judges' jar that the widest tests use (root)

$(JUDGES): $(wildcard $(SHARED_JUDGES)/pom.xml $(SHARED_JUDGES)/src/main/java/judges/*.java) | build/tools.stamp
	@mkdir -p build/judges
	cp -r $(SHARED_JUDGES)/pom.xml $(SHARED_JUDGES)/src build/judges/
	mvn -B -q -f build/judges/pom.xml package
	@touch $@

$(DSS_SERVICE): $(DSS_SOURCES) | build/tools.stamp
	@mkdir -p build/dss_service
	cp -r tests/interop/dss_service/pom.xml tests/interop/dss_service/src build/dss_service/
	mvn -B -q -f build/dss_service/pom.xml package
	@touch $@

build/tools.stamp: Makefile
	@installed=$$(dpkg-query -W -f '$${db:Status-Abbrev} $${Package}\n' $(DEBIAN_TOOLS) 2>/dev/null | grep -c '^ii' || true); \
	if [ "$$installed" != $(words $(DEBIAN_TOOLS)) ]; then \
	  if [ "$$(id -u)" != 0 ]; then echo "make tools: not root. Ask whoever is: apt-get install $(DEBIAN_TOOLS)" >&2; exit 1; fi; \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(DEBIAN_TOOLS); \
	fi
	@mkdir -p build && touch $@

clean: ## remove what these targets made, the demonstration included; .venv stays
	rm -rf build dist demo .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
