# `make run` and `make test` need nothing but Python 3.11 or later and a network to install from.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

# Compiled modules are kept: tests start many processes, and rewriting assertions takes 10 s a worker.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test types tests test-slow bench docs mutants reliability

run: $(INSTALLED)
	$(BIN)/python -m experiments.run four_workload_rram

test: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory -j 2 types tests

# Checking types takes one core for half a minute, so the tests run beside it.
types: $(INSTALLED_DEV)
	$(BIN)/mypy

tests: $(INSTALLED_DEV)
	$(BIN)/pytest -q -n auto --dist worksteal -m "not slow"

test-slow: $(INSTALLED_DEV)
	$(BIN)/pytest -q -n auto --dist worksteal -m slow

bench: $(INSTALLED_DEV)
	$(BIN)/python benchmarks/jobs.py

docs: $(INSTALLED_DEV)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo build/docs/index.html

mutants: $(INSTALLED_DEV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "mutmut>=3.8"
	$(BIN)/mutmut run
	$(BIN)/mutmut results

reliability: $(INSTALLED_DEV)
	$(BIN)/python -m tests.reliability

# The stamp comes last: an installation that broke off is repeated.
$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(INSTALLED_DEV): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@ $(INSTALLED)
