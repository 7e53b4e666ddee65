# make demo   the whole pipeline on the packaged sample park: report files and a summary
# make test   every test, with the servers the tests need
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint docs bench
py := .venv/bin/python

help:
	@sed -n 's/^# //p' Makefile

setup:
	@bash .ci/setup test

demo:
	@bash .ci/setup demo
	@$(py) -m carbonost.cli demo --output carbonost-report

test: export OPENBLAS_NUM_THREADS = 1
test:
	@bash .ci/setup test
	@$(py) -m pytest -n 2 --dist loadfile

lint:
	@bash .ci/setup test
	$(py) -m ruff check .
	$(py) -m ruff format --check .
	$(py) -m mypy
	$(py) -c "from importlinter.cli import lint_imports_command as lint; lint()"

docs: export NO_MKDOCS_2_WARNING = 1
docs:
	@bash .ci/setup test
	$(py) -m mkdocs build --strict --quiet

bench:
	@bash .ci/setup test
	@for script in benchmarks/*.py; do echo "== $$script"; $(py) "$$script" || exit 1; done
