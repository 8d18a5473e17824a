# The commands of the book. `make` alone prints them; each makes the environment it needs, in .venv.
PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt

bin := $(VENV)/bin
python := $(bin)/python
uv := $(shell command -v uv 2>/dev/null)
install := $(if $(uv),uv pip install --quiet --python $(python),$(python) -m pip install --quiet) $(if $(CONSTRAINTS),-c $(CONSTRAINTS))
compile = $(python) -m uv pip compile pyproject.toml --universal --fork-strategy fewest --python-version 3.11 \
  --no-annotate --quiet --custom-compile-command "make lock"

export PATH := $(CURDIR)/$(bin):$(PATH)

.PHONY: help serve test site lab chapter prepare check bench peers conventions lock clean

help:
	@awk -F ': .*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: $(VENV)/.test ## build the site, serve it and rebuild it on every change
	$(python) -m web.serve

test: $(VENV)/.test ## run all tests
	$(python) -m pytest

site: $(VENV)/.test ## build the site into _site
	$(python) -m web.build

lab: $(VENV)/.dev ## open the notebooks in JupyterLab, which cleans what it saves
	$(bin)/jupyter lab --config=.jupyter/jupyter_server_config.py --LabApp.default_url=/lab/tree/nbs/index.ipynb

chapter: $(VENV)/.test ## start a chapter: make chapter part=segmentation name=tversky [title="Tversky loss"]
	@$(python) -m tools.chapter "$(part)" "$(name)" "$(title)"

prepare: $(VENV)/.test ## bring notebooks, package and README into step
	$(python) -m tools.prepare

check: $(VENV)/.test ## say what each chapter lacks
	@$(python) -m tools.check

bench: $(VENV)/.bench ## measure speed and memory beside other libraries, for the page of benchmarks: make bench [parts="ranking boxes"]
	$(python) -m benchmarks $(parts)
	$(python) benchmarks/import_time.py

peers: $(VENV)/.peers ## compare with the other libraries, after installing them
	LOSSBOOK_CASES=all $(python) -m pytest tests/peers tests/detection

conventions: $(VENV)/.peers ## ask every library again where it gives other numbers, for the page that lists them
	$(python) -m tools.conventions

lock: $(VENV)/.dev ## pin the newest releases of all that is installed, and the lowest that are allowed
	$(compile) --upgrade --extra dev --extra bench --output-file constraints.txt
	$(compile) --upgrade --extra test --resolution lowest-direct --output-file constraints-lowest.txt

clean: ## remove the environment and all that is built
	rm -rf .venv* _proc _build _site build dist *.egg-info

$(python):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=...") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.test $(VENV)/.dev: $(VENV)/.%: $(python) pyproject.toml $(CONSTRAINTS)
	$(install) -e '.[$*]'
	touch $@

# torch comes from pip: no other installer finds the small build without CUDA.
$(VENV)/.peers: $(VENV)/.test
	$(python) -m pip install --quiet torch==2.13.0
	$(install) -e '.[peers]'
	touch $@

$(VENV)/.bench: $(VENV)/.peers
	$(install) -e '.[bench]'
	touch $@
