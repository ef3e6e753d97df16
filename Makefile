# Needs Python >= 3.11 and make; everything else is installed into .venv from uv.lock.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
export UV_COMPILE_BYTECODE := 1
export UV_PROJECT_ENVIRONMENT := .venv

.DEFAULT_GOAL := help
.PHONY: help setup book test check strict browser nbval lint format lock clean benchmarks

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## install the locked environment into .venv

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is %d.%d (choose one with: make PYTHON=python3.12)" % sys.version_info[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	$(BIN)/uv sync --locked --inexact --quiet --all-extras --python $(BIN)/python
	@touch $@

book: $(STAMP) ## make the book: run what is stale, build, print the file to open
	$(BIN)/jb build . -q
	@echo "open _build/html/index.html"

test: $(STAMP) ## everything: lint, unit and data tests, strict build, executed chapters again with a kernel, browser
	$(MAKE) lint
	$(BIN)/pytest -q --ignore=tests/browser
	$(MAKE) strict nbval browser

check: $(STAMP) ## the fast suite for daily work, on all cores (under three minutes on two)
	$(MAKE) lint
	$(BIN)/pytest -q --ignore=tests/browser -m "not slow" -n auto --dist loadscope

strict: $(STAMP) ## build from nothing; every warning is an error
	rm -rf _build/html _build/.doctrees
	$(BIN)/jb build . -W -n --keep-going -q

nbval: $(STAMP) ## run the executed chapters again with a real kernel and compare every output
	$(BIN)/pytest -q --nbval --nbval-current-env -p no:cacheprovider book

browser: $(STAMP) ## every page of the built book in a real browser
	$(BIN)/pytest -q tests/browser

lint: $(STAMP) ## style, docstrings and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## put code into the agreed format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## resolve the newest allowed versions into uv.lock
	$(BIN)/uv lock --upgrade

benchmarks: $(STAMP) ## time builds and statistics against peers (many minutes)
	$(BIN)/python benchmarks/build.py
	$(BIN)/python benchmarks/statistical.py

clean: ## delete everything that was built
	rm -rf _build book/fields book/checklist book/index.ipynb book/compare.ipynb book/rules.ipynb book/audit-method.ipynb book/audit-form.ipynb book/landscape.ipynb book/crosswalk.ipynb book/rating-form.ipynb
