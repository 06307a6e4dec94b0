# `make run` and `make test` need nothing but Python 3.11 or later and a network to install from.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: run test test-slow bench docs mutants reliability

run: $(INSTALLED)
	$(BIN)/python -m experiments.run four_workload_rram

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n auto -m "not slow"

test-slow: $(INSTALLED)
	$(BIN)/pytest -q -n auto -m slow

bench: $(INSTALLED)
	$(BIN)/python benchmarks/throughput.py

docs: $(INSTALLED)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo build/docs/index.html

mutants: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "mutmut>=3.8"
	$(BIN)/mutmut run
	$(BIN)/mutmut results

# The stamp comes last: an installation that broke off is repeated.
$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

reliability: $(INSTALLED)
	$(BIN)/python -m tests.reliability
