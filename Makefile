# Vialdesk: every task of the project. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Programs that keep their bytecode start three times as fast; the tests start many.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell packaging/find-python.sh)
# Two workers for each core: the tests wait as much as they work.
WORKERS = -n $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN)) --dist worksteal
DISPLAY_RUN = packaging/with-display.sh

.PHONY: help run test test-programs lint format fuzz bench screenshots api-page package smoke clean

help: ## list the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.ready-to-run ## open the window on a simulated bioreactor (ARGS="..." to change that)
	@packaging/run.sh $(BIN)/python $(or $(ARGS),--simulate)

test: $(VENV)/.ready-to-test ## run the tests of device, service and window
	$(BIN)/python -m pytest $(WORKERS) -m "not programs" $(ARGS)

test-programs: $(VENV)/.ready-to-test ## run the tests that start, kill, restart and update whole programs
	$(BIN)/python -m pytest $(WORKERS) -m programs $(ARGS)

lint: $(VENV)/.ready-to-test ## ruff, mypy strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.ready-to-test ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(VENV)/.ready-to-test ## send thousands of generated requests to a running service (ARGS="--examples 200")
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: $(VENV)/.ready-to-test ## measure the speed budgets and print them beside their bars
	$(DISPLAY_RUN) $(BIN)/python -m tests.bench $(ARGS)

screenshots: $(VENV)/.ready-to-test ## draw every page in light and dark into screenshots/
	$(DISPLAY_RUN) $(BIN)/python -m tests.screenshots $(ARGS)

api-page: $(VENV)/.ready-to-test ## write docs/api.md and the examples in the API's description anew
	$(BIN)/python tests/core/record_examples.py
	$(BIN)/python packaging/api_page.py

package: $(VENV)/.ready-to-test ## freeze the program and build the .deb into dist/
	packaging/build-package.sh $(BIN)/python

smoke: package ## start the frozen program on a simulated board and see a reading
	$(DISPLAY_RUN) $(BIN)/python packaging/smoke_test.py dist/vialdesk/vialdesk

clean: ## remove what was built (the environment stays)
	rm -rf build dist screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.ready-to-run: requirements.lock packaging/system-packages.sh
	packaging/system-packages.sh run
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

$(VENV)/.ready-to-test: $(VENV)/.ready-to-run requirements-dev.lock pyproject.toml
	packaging/system-packages.sh test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
