# Every target sets itself up: a machine needs Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export RUNBOOK_NO_BROWSER ?= 1

.PHONY: install drill test check bench soak lock clean
install: $(VENV)/.lab
drill: $(VENV)/.sandbox
	@$(BIN)/runbook drill

test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q

bench: $(VENV)/.dev
	$(BIN)/python tests/bench/bench.py

soak: $(VENV)/.dev
	RUNBOOK_SOAK=20 $(BIN)/python -m pytest -q -m long tests/headless/test_many.py

lock:
	$(PYTHON) tools/lock.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.lab $(VENV)/.sandbox $(VENV)/.dev: requirements.lock pyproject.toml
	@$(PYTHON) tools/install.py $(VENV) $(patsubst $(VENV)/.%,%,$@)
	@touch $@
