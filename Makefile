.DEFAULT_GOAL := help
.PHONY: help demo test bench lint style types pytest format lock clean
BIN := .venv/bin

help: ## show these lines
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 10

demo: ## the main job on real data: environment, training, scores, risk list
	@scripts/bootstrap.sh core
	$(BIN)/keepwell demo

test: ## everything: lint, types, import rules, tests
	@$(MAKE) --no-print-directory -j 2 types pytest

bench: ## Keepwell beside its peers, at a small size (more: make bench BENCH="--millions 5 50 200" FITS="--snapshots 1000000")
	@scripts/bootstrap.sh bench
	$(BIN)/python -m benchmarks.aggregates $(BENCH)
	$(BIN)/python -m benchmarks.fits $(FITS)

lint: types ## ruff, mypy and the import rules

style:
	@scripts/bootstrap.sh test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: style
	$(BIN)/lint-imports
	$(BIN)/mypy

# One process more than there are cores: some tests wait for servers that they have started.
pytest: style
	OMP_NUM_THREADS=1 $(BIN)/pytest -rs -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist loadfile --no-loadscope-reorder

format: ## put the code into ruff's shape
	@scripts/bootstrap.sh test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## compile requirements/*.txt from pyproject.toml (newest releases: make lock UPGRADE=--upgrade)
	@scripts/bootstrap.sh lock $(UPGRADE)

clean: ## remove environments, caches and the demo's files; mlruns/ stays
	rm -rf .venv .uv demo build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
