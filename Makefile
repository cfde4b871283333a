# The one vocabulary of commands, for a laptop, a hook and CI.
.PHONY: setup demo test walk check up down bench azure-smoke lock clean
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# This machine's wish not to write bytecode would double the time of every import.
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

help: ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/.ready: requirements.lock scoring/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "Perennial needs Python 3.11 to 3.13; name one by: make PYTHON=python3.12 ..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	grep -A 100 '^uv==' requirements.lock | awk 'NR>1 && /^[a-z]/{exit} {print}' > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q recipes flows tasks monitoring lifecycle platforms scoring deployments azureml_emulator
	$(BIN)/python -m scoring.environment .perennial/environments >/dev/null
	touch $@

setup: $(VENV)/.ready ## Make the environment

demo: ## Run the whole loop until a drifted model has been replaced (DATA=FILE.csv: your own patients; PLATFORM=azure-emulated)
	@start=$$(date +%s.%N); $(MAKE) --no-print-directory setup && \
	  $(BIN)/perennial demo --started-at $$start $(if $(DATA),--data "$(DATA)") $(if $(PLATFORM),--platform "$(PLATFORM)")

up: setup ## Start the service and leave it running
	@$(BIN)/perennial up

down: ## Stop the service and what the demo left running
	@if test -x $(BIN)/perennial; then $(BIN)/perennial down; fi

test: setup ## Run the tests
	$(BIN)/python -m $(if $(ARGS),pytest $(ARGS),tests)

walk: setup ## Do every harm at every boundary of a release, and see that it holds (ARGS="--platform azure-emulated")
	$(BIN)/python -m tests.walk $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m tests.walk.whole)

CHECKOV := .perennial/checkov
SCANNED := $(shell find deployments/azure docker -name '*.bicep' -o -name '*Dockerfile' -o -name 'scan.py' 2>/dev/null)

$(CHECKOV)/.ready: deployments/azure/checkov.lock | $(VENV)/.ready
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CHECKOV)
	$(BIN)/uv pip sync --quiet --python $(CHECKOV)/bin/python --require-hashes --compile-bytecode deployments/azure/checkov.lock
	touch $@

# Scanned again only when something to scan changed.
$(CHECKOV)/.scanned: $(CHECKOV)/.ready $(SCANNED)
	$(CHECKOV)/bin/python deployments/azure/scan.py
	touch $@

check: setup $(CHECKOV)/.scanned ## Lint, types, import contracts, infrastructure
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## Measure what the documents claim
	$(BIN)/python -m benchmarks

azure-smoke: setup ## Drive the configured Azure once through everything (COMPARE=FILE: another transcript)
	$(BIN)/python -m deployments.azure.smoke $(if $(COMPARE),--compare "$(COMPARE)")

lock: ## Resolve the versions again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o scoring/requirements.lock scoring/requirements.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements.lock -o docker/training/requirements.lock docker/training/requirements.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o deployments/azure/checkov.lock deployments/azure/checkov.in

clean: down ## Remove the environment and all state
	rm -rf $(VENV) .perennial
