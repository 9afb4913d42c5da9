# The two commands of the README: `make demo` and `make test`. Both need Python 3.11+ and nothing else.
PYTHON ?= python3
BIN := .venv/bin
FLINK := .venv-flink/bin
PYTEST := $(BIN)/pytest -n auto --dist worksteal

# Tests start hundreds of processes; whatever the environment says, modules are compiled for the first of them alone.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-flink lint types format tables nightly bench bench-flink clean

demo: .venv/ready
	$(BIN)/connrules check examples/abandoned-cart
	$(BIN)/connrules run examples/abandoned-cart

test: .venv/ready lint types
	$(PYTEST)

# The rules on a real Flink, within this machine; needs Java 17 or 21 and Python 3.11 or 3.12.
test-flink: .venv-flink/ready
	$(FLINK)/python -m pytest tests/flink

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/ready
	$(BIN)/mypy

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What the parser reads by, made of grammar/conn.lark; a test says when that has changed.
tables: .venv/ready
	$(BIN)/python -m connrules.syntax.making

# More random examples, and nothing else, than `make test`.
nightly: .venv/ready
	CONNRULES_PROFILE=nightly $(PYTEST)

# Under ten minutes; `make bench BENCH="--only file --rounds 3"` for less. Other tools take part where they install.
bench: .venv/ready
	VIRTUAL_ENV=.venv $(BIN)/uv sync --quiet --locked --active --group bench --python $(BIN)/python \
		|| echo "not all of the other tools install here; the table says which are missing" >&2
	$(BIN)/python -m tests.benchmarks $(BENCH)

# Some thirteen minutes; `make bench-flink BENCH="--only thread-1-5 --scale 0.1"` for less.
bench-flink: .venv-flink/ready
	$(FLINK)/python -m tests.benchmarks.cluster $(BENCH)

clean:
	rm -rf .venv .venv-flink dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# uv installs what uv.lock pins; it is itself one of the pinned tools, so it survives its own sync.
.venv/ready: pyproject.toml uv.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "connrules needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	VIRTUAL_ENV=.venv $(BIN)/uv sync --quiet --locked --active --python $(BIN)/python
	touch $@

# What Flink asks for clashes with what the other tests need, and weighs 800 MB: it has an environment of its own.
.venv-flink/ready: pyproject.toml uv.lock
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13) and "Flink runs with Python 3.11 and 3.12; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv-flink
	$(FLINK)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	VIRTUAL_ENV=.venv-flink $(FLINK)/uv sync --quiet --locked --active --no-default-groups --extra flink --group flink-test --python $(FLINK)/python
	touch $@
