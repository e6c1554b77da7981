# `make help` lists what there is. The first target that needs it makes the environment in .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
EXPERIMENT ?= seed_cnn
NAME ?=
OVERRIDES ?=
STUDY ?=
TRIAL ?=
NODES ?= 3
CPUS ?= 1
PORT ?= 6379
# What `make cluster` has started lets in whoever has its token; every target reads it where it is there.
CLUSTER := RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$(CURDIR)/.ray/token RAY_USAGE_STATS_ENABLED=0 RAY_memory_monitor_refresh_ms=0
ifneq ($(wildcard .ray/token),)
export RAY_AUTH_MODE := token
export RAY_AUTH_TOKEN_PATH := $(CURDIR)/.ray/token
endif

.DEFAULT_GOAL := help
.PHONY: help setup sweep train ui reproduce confirm report figures browser data plan test test-slow chaos benchmark check
.PHONY: format clean cluster cluster-stop chaos-cluster

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make the environment (.venv) with the exact versions of constraints.txt

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Making the environment in .venv: once, some minutes"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[develop]'
	@echo "For the commands that are printed from now on: source .venv/bin/activate"
	@touch $(READY)

sweep: $(READY) ## search for the best network: OVERRIDES='model=dnn search.n_trials=40'
	@$(BIN)/mnist-sweep sweep $(if $(filter data=% experiment=% task=%,$(OVERRIDES)),,data=auto) $(OVERRIDES)

train: $(READY) ## one recorded experiment: EXPERIMENT=seed_dnn
	@$(BIN)/mnist-sweep train experiment=$(EXPERIMENT) $(OVERRIDES)

ui: $(READY) ## browse every run in the MLflow UI on http://127.0.0.1:5000
	@$(BIN)/mnist-sweep ui $(OVERRIDES)

reproduce: $(READY) ## retrain the best trial and compare: STUDY=name TRIAL=number
	@$(BIN)/mnist-sweep reproduce $(STUDY) $(if $(TRIAL),trial=$(TRIAL)) $(OVERRIDES)

cluster: $(READY) ## a Ray cluster of three nodes on this machine, for OVERRIDES=runtime=ray: NODES=3 CPUS=1
	@$(BIN)/python -c 'import ray' 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[ray]'
	@mkdir -p .ray && umask 077 && $(BIN)/python -c 'import secrets; print(secrets.token_hex(32))' > .ray/token
	@export $(CLUSTER); set -e; options="--num-cpus=$(CPUS) --object-store-memory=134217728"; \
		$(BIN)/ray start --head --port=$(PORT) --include-dashboard=false --node-name=node-1 $$options >/dev/null; \
		address=$$(cat $${RAY_TMPDIR:-/tmp}/ray/ray_current_cluster); \
		for number in $$(seq 2 $(NODES)); do \
			$(BIN)/ray start --address=$$address --node-name=node-$$number $$options >/dev/null; done; \
		echo "$(NODES) nodes at $$address: make sweep OVERRIDES=runtime=ray. Without make it wants:"; \
		echo "  export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$(CURDIR)/.ray/token"

cluster-stop: ## end the Ray cluster of this machine
	@$(BIN)/ray stop --force >/dev/null; rm -f .ray/token

report: $(READY) ## a study as one page, report.html: STUDY=name
	@$(BIN)/mnist-sweep report $(STUDY) $(OVERRIDES)

figures: $(READY) ## the README's figures, from a recorded study: STUDY=name
	@$(BIN)/python docs/make_figures.py runs/$(or $(STUDY),cnn-mnist)

browser: ## Debian's Chromium, for the tests that look at pages
	@command -v chromium chromedriver >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium chromium-driver >/dev/null; }

confirm: $(READY) ## the best trials on fresh seeds, judged by the test images: STUDY=name
	@$(BIN)/mnist-sweep confirm $(STUDY) $(OVERRIDES)

data: $(READY) ## fetch and verify the data set: OVERRIDES=data=fashion_mnist
	@$(BIN)/mnist-sweep data $(OVERRIDES)

plan: $(READY) ## check a search and predict its time; trains nothing
	@$(BIN)/mnist-sweep plan $(OVERRIDES)

test: $(READY) ## the tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal

chaos-cluster: $(READY) ## sweeps on three nodes whose parts are killed at random, 50 times over five seeds: an hour
	@$(BIN)/python -m tests.test_chaos_cluster

test-slow: $(READY) ## all tests, the long ones too
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m 'slow or not slow'

chaos: $(READY) ## real sweeps whose processes are killed at random, 20 times each, five seeds: half an hour
	@$(BIN)/python -m pytest -s -m 'slow or not slow' tests/test_chaos.py

benchmark: $(READY) ## speed, next to Optuna, KerasTuner, Ray Tune and Hydra's sweeper: NAME=overhead; all take hours
	@$(BIN)/python benchmarks/run.py $(NAME)

check: $(READY) ## ruff, mypy, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## let ruff format and fix
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## remove the environment and caches; runs/ stays
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './runs/*' -prune -exec rm -rf {} +
