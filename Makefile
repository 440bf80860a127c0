# Rabisco: `make run` and `make test` are the two commands; both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile

# uv takes an eighth of pip's time. Where pip is set to another index, which uv would not ask, or uv fails, pip does it.
define install
	@if ! $(BIN)/pip config list | grep '[.]index-url' >/dev/null && $(PIP) --require-hashes -r requirements/uv.txt \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python $(1); then :; else $(PIP) $(1); fi
endef

.PHONY: run test tested quick fuzz soak chaos setup lint format bench screenshots notebooks docs site video wheel notes words lock clean help
run: setup ## set up, then serve on http://127.0.0.1:3000
	$(BIN)/rabisco serve

setup: $(VENV)/.setup-done ## create .venv with all that serves and trains

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Rabisco needs Python 3.11 or newer; this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

# Nothing is compiled to bytecode in advance: a third of the time, and Python compiles what it imports.
$(VENV)/.setup-done: requirements/train.txt pyproject.toml | $(VENV)/bin/python
	$(call install,--require-hashes -r requirements/train.txt)
	$(call install,--no-deps --no-build-isolation --editable .)
	@touch $@

$(VENV)/.dev-done: requirements/dev.txt pyproject.toml | $(VENV)/bin/python # which holds all of train.txt
	$(call install,--require-hashes -r requirements/dev.txt)
	$(call install,--no-deps --no-build-isolation --editable .)
	@touch $(VENV)/.setup-done $@

test: $(VENV)/.dev-done ## set up, then run every check: style and types beside the tests
	$(MAKE) --no-print-directory --jobs=2 lint tested TESTS=--durations=10

quick: $(VENV)/.dev-done ## style, types and every test that is not slow and needs no server, browser or training: about a minute
	$(MAKE) --no-print-directory --jobs=2 lint tested \
		TESTS='--quiet -m "not browser and not server and not training and not slow"'

tested: $(VENV)/.dev-done
	$(BIN)/pytest --processes=auto $(TESTS)

fuzz: $(VENV)/.dev-done ## send mutated inputs through every door for an hour (SECONDS=…, INPUTS=… each); what is a fault stays as a case
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),3600) --inputs $(or $(INPUTS),1000000000)

soak: $(VENV)/.dev-done ## serve at 80% of capacity for half an hour (SECONDS=…) with a training beside it, and print what came of it
	$(BIN)/python -m tests.soak --seconds $(or $(SECONDS),1800)

chaos: $(VENV)/.dev-done ## kill, freeze, fill and stall what a server needs, and print what came of it
	$(BIN)/python -m tests.chaos

lint: $(VENV)/.dev-done ## ruff, mypy and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev-done ## bring the code into shape
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

bench: $(VENV)/.dev-done ## measure, and write benchmarks/results/
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/.dev-done ## take pictures of every page at three widths in both themes, into screenshots/
	$(BIN)/python -m tests.browser.screenshots

notebooks: $(VENV)/.dev-done ## execute the notebooks in full, with the data in RABISCO_DATA_DIR, and keep their outputs
	$(PIP) --editable .[notebook]
	for name in reading-digits leer-digitos; do \
		$(BIN)/jupytext --quiet --to ipynb notebooks/$$name.py && $(BIN)/jupyter execute --inplace notebooks/$$name.ipynb; \
	done

docs: $(VENV)/.dev-done ## bring the documents' tables up to date; run their code and follow their links
	$(BIN)/python -m benchmarks.tables
	$(BIN)/pytest --quiet tests/test_documents.py

site: $(VENV)/.dev-done ## build the documentation as a site, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

video: $(VENV)/.dev-done ## record docs/video/rabisco.webm again, driving the product in Chromium (needs ffmpeg)
	$(BIN)/python -m tests.browser.video

wheel: setup ## build the wheel into dist/
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

notes: setup ## print what the changelog says of this version, or of what is not released yet
	@awk -v version="$$($(BIN)/python -c 'import rabisco; print(rabisco.__version__)')" \
		'/^## /{shown = index($$0, version) || (!found && /Unreleased/); if (index($$0, version)) found = 1} shown' CHANGELOG.md

words: $(VENV)/.dev-done ## collect the sentences, bring the four catalogs up to date and compile them
	$(BIN)/pybabel -q extract -F src/rabisco/web/babel.cfg -k lazy_gettext -k N_ --no-location --sort-output -o messages.pot src/rabisco
	$(BIN)/pybabel -q update -i messages.pot -d src/rabisco/web/translations --no-fuzzy-matching --ignore-obsolete --width=110
	$(BIN)/pybabel -q compile -d src/rabisco/web/translations

lock: $(VENV)/bin/python ## compile the hashed requirements files again
	$(PIP) --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --extra train --extra dev --extra studio --extra postgresql --extra parquet --extra heic --extra s3 pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra train --extra heic -c requirements/dev.txt pyproject.toml -o requirements/train.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra postgresql -c requirements/dev.txt pyproject.toml -o requirements/serve.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra s3 -c requirements/dev.txt pyproject.toml -o requirements/s3.txt
	echo uv | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade - -o requirements/uv.txt

clean: ## remove the environment and every cache
	rm -rf $(VENV) build dist *.egg-info src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14
