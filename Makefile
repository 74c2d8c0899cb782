# make help lists the targets. VENV= and PYTHON= choose another place or
# interpreter, MMCV_OPS=compile mmcv's own operators; PYTEST_ARGS= and DEMO_ARGS= pass options on.
SHELL := /bin/bash
VENV ?= $(CURDIR)/.venv
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3.10 \
	python3 $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.1[0-3].*/bin/python \
	$$(uv python find '>=3.10,<3.14' 2>/dev/null); do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo "$$p" && break; done)
endif
ifeq ($(strip $(PYTHON)),)
PYTHON := python3
endif
# Quoted: a path may have spaces.
BIN := $(VENV)/bin
RUN := "$(BIN)/python"

# Before torch is imported: idle threads sleep instead of spinning.
export OMP_WAIT_POLICY ?= PASSIVE
# A user's packages must not shadow those of the environment.
export PYTHONNOUSERSITE = 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format docs bench gpu-check reliability lanes release-check mim-check peers clean

help:  ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup:  ## set up .venv if it is missing or half made (others do it, too)
	@command -v "$(PYTHON)" >/dev/null || { echo 'set-up: Python 3.10 to 3.13 is needed, and there is no $(PYTHON): install one or set PYTHON=' >&2; exit 1; }
	@"$(PYTHON)" .dev_scripts/setup_env.py --venv "$(VENV)"

demo: setup  ## train the 3D integral model and its baseline on synthetic data
	$(RUN) demo/run_demo.py $(DEMO_ARGS)

# A worker a core, four at most, each with one thread.
test: export OMP_NUM_THREADS ?= 1
test: setup  ## the test suite (PYTEST_ARGS='-k name')
	$(RUN) -m pytest -n auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

lint: setup  ## the checks of style
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"

format: setup  ## repair what make lint finds, where it can be
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .

docs: setup  ## the pages of docs/ and the API as HTML, in docs/_build
	$(RUN) -m pip install -q -r requirements/docs.txt -c requirements/constraints.txt
	$(RUN) -m sphinx -W --keep-going docs docs/_build

bench: setup  ## measure time and memory, write benchmarks/RESULTS.md
	$(RUN) benchmarks/run.py $(BENCH_ARGS)
	$(RUN) benchmarks/write_performance.py

gpu-check: setup  ## check and measure a GPU, 8 minutes at most
	@$(RUN) benchmarks/gpu_check.py $(GPU_CHECK_ARGS)

# The JSON and the page are written whatever fails or runs out of time.
LIMIT ?= 7200
reliability: export OMP_NUM_THREADS ?= 1
reliability: setup  ## the long forms of the fifteen families, and all slow tests
	timeout --signal=INT --kill-after=60 $(LIMIT) $(RUN) -m pytest -n auto \
		--maxprocesses 4 --dist worksteal tests -m 'family or slow' \
		--figures work_dirs/reliability.json $(PYTEST_ARGS); status=$$?; \
		$(RUN) benchmarks/write_reliability.py && exit $$status

# python3.11 ... python3.13 must be there, and 10 GB of disk a lane.
lanes:  ## the core tests on each Python, torch and numpy: docs/install.md
	@"$(PYTHON)" .dev_scripts/check_lanes.py $(LANES_ARGS)

release-check: setup  ## the wheel in clean environments of each Python: docs/install.md
	$(RUN) .dev_scripts/check_release.py $(RELEASE_ARGS)

# An environment of its own; MMCV_OPS=compile with mmcv's own operators.
mim-check:  ## every command of mim with the wheel
	@"$(PYTHON)" .dev_scripts/check_mim.py $(MIM_ARGS)

# PEERS_DIR holds checkouts of mmpose and mmengine, at the installed versions.
peers: setup  ## the hosts' own tests with and without this package (PEERS_DIR=)
	@$(RUN) .dev_scripts/check_peers.py "$(PEERS_DIR)" $(PEERS_ARGS)

clean:  ## remove caches and builds (not .venv, not work_dirs)
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .coverage htmlcov
	find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
