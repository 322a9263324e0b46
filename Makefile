# Two commands: `make demo` shows the node at work, `make test` proves it. Both need python3 (>= 3.11) with venv, pip, make, git.
PYTHON      ?= python3
VENV        ?= .venv
# A package index for torch, e.g. the CPU builds: make demo TORCH_INDEX=https://...
TORCH_INDEX ?=
# Peers whose absence fails the tests instead of skipping: make test REQUIRE=postgres,dcmtk,orthanc,validators,browser
REQUIRE     ?=
# One thread a worker: more would wait for each other.
WORKERS     ?= 2
PIP          = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c config/constraints.txt \
               $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: demo test test-further lint peers clean

demo: $(VENV)/.demo-installed
	$(VENV)/bin/echonode demo --out demo-out

test: $(VENV)/.test-installed peers lint
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m "not further" -n $(WORKERS) --dist loadgroup --require=$(REQUIRE)
	$(VENV)/bin/python -m pytest --doctest-modules models node/errors.py -q

# Second sizes and heads of networks that `test` compares with their origin, large networks, compilers: minutes, and 2 GB each.
# Fuzzing of all that is parsed, 100,000 inputs; 100,000 associations left in every state.
test-further: $(VENV)/.test-installed
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m further -n 1 --dist loadgroup

lint: $(VENV)/.test-installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Debian packages the tests talk to; says what it could not install, and the tests skip those peers (or fail, with REQUIRE).
peers:
	@sh tests/peers/install.sh

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("EchoNode needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo-installed: $(VENV)/bin/python pyproject.toml config/constraints.txt
	$(PIP) -e .
	@touch $@

$(VENV)/.test-installed: $(VENV)/bin/python pyproject.toml config/constraints.txt
	$(PIP) -e '.[train,test]'
	@touch $@ $(VENV)/.demo-installed

clean:
	rm -rf $(VENV) build dist *.egg-info demo-out
