# The commands of this checkout; each does its own set-up, skips it when nothing has changed, and can be repeated.

PYTHON ?= python3
PORT ?= 8765
DATA ?= data
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test check bench page types vectors setup clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

run: setup ## hub, engine and page at http://127.0.0.1:8765 (PORT=…; LIGHT=1: without torch)
	$(BIN)/logdrum serve --port $(PORT) --data $(DATA)

test: setup ## every test, the real browser included
	deploy/setup.sh browser weights sounds
	$(BIN)/python -m pytest
	cd web-demo && npm test --silent

check: setup ## formatting, lint, types, the import arrows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web-demo && npm run --silent check

bench: setup ## benchmarks beside their peers; a table, and JSON lines in bench-results/
	deploy/setup.sh browser bench
	$(BIN)/python -m tests.bench $(BENCH)

page: setup ## build the page

types: setup ## write the page's message types anew from the structs
	$(BIN)/python -m logdrum_protocol.typescript > web-demo/src/client/messages.ts

vectors: setup ## write the golden vectors anew from the examples
	$(BIN)/python -m tests.protocol.examples

setup: ## make .venv/ and build the page, if anything has changed
	@PYTHON=$(PYTHON) deploy/setup.sh python page

clean: ## remove what set-up made
	rm -rf .venv web-demo/node_modules web-demo/dist
