# make demo   set everything up, ingest real documents, ask a question, open the chat
# make test   set everything up, check format, lint and types, run the tests
.POSIX:
.PHONY: demo test check clean

PYTHON ?= python3
DOCS ?= docs
QUESTION ?= What happens when an ingestion is killed?
PORT ?= 7860
# Where PyTorch is taken from, if not from pip's usual index; https://download.pytorch.org/whl/cpu has it without CUDA.
TORCH_INDEX ?=
PIP = .venv/bin/python -m pip --disable-pip-version-check
export DOCS QUESTION

demo: .venv/demo
	@# status 3: some files could not be read, and were named; the others are there
	.venv/bin/rag ingest "$$DOCS" || [ $$? -eq 3 ]
	.venv/bin/rag ask "$$DOCS" "$$QUESTION"
	.venv/bin/rag chat "$$DOCS" --port $(PORT)

test: .venv/dev check
	.venv/bin/python -m pytest

check: .venv/dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Python 3.11 or newer is needed; this is %d.%d. Name another: make PYTHON=python3.11" % v[:2])'
	@echo "Setting up .venv. With a CPU build of PyTorch (macOS, or TORCH_INDEX) this downloads about 0.7 GB and takes"
	@echo "about 2.6 GB of disk; PyPI's PyTorch for Linux brings CUDA libraries, about 3 GB more. To take the CPU build there:"
	@echo "    make TORCH_INDEX=https://download.pytorch.org/whl/cpu ..."
	$(PYTHON) -m venv .venv
	$(if $(TORCH_INDEX),$(PIP) install --quiet --constraint constraints.txt --index-url $(TORCH_INDEX) torch)

.venv/demo: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[offline]'
	@touch $@

.venv/dev: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
