# Two commands matter: `make demo` trains a model, `make test` checks everything. Both make their own .venv.

PYTHON ?= python3
VENV   ?= .venv
# A jax version such as 0.12.*; empty takes the newest that pyproject.toml and the interpreter allow.
JAX    ?=
# The demo's frontend: lift (examples/digits.lift) or python (its twin).
FRONTEND ?= lift
PYTEST_ARGS ?= -n 2 --dist loadscope

RUN := $(VENV)/bin/python
EXAMS := $(patsubst benchmarks/exam_%.py,exam-%,$(wildcard benchmarks/exam_*.py))
BENCHES := $(patsubst benchmarks/%.py,bench-%,$(filter-out benchmarks/exam_%,$(wildcard benchmarks/*.py)))

.PHONY: help demo test lint smoke exam bench clean
.NOTPARALLEL:
.SECONDARY:
.DEFAULT_GOAL := help

help:
	@echo 'make demo    train the digits ensemble      FRONTEND=lift|python'
	@echo 'make test    lint, then the whole suite     PYTEST_ARGS="-n 2 --dist loadscope"'
	@echo 'make lint    ruff, basedpyright and the house test'
	@echo 'make smoke   the short selection of the suite, compiled as users compile'
	@echo 'make exam    every exam, or one: make exam-NAME runs benchmarks/exam_NAME.py'
	@echo 'make bench   every benchmark, or one: make bench-NAME runs benchmarks/NAME.py'
	@echo 'make clean   remove environments, caches and out/'
	@echo 'Set PYTHON=/path/to/python to choose the interpreter (3.11 or newer).'

demo: $(VENV)/.extra-demo
	$(RUN) examples/digits.py --frontend $(FRONTEND)

test: lint
	$(RUN) -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.extra-test
	$(RUN) -m ruff check
	$(RUN) -m basedpyright --project pyproject.toml --pythonpath $(RUN)
	$(RUN) -m pytest -q tests/test_house.py

smoke: $(VENV)/.extra-test
	JAX_DISABLE_MOST_OPTIMIZATIONS=0 $(RUN) -m pytest -m smoke $(PYTEST_ARGS)

exam: $(EXAMS)

exam-%: $(VENV)/.extra-test
	$(RUN) benchmarks/exam_$*.py

bench: $(BENCHES)

bench-%: $(VENV)/.extra-bench
	$(RUN) benchmarks/$*.py

# A stamp for each of the extras in pyproject.toml: the demo need not wait for the test tools.
$(VENV)/.extra-%: pyproject.toml | $(VENV)/.made
	$(RUN) -m pip install --quiet --editable '.[$*]' $(JAX:%='jax==%')
	@touch $@

# The stamp, not bin/python, says that the environment is whole: venv leaves the latter behind when it fails.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "stablelift needs Python 3.11 or newer, found `$(PYTHON) --version 2>&1`:" \
	         "say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	@touch $@

clean:
	rm -rf .venv .venv-* out build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
