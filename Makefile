# make run    the default study, from nothing to results/default/report/report.html
# make test   every check and every test
# make bench  how fast training is against a plain loop, how many views are enough, what laws cost
# make bench-peers  other estimators beside the recommended student of a finished study
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
STUDY ?=
RESULTS ?= results/bami_ladder
PYTHON ?= python3
BIN := .venv/bin
SNAKEMAKE := PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) $(if $(STUDY),--configfile $(STUDY))

.PHONY: run test bench bench-peers lint plan snakemake-report clean-env

run: .venv/installed
	$(SNAKEMAKE)

plan: .venv/installed
	$(SNAKEMAKE) --dry-run --quiet rules

snakemake-report: .venv/installed
	$(SNAKEMAKE) --report results/snakemake-report.html

test: lint
	$(BIN)/python -m pytest -n $(CORES) tests

bench: .venv/installed
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/views.py
	$(BIN)/python benchmarks/scaling.py

bench-peers: .venv-peers/installed
	.venv-peers/bin/python benchmarks/peers.py $(RESULTS)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --lint

# Made anew when the pins or the package's own description change; a broken one never counts as made.
.venv/installed: envs/requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ppgkd needs Python 3.11 or newer, found " + sys.version)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary -r envs/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.venv-peers/installed: envs/peers.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ppgkd needs Python 3.11 or newer, found " + sys.version)'
	$(PYTHON) -m venv --clear .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary --no-deps -r envs/peers.txt
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

envs/environment.yaml: envs/requirements.txt envs/make_environment.py
	$(PYTHON) envs/make_environment.py

clean-env:
	rm -rf .venv .venv-peers
