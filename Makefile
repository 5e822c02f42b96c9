# Plain `make` explains what there is. Every target sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Types and lint of the page's scripts: one wheel, no node_modules, nothing from the network.
DENO := DENO_DIR=.deno_cache DENO_NO_UPDATE_CHECK=1 $(BIN)/deno

.DEFAULT_GOAL := help
.PHONY: help setup demo test browser check fix bench cutnet docs clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(READY)  ## Make .venv with exactly the versions of constraints.txt

$(READY): pyproject.toml constraints.txt
	@# Debian splits ensurepip off; where it is missing, the system's pip fills the venv.
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) 2>/dev/null || ( \
		$(PYTHON) -m venv --without-pip --clear $(VENV) && \
		$(PYTHON) -m pip --python $(BIN)/python install --quiet pip )
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[all,dev]'
	@touch $@

demo: $(READY)  ## Run the main job on sample footage: clips in demo/exports/main
	@$(BIN)/python demo.py

test: $(READY) check browser  ## Run every check and every test
	@# One more than there are cores: tests of the page wait for a browser much of the time.
	$(BIN)/python -m pytest --dist worksteal -n $$($(BIN)/python -c 'import os; print(os.cpu_count() + 1)')

browser:  # For the tests of the review page; those of a browser that cannot be had are skipped.
	@has() { for name; do command -v "$$name" >/dev/null && return; done; false; }; want=; \
	has chromium chromium-browser google-chrome || want=chromium; \
	has firefox-esr firefox || want="$$want firefox-esr"; \
	ls /usr/lib/*/libavcodec.so.* >/dev/null 2>&1 || want="$$want libavcodec-extra"; \
	test -z "$$want" && exit; \
	echo "installing for the tests of the review page: $$want"; \
	as=$$(test "$$(id -u)" = 0 || echo sudo -n); \
	$$as apt-get update >/dev/null 2>&1 </dev/null; \
	for one in $$want; do \
		$$as apt-get install --yes --no-install-recommends $$one >/dev/null 2>&1 </dev/null || \
			echo "$$one is not to be had: what needs it is skipped"; done

check: $(READY)  ## Lint, format and types; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(DENO) check --quiet src/rushes/web/page
	$(DENO) lint --quiet src/rushes/web/page

fix: $(READY)  ## Mend what the linter can mend, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## Measure speed, memory and accuracy into benchmarks/results/
	@# Without its dependencies: it asks for an OpenCV that would overwrite ours.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--constraint constraints.txt scenedetect tqdm
	$(BIN)/python -m benchmarks

# Folder of the films that src/rushes/cuts/network/footage.json names.
RUSHES_FOOTAGE ?= ../shared/footage
CUTNET := build/cutnet

cutnet: $(READY)  ## Train the cut network anew on RUSHES_FOOTAGE into build/cutnet; an hour or two
	@# A venv of its own: torch is large, and nothing else needs it.
	@test -x $(CUTNET)/venv/bin/python || $(BIN)/python -m venv --without-pip $(CUTNET)/venv
	$(BIN)/python -m pip --python $(CUTNET)/venv/bin/python install --quiet \
		--disable-pip-version-check --constraint constraints.txt --editable '.[neural]' torch
	$(CUTNET)/venv/bin/python -m rushes.cuts.network $(RUSHES_FOOTAGE) $(CUTNET) $(CUTNET_OPTIONS)

docs: $(READY)  ## Rewrite the generated parts of docs/
	$(BIN)/python docs/generate.py

clean:  ## Remove .venv and the demo
	rm -rf $(VENV) demo
