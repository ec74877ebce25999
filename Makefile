# Two commands matter: `make demo` and `make test`. What they do stands in tools/, in Python.
# PYTHON=python3.12 chooses the Python, VENV=.venv-312 the virtual environment.

PYTHON ?=
VENV ?=
PORT =
FRESH =
UPGRADE =
LONG =
ONLY =
PART =
LOWER =
MOVED =
WHERE =
ARGS =
export PYTHON VENV

NAMES = python3 python3.13 python3.12 python3.11
FOUND = $(firstword $(foreach name,$(or $(PYTHON),$(NAMES)),$(shell command -v $(name) 2>/dev/null)))
SETUP = $(or $(FOUND),$(error $(or $(PYTHON),Python) is not here: apt-get install python3 python3-venv)) tools/setup.py

.DEFAULT_GOAL = help
.PHONY: help demo test proof ci crash mutants bench figures audit sbom release fmt lint lock shots clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

demo: ## the whole house with an invented city, in this terminal (PORT=5000 FRESH=1)
	@$(SETUP) demo $(if $(PORT),--port $(PORT)) $(if $(filter-out 0,$(FRESH)),--fresh)

test: ## style, types, layers, then the tests that take minutes, on SQLite and PostgreSQL (ARGS="-k word")
	@$(SETUP) test $(ARGS)

proof: ## all that takes longer still: the other database, languages and servers, runs that are killed, planted bugs
	@$(SETUP) proof $(ARGS)

ci: ## what the continuous integration runs: as test, and one round of the browser and of killed runs
	@$(SETUP) ci $(ARGS)

crash: ## real processes killed at named points and at random (LONG=1: until stopped; ONLY=machines: those alone)
	@$(SETUP) crash $(if $(filter-out 0,$(LONG)),--long) $(if $(ONLY),--only $(ONLY)) $(ARGS)

mutants: ## planted bugs, each of which a named test has to notice
	@$(SETUP) mutants $(ARGS)

bench: ## speed, side by side in one run (ONLY=dispatch PART=idle: one part of it)
	@$(SETUP) bench $(if $(ONLY),--only $(ONLY)) $(if $(PART),--part $(PART)) $(ARGS)

figures: ## sizes and names with the ceilings they may not pass (LOWER=1, MOVED=1: lower those; WHERE=facades: list)
	@$(SETUP) figures $(if $(filter-out 0,$(LOWER)),--lower) $(if $(filter-out 0,$(MOVED)),--moved) $(if $(WHERE),--where $(WHERE))

audit: ## known weaknesses of the locked packages; fails if there are some, or if none could be looked for
	@$(SETUP) audit

sbom: ## dist/nagarvani-….cdx.json: what the wheel is made of (CycloneDX)
	@$(SETUP) sbom

release: ## dist/nagarvani-….tar.gz: wheel, lock files, units, installation script and docs
	@$(SETUP) release

fmt: ## put the code in shape
	@$(SETUP) fmt

lint: ## style, types, layers and dependencies alone
	@$(SETUP) lint

lock: ## write requirements/*.txt anew from pyproject.toml (UPGRADE=1: newest versions)
	@$(SETUP) lock $(if $(filter-out 0,$(UPGRADE)),--upgrade)

shots: ## a picture of every page, under shots/
	@$(SETUP) shots

clean: ## remove caches and what was built; var/ and the virtual environment stay
	@$(SETUP) clean
