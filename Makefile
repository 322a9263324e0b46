# Two commands: `make demo` shows the node at work, `make test` proves it. `make help` lists the others. All need python3 (>= 3.11) with venv, pip, make, git.
PYTHON      ?= python3
VENV        ?= .venv
# A package index for torch, e.g. the CPU builds: make demo TORCH_INDEX=https://...
TORCH_INDEX ?=
# Peers whose absence fails the tests instead of skipping: make test REQUIRE=postgres,dcmtk,orthanc,validators,browser,socat
REQUIRE     ?=
# One worker more than two cores have, since tests with real processes wait for a third of their time; one thread a worker, since more
# would wait for each other. A file is one worker's, so that what a module sets up is set up once.
WORKERS     ?= 3
# How often a test that fails is tried again, and named. Not here: a test that fails now and then is a defect of itself or of the
# product. `.ci/run` tries once more: among ten thousand tests beside foreign programs one that meets a hiccup must not end the proof.
RERUNS      ?= 0
# No module is compiled before it is imported: most of them never are, and compiling all takes as long as installing.
PIP          = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c config/constraints.txt \
               $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
# Compiled modules are kept, whatever the machine says: the tests start a hundred processes.
KEEP         = PYTHONDONTWRITEBYTECODE=
PYTEST       = $(KEEP) OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --require=$(REQUIRE) \
               $(if $(filter-out 0,$(RERUNS)),--reruns $(RERUNS) -rR)
# What `make test` leaves to the targets behind it.
QUICK        = not further and not origins

.PHONY: help demo test quick unit test-origins test-further test-all coverage conformance docs lint style types fmt peers clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: $(VENV)/.demo-installed  ## the node at work: a synthetic study in, its documents out
	$(KEEP) $(VENV)/bin/echonode demo --out demo-out

# Debian's packages and Python's side by side.
test:  ## the proof, within ten minutes: style, every test but those of the two targets below
	$(MAKE) --jobs=2 $(VENV)/.test-installed peers
	$(MAKE) --jobs=2 style quick

quick: $(VENV)/.test-installed  ## the tests of `test` without its lint
	$(PYTEST) -m "$(QUICK)" --durations=10
	$(KEEP) $(VENV)/bin/python -m pytest --doctest-modules models node/errors.py -q

# They wait for nothing, and each worker collects for six seconds: one for each of two cores.
unit: WORKERS = 2
unit: $(VENV)/.test-installed  ## the unit tests but the slow ones
	$(PYTEST) tests/unit -m "$(QUICK) and not slow" --durations=10

# Imported networks against the frameworks they come from, and large networks at their full size. Installs TensorFlow.
test-origins: $(VENV)/.origins-installed peers  ## comparisons with TensorFlow, torchvision and OpenVINO, large networks, OHIF: some ten minutes
	$(VENV)/bin/python -m tests.peers.ohif
	$(VENV)/bin/python -m tests.peers.javascript_readers
	$(PYTEST) -m "origins and not further" --durations=10

# Second sizes and heads of networks that `test-origins` compares with their origin, large networks, compilers: minutes, and 2 GB
# each. Fuzzing of all that is parsed, 100,000 inputs; 100,000 associations left in every state.
test-further: $(VENV)/.further-installed  ## what runs for an hour: fuzzing, soaks, second sizes of networks
	$(PYTEST) -m further -n 1

test-all:  ## test, test-origins, test-further, one after the other
	$(MAKE) test
	$(MAKE) test-origins
	$(MAKE) test-further

coverage: $(VENV)/.test-installed  ## branch coverage of node and sr_templates by the tests of `make test`
	$(PYTEST) -m "$(QUICK)" --cov --cov-report=term:skip-covered --cov-fail-under=90

conformance: $(VENV)/.demo-installed  ## what CONFORMANCE.md takes from the code, written anew
	cd docs && ../$(VENV)/bin/python -m reference.conformance

docs: $(VENV)/.docs-installed  ## the documentation as a site in build/site; every warning is an error
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict -f docs/mkdocs.yml

lint: style types  ## ruff, import-linter, mypy

style: $(VENV)/.test-installed  ## ruff and import-linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports

types: $(VENV)/.test-installed  ## mypy, strict: more than a minute where nothing is cached
	$(VENV)/bin/mypy

fmt: $(VENV)/.test-installed  ## formats the sources and mends what ruff can mend
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

# Debian packages the tests talk to; says what it could not install, and the tests skip those peers (or fail, with REQUIRE).
peers:  ## what the tests talk to, as Debian packages: DCMTK, Orthanc, PostgreSQL, Chromium, validators
	@sh tests/peers/install.sh

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("EchoNode needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo-installed: $(VENV)/bin/python pyproject.toml config/constraints.txt
	$(PIP) -e .
	@touch $@

$(VENV)/.test-installed: $(VENV)/bin/python pyproject.toml config/constraints.txt
	$(PIP) -e '.[test]'
	@touch $@ $(VENV)/.demo-installed

$(VENV)/.docs-installed: $(VENV)/.demo-installed
	$(PIP) -e '.[docs]'
	@touch $@

$(VENV)/.origins-installed: $(VENV)/.test-installed
	$(PIP) -e '.[test,origins]'
	@touch $@

$(VENV)/.further-installed: $(VENV)/.origins-installed
	$(PIP) -e '.[test,origins,further]'
	@touch $@

clean:  ## removes the environment and what was built
	rm -rf $(VENV) build dist *.egg-info demo-out
