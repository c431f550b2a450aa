# make run           run the default study; the report is results/default/report/report.html
# make plan          list the jobs that `make run` would run
# make data-report   make the data report; nothing is trained
# make test          run linters, type checks and the tests, but for the targets below
# make verify        check that the tiny study is reproducible, and its report from the same artifacts
# make test-faults   test recovery from kills and other faults, FAULTS=8 of them
# make test-cluster  test a study on a Slurm cluster that is started on this machine; needs root and Slurm
# make test-device  test generated C on four emulated processors; needs an Arm cross-compiler and QEMU
# make bench         benchmark windows, training, numbers of views, and fits of the laws
# make bench-commands  benchmark make run against an earlier revision: AGAINST=f5d38ed
# make bench-scale   benchmark Snakemake and the tables with ten thousand cells
# make bench-peers   compare the recommended student of a finished study with other estimators
# make bench-firmware  hold a student's C to its ONNX file on all of BAMI-1, after studies/people_twenty.yaml
# make bench-firmware-peers  compare tools that turn a network into C with ours, after make run; needs an Arm cross-compiler and QEMU
# make bench-lost-samples  measure what gaps of lost samples cost a finished study's students
# make bench-validity  show what the rule of a valid estimate costs and buys (studies/validity.yaml, validity_bami.yaml)
# make bench-validity-weights  choose the weights of the rule's score (studies/validity.yaml)
# make bench-unseen  errors on datasets left out, by activity, before and after leave_one_dataset_out.yaml's recipe
# make bench-pretrained  what BeliefPPG is worth as a teacher, each dataset's labels withheld in turn (studies/pretrained.yaml)
# make bench-people  do forecasts over people and the intervals of plan hold, over all pairs of draws (studies/people*.yaml)
# make bench-waveform  what views, epochs and learning rate change for waveform students, after studies/claims.yaml
# make packaged-student  train the student that comes with the package, and put it there
# make bench-demo    measure the demonstration in Chromium on an hour of 50 Hz, after make run
# make schema        generate the schemas of the configuration and of own recordings from their models
# make pipeline      draw the pipeline in README.md with Snakemake
# make screenshots  take pictures of a finished study's pages on a desk and a phone, and print the report: PAGES_OF=results/bami
# STUDY=studies/bami.yaml selects another study, CORES=8 the number of cores.
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
STUDY ?=
FAULTS ?= 8
AGAINST ?=
RESULTS ?= results/bami_ladder
PEERS_OPTIONS ?=
FIRMWARE_STUDY ?= results/default
PAGES_OF ?= results/default
PYTHON ?= python3
BIN := .venv/bin
# The files that a demonstration loads in the browser, from npm.
WEB := .venv/web-installed
# Snakemake would run Python code in a study with the key __use_yte__, so the file is checked first.
PLAIN := $(if $(STUDY),$(BIN)/python -m ppgkd.study.file '$(STUDY)' &&)
SNAKEMAKE := $(PLAIN) PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) $(if $(STUDY),--configfile '$(STUDY)')

LINTERS := lint-mypy lint-snakemake lint-snakefmt lint-ruff lint-imports

.PHONY: $(LINTERS) screenshots packaged-student run data-report test verify test-browser test-cluster test-device test-faults bench bench-commands bench-scale bench-peers bench-firmware bench-firmware-peers bench-lost-samples bench-validity bench-validity-weights bench-unseen bench-pretrained bench-waveform bench-people bench-demo lint plan schema pipeline snakemake-report clean-env

run: $(WEB)
	$(SNAKEMAKE)

data-report: .venv/installed
	$(SNAKEMAKE) -- data_report

plan: .venv/installed
	$(SNAKEMAKE) --dry-run --quiet rules

snakemake-report: .venv/installed
	$(SNAKEMAKE) --report results/snakemake-report.html

pipeline: .venv/installed
	$(BIN)/python docs/draw_pipeline.py

test: lint $(WEB)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile --no-loadscope-reorder tests/unit tests/rules tests/e2e

verify: $(WEB)
	$(BIN)/python -m tests.e2e.verify

test-faults: $(WEB)
	FAULTS=$(FAULTS) $(BIN)/python -m pytest -s tests/faults

test-device: .venv/installed
	$(BIN)/python -m pytest tests/device

test-browser: $(WEB)
	$(BIN)/python -m pytest tests/browser

screenshots: $(WEB)
	$(BIN)/python -m tests.browser.take_screenshots $(PAGES_OF)

test-cluster: .venv-slurm/installed $(WEB)
	.venv-slurm/bin/python -m pytest tests/cluster

bench: .venv/installed
	$(BIN)/python benchmarks/windows.py
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/views.py
	$(BIN)/python benchmarks/scaling.py

bench-commands: $(WEB)
	$(BIN)/python benchmarks/commands.py run $(if $(AGAINST),--against $(AGAINST))
	$(BIN)/python benchmarks/commands.py sweep

bench-scale: .venv/installed
	$(BIN)/python benchmarks/scale.py --skeleton

bench-peers: .venv-peers/installed
	.venv-peers/bin/python benchmarks/peers.py $(RESULTS) $(PEERS_OPTIONS)

bench-firmware: .venv/installed
	$(BIN)/python benchmarks/firmware.py results/people_twenty/recommended

bench-firmware-peers: .venv-firmware-peers/installed
	.venv-firmware-peers/bin/python benchmarks/firmware_peers.py $(FIRMWARE_STUDY)

bench-lost-samples: .venv/installed
	$(BIN)/python benchmarks/lost_samples.py $(RESULTS)

bench-validity: .venv/installed
	$(BIN)/python benchmarks/validity.py results/validity results/validity_bami

bench-validity-weights: .venv/installed
	$(BIN)/python benchmarks/validity_weights.py results/validity

bench-unseen: $(WEB)
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) --configfile studies/leave_one_dataset_out_before.yaml
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) --configfile studies/leave_one_dataset_out.yaml
	$(BIN)/python benchmarks/unseen.py studies/leave_one_dataset_out_before.yaml studies/leave_one_dataset_out.yaml

bench-pretrained: $(WEB)
	PATH="$(CURDIR)/$(BIN):$$PATH" python benchmarks/pretrained.py --cores $(CORES)

bench-people: .venv/installed
	$(BIN)/python benchmarks/people.py results/people_twenty results/people_all results/people_simulated

bench-waveform: .venv/installed
	$(BIN)/python benchmarks/waveform_recipe.py results/claims

bench-demo: $(WEB)
	$(BIN)/python benchmarks/demo.py $(FIRMWARE_STUDY)

packaged-student: $(WEB)
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) --configfile studies/packaged_student.yaml
	$(BIN)/python -m ppgkd.export.packaged_student results/packaged_student

# Beside each other: mypy takes longest if it has no cache yet.
lint: .venv/installed
	@$(MAKE) --no-print-directory --jobs $(CORES) $(LINTERS)

lint-mypy:
	$(BIN)/mypy

lint-snakemake:
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --lint

lint-snakefmt:
	$(BIN)/snakefmt --check Snakefile workflow/rules

lint-ruff:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-imports:
	$(BIN)/lint-imports --no-logo

# Made again if the pins or the package's metadata change. An incomplete one has no file `installed`.
.venv/installed: envs/requirements.txt pyproject.toml
	$(PYTHON) envs/check.py
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary -r envs/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(WEB): .venv/installed envs/install_web.py envs/web/package.json envs/web/package-lock.json
	$(BIN)/python envs/install_web.py && touch $@ || true

.venv-peers/installed: envs/peers.txt envs/beliefppg.txt pyproject.toml
	$(PYTHON) envs/check.py
	$(PYTHON) -m venv --clear .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary --no-deps -r envs/peers.txt
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

# Of the published teacher BeliefPPG; the rule published_environment makes it where a study asks for it.
.venv-beliefppg/installed: envs/beliefppg.txt
	$(PYTHON) envs/check.py
	$(PYTHON) -m venv --clear .venv-beliefppg
	.venv-beliefppg/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary --no-deps -r envs/beliefppg.txt
	touch $@

# The project's environment together with Snakemake's plugin for Slurm.
.venv-slurm/installed: .venv/installed envs/slurm.txt
	$(PYTHON) -m venv --clear .venv-slurm
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' > "$$(.venv-slurm/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
	.venv-slurm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r envs/slurm.txt
	touch $@

# The project's environment together with tools that turn a network into C.
.venv-firmware-peers/installed: .venv/installed envs/firmware_peers.txt
	$(PYTHON) -m venv --clear .venv-firmware-peers
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' > "$$(.venv-firmware-peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
	.venv-firmware-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r envs/firmware_peers.txt
	touch $@

schema: .venv/installed
	$(BIN)/python -m ppgkd.study.schema_files

envs/environment.yaml envs/environment.post-deploy.sh envs/beliefppg.post-deploy.sh: envs/requirements.txt envs/beliefppg.txt envs/install_web.py $(wildcard envs/web/*) envs/make_environment.py
	$(PYTHON) envs/make_environment.py

clean-env:
	rm -rf .venv .venv-peers .venv-firmware-peers .venv-slurm .venv-beliefppg
