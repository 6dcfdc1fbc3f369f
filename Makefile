# Everything a fresh machine needs: `make lr-graphs` does the main job, `make test` checks it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?= test
BASE ?= HEAD
# A file of tests is one process's: what its tests share is made once. The longest come first.
SPREAD := --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: lr-graphs test check lint soak bench bench-check clean

lr-graphs: $(VENV)/ready
	$(BIN)/sweep run lr_graphs
	$(BIN)/sweep plot lr_graphs

test: lint
	$(BIN)/pytest $(SPREAD)

# The full matrices, peers, LibreOffice, Chromium, fuzzing: what `make test` leaves out.
check: $(VENV)/ready-$(EXTRAS)
	$(BIN)/pytest $(SPREAD) --durations 40 -m 'check and not soak'

lint: $(VENV)/ready-$(EXTRAS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Long campaigns, hours of them.
soak: $(VENV)/ready-$(EXTRAS)
	$(BIN)/pytest -m soak

# Everything on docs/performance.md, written into it; begun again, it goes on where it was.
bench: $(VENV)/ready-peers
	$(BIN)/python -m benchmarks.page

# Did a kernel become slower? The working tree beside a commit: `make bench-check BASE=main`.
bench-check: $(VENV)/ready-$(EXTRAS)
	$(BIN)/python -m benchmarks.check --base $(BASE) --count

clean:
	rm -rf $(VENV)

# A virtual environment with the package, and one mark for each set of extras that it has.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/ready-test: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@ $(VENV)/ready

$(VENV)/ready-peers: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,peers]"
	@touch $@ $(VENV)/ready $(VENV)/ready-test
