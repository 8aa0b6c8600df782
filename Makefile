# Everything that is done with this repository. `make demo` and `make test` need only Python >= 3.10, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test check format docs lock bench mutation clean

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
	@$(BIN)/python tests/demo.py

test: $(READY)  ## the tests
	$(BIN)/python -m pytest -n 2 tests

check: $(READY)  ## lint, format, types, and the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy glcheck action tests
	$(BIN)/shellcheck action/prepare.sh hooks/pre-push
	$(BIN)/python -m pytest -n 2 tests

format: $(READY)  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## write what is made from the code: categories, schema of the policy file
	$(BIN)/python tests/generate_docs.py

lock: $(READY)  ## write the action's lock file anew, with the newest versions of what it installs
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-annotate \
	  --custom-compile-command 'make lock' --output-file action/requirements.txt pyproject.toml

bench: $(READY)  ## time and memory against the bare interpreter, requests, python-gitlab, and a venv with pip
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/bench_action.py

mutation: $(READY)  ## break what makes a verdict, place by place, see what the tests notice; half an hour
	$(BIN)/python tests/mutation.py

clean:  ## remove what was set up
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
