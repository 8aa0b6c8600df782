# Everything that is done with this repository. `make demo` and `make test` need only Python >= 3.10, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOWEST := .venv-lowest
# What depends on how requests and PyYAML behave.
TESTS_OF_LIBRARIES := tests/command --ignore=tests/command/faults
# Strict: a package that the service does not know of counts as a fault, not as one without weaknesses.
AUDIT := $(BIN)/uv tool run --quiet --system-certs pip-audit==2.10.1 --strict --progress-spinner off

.PHONY: help demo test quick lowest check format docs reliability lock audit bench midnight mutation clean

help:  ## what there is to make
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 10

$(BIN)/glcheck: pyproject.toml
	@echo 'Setting up $(VENV), once.'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $(BIN)/glcheck

$(READY): $(BIN)/glcheck tests/requirements.txt
	@echo 'Setting up what the tests need, once.'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	@touch $(READY)

demo: $(BIN)/glcheck  ## a demo GitLab on loopback, and glcheck's verdicts on six tokens of it
	@$(BIN)/python tools/demo.py

test: $(READY)  ## the tests
	$(BIN)/python -m pytest -n 4 tests

quick: $(READY)  ## the tests without those that take seconds
	$(BIN)/python -m pytest -n 4 -m 'not slow' tests

$(LOWEST)/.ready: $(READY) tools/lowest.py
	@echo 'Setting up $(LOWEST), once.'
	@$(BIN)/python tools/lowest.py $(LOWEST)
	@touch $(LOWEST)/.ready

lowest: $(LOWEST)/.ready  ## the tests with the lowest requests and PyYAML that are allowed
	$(LOWEST)/bin/python -c 'import requests, urllib3, yaml; print(requests.__version__, urllib3.__version__, yaml.__version__)'
	TESTED_COMMAND=$(CURDIR)/$(LOWEST)/bin/glcheck $(BIN)/python -m pytest -n 4 $(TESTS_OF_LIBRARIES)

check: $(READY)  ## lint, format, types, and the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy glcheck action tests tools .ci/sbom.py
	$(BIN)/shellcheck action/prepare.sh hooks/pre-push
	$(BIN)/python -m pytest -n 4 tests

format: $(READY)  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## write every copy: of the table of settings, and of the text about categories
	$(BIN)/python tools/generate.py

reliability: $(READY)  ## write docs/faults.md: run every fault, and note what it comes to
	WRITE_RELIABILITY=1 $(BIN)/python -m pytest tests/command/faults/test_faults.py

lock: $(READY)  ## write the action's lock file anew, with the newest versions of what it installs
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
	  --custom-compile-command 'make lock' --output-file action/requirements.txt pyproject.toml

audit: $(READY)  ## known weaknesses of what the action installs and of the newest that glcheck needs; asks PyPI
	$(AUDIT) --require-hashes --disable-pip --requirement action/requirements.txt
	$(AUDIT) .

bench: $(READY)  ## time and memory against the bare interpreter, requests, python-gitlab, and a venv with pip
	$(BIN)/python tools/bench.py
	$(BIN)/python tools/bench_action.py

midnight: $(READY)  ## the tests that do not take seconds, begun ten seconds before midnight UTC
	$(BIN)/python tools/midnight.py

mutation: $(READY)  ## break what makes a verdict, place by place, see what the tests notice; half an hour
	$(BIN)/python tools/mutation.py

clean:  ## remove what was set up
	rm -rf $(VENV) $(LOWEST) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
