# Needs Python >= 3.11 and make; everything else is installed into .venv from uv.lock.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TORCH := torch==2.13.0
export UV_COMPILE_BYTECODE := 1
export UV_PROJECT_ENVIRONMENT := .venv

.DEFAULT_GOAL := help
.PHONY: help setup torch book test check strict browser nbval lint format lock clean benchmarks

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## install the locked environment into .venv

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is %d.%d (choose one with: make PYTHON=python3.12)" % sys.version_info[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	$(BIN)/uv sync --locked --inexact --quiet --extra cluster --python $(BIN)/python
	@touch $@

# The CPU build of torch is not on PyPI, so the lock cannot hold it: pip finds it where a mirror or folder of wheels has it, uv at pytorch.org.
torch: $(STAMP) ## install what the tests and experiments of the baseline need: its extra and the CPU build of torch
	@$(BIN)/uv sync --locked --inexact --quiet --extra cluster --extra baseline --python $(BIN)/python
	@$(BIN)/python -c 'import torch' 2>/dev/null || { \
		$(BIN)/python -m ensurepip --upgrade >/dev/null 2>&1; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)+cpu' || \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend=cpu '$(TORCH)' || \
		{ echo '$(TORCH) could be had neither by pip (as $(TORCH)+cpu) nor from download.pytorch.org; the tests of the baseline need it: install any torch >= 2.6 into .venv' >&2; exit 1; }; }

book: $(STAMP) ## make the book: run what is stale, build, print the file to open
	$(BIN)/jb build . -q
	@echo "open _build/html/index.html"

test: torch ## everything: lint, unit and data tests, strict build, executed chapters again with a kernel, browser
	$(MAKE) lint
	$(BIN)/pytest -q --ignore=tests/browser
	$(MAKE) strict nbval browser

check: torch ## the fast suite for daily work, on all cores (under four minutes on two)
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

benchmarks: torch ## time builds, statistics and training against peers (many minutes)
	$(BIN)/python benchmarks/build.py
	$(BIN)/python benchmarks/statistical.py
	$(BIN)/python benchmarks/training.py

clean: ## delete everything that was built
	rm -rf _build book/fields book/baseline book/checklist book/index.ipynb book/compare.ipynb book/rules.ipynb book/audit-method.ipynb book/audit-form.ipynb book/landscape.ipynb book/crosswalk.ipynb book/rating-form.ipynb
