# make discover   real measurements in, a law out: sets itself up on a machine with Python 3.11
# make test       the tests; make test-quick leaves out those marked slow
# make check      format, lint, types, tests and documentation: what continuous integration runs
# make docs       the documentation, into build/docs
# make dist       the package, as a wheel and as source, into dist

PYTHON ?= python3.11
JOBS ?= 2
BIN := .venv/bin
SOURCES := eqdarts tests examples docs $(wildcard benchmarks)

# Each test worker and each search keeps to one thread: quicker for small tensors, and the same result on every machine.
export OMP_NUM_THREADS := 1
export MPLBACKEND := Agg
# Python keeps what it has compiled, whatever the environment says: otherwise every process compiles torch and sympy again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: discover test test-quick check docs docs-figures docs-measured dist format images clean
.DEFAULT_GOAL := discover

discover: .venv/installed
	$(BIN)/eqdarts fit datasets/solar_system.csv --target period_days --seed 0 --out eqdarts-out/solar_system

test: .venv/installed-dev
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

test-quick: .venv/installed-dev
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m 'not slow'

check: .venv/installed-dev
	@echo '== format'; $(BIN)/ruff format --check $(SOURCES)
	@echo '== lint'; $(BIN)/ruff check $(SOURCES)
	@echo '== types'; $(BIN)/mypy
	@echo '== tests'; $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal
	@echo '== documentation'; $(MAKE) --no-print-directory docs
	@echo '== all checks passed'

# Needs no network. A warning is an error; every link must lead somewhere and nothing may be loaded from elsewhere.
docs: .venv/installed-dev
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	$(BIN)/python docs/check_links.py build/docs

# The committed pictures and tables of the documentation.
docs-figures: .venv/installed-dev
	$(BIN)/python docs/figures.py

docs-measured: .venv/installed-dev
	$(BIN)/python docs/measured.py

# Needs no network: the environment has what builds.
dist: .venv/installed-dev
	rm -rf build/lib build/bdist.* dist
	$(BIN)/python -m build --no-isolation --outdir dist .

format: .venv/installed-dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

# The pictures that the README shows.
images: .venv/installed
	$(BIN)/eqdarts fit datasets/solar_system.csv --target period_days --seed 0 --out eqdarts-out/solar_system --quiet
	mkdir -p docs/images
	cp eqdarts-out/solar_system/front.png eqdarts-out/solar_system/fit.png docs/images/

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'eqdarts needs Python 3.11 or newer. Name one: make PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv .venv

# Stamps: a second run installs nothing unless the requirements changed.
.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/installed-dev: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check -c constraints.txt -e '.[dev,docs]'
	@touch .venv/installed $@

clean:
	rm -rf .venv build dist eqdarts-out *.egg-info
