# One command each. `make help` lists them; DATA=dir and PORT=n choose the data folder and the gateway's port.

ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
VENV := $(ROOT)/.venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
UV := $(VENV)/uv/bin/uv
STAMP := $(VENV)/installed
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$python && break; done)
DATA ?= data
PORT ?= 8365
# A relative DATA is relative to where make was called, also with make -C.
DATA_FOLDER := $(abspath $(DATA))
CODE := shared services gateway stack tests bench

.DEFAULT_GOAL := help
.PHONY: help install run demo test check lint format chaos bench env lock openapi compose-up compose-down clean
MAKEFLAGS += --no-print-directory

help: ## List every target
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(ROOT)/Makefile

install: $(STAMP) ## Create .venv and install the locked dependencies into it

run: $(STAMP) ## Start the whole system (DATA=dir PORT=n); Ctrl-C stops it
	@exec $(BIN)/kaiyuan up --data "$(DATA_FOLDER)" --port $(PORT)

demo: $(STAMP) ## Play the stories against a throw-away system and narrate them
	@exec $(BIN)/kaiyuan demo play

test: $(STAMP) ## Run the whole test suite
	@cd $(ROOT) && exec $(BIN)/pytest -n 2 --dist loadgroup

check: lint ## Lint, types, and the rules of the architecture
	@cd $(ROOT) && $(BIN)/basedpyright
	@cd $(ROOT) && $(BIN)/lint-imports

lint: $(STAMP) ## Style, without changing a file
	@cd $(ROOT) && $(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(STAMP) ## Put the style right
	@cd $(ROOT) && $(BIN)/ruff check --fix . && $(BIN)/ruff format .

chaos: $(STAMP) ## Kill every process at random under load, at length
	@cd $(ROOT) && KAIYUAN_CHAOS=long exec $(BIN)/pytest -n 0 --timeout 3600 tests/faults

bench: $(STAMP) ## Measure, beside the limits
	@cd $(ROOT) && exec $(BIN)/python -m bench.run

openapi: $(STAMP) ## Write the merged OpenAPI document to openapi.json
	@cd $(ROOT) && $(BIN)/kaiyuan openapi export openapi.json

env: $(STAMP) ## Make .env with new secrets for compose; never overwrites one
	@cd $(ROOT) && $(BIN)/kaiyuan env

compose-up: env ## Build and start the composed system
	@cd $(ROOT) && docker compose up --build --detach --wait

compose-down: ## Stop the composed system; its volumes stay
	@cd $(ROOT) && docker compose down

lock: $(UV) ## Resolve the newest dependencies into uv.lock: names, versions, hashes, and no address
	@cd $(ROOT) && rm -f uv.lock && $(UV) lock
	@cd $(ROOT) && sed -E -i 's#registry = "https://[^"]*"#registry = "index"#; s#url = "https://[^"]*/([^"/]+)"#path = "\1"#' uv.lock

clean: ## Remove .venv and caches; the data folder stays
	rm -rf $(VENV) $(ROOT)/.ruff_cache $(ROOT)/.import_linter_cache $(ROOT)/.hypothesis
	find $(ROOT) -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- set-up -------------------------------------------------------------------------------------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "需要 Python ≥ 3.11(含 venv)。/ Python 3.11 or newer, with venv, is needed (Debian: apt install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(UV): | $(BIN)/python
	@echo "安装 uv $(UV_VERSION) / installing uv …"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(VENV)/uv uv==$(UV_VERSION)

# The lock holds no addresses, so that the operator's own package index is used; hashes are checked all the same.
# The package comes last, from hatchling that was just installed: no build downloads anything of its own.
$(STAMP): $(ROOT)/uv.lock $(ROOT)/pyproject.toml | $(UV)
	@echo "安装依赖 / installing dependencies …"
	@cd $(ROOT) && $(UV) export --quiet --frozen --all-extras --no-emit-project --output-file $(VENV)/requirements.txt >/dev/null
	@cd $(ROOT) && $(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode $(VENV)/requirements.txt
	@cd $(ROOT) && $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@cd $(ROOT) && $(BIN)/python -m compileall -q shared services gateway stack
	@touch $@
