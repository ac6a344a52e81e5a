# make demo   set everything up, ingest real documents, ask a question, open the chat
# make test   set everything up, check format, lint and types, run the tests
.POSIX:
.PHONY: demo test check clean

PYTHON ?= python3
DOCS ?= docs
QUESTION ?= What happens when an ingestion is killed?
PORT ?= 7860
PIP = .venv/bin/python -m pip --disable-pip-version-check

demo: .venv/demo
	.venv/bin/rag ingest $(DOCS)
	.venv/bin/rag ask $(DOCS) "$(QUESTION)"
	.venv/bin/rag chat $(DOCS) --port $(PORT)

test: .venv/dev check
	.venv/bin/python -m pytest

check: .venv/dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Python 3.11 or newer is needed; this is %d.%d. Name another: make PYTHON=python3.11" % v[:2])'
	@echo "Setting up .venv: this downloads about 0.7 GB (PyTorch for the CPU is a third of it) and needs about 2.5 GB of disk."
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[offline]'
	@touch $@

.venv/dev: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
