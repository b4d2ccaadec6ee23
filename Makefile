# What can be done with this tree; `make` alone lists it. A fresh machine needs Python >= 3.11 with venv, cargo with
# rustfmt and clippy, and a C compiler: each verb installs the rest under .venv/ and build/ and leaves a stamp there,
# so that it is fast the second time. Another interpreter: `make PYTHON=python3.13 ...` after `make clean`.

PYTHON ?= python3
PYTEST_ARGS ?=
BENCH_CHECK_ARGS ?=

PIP := pip==26.3
VENV_BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# One interpreter for all cargo commands: another value would make cargo build PyO3 anew.
export PYO3_PYTHON := $(CURDIR)/.venv/bin/python

# The C library that `make wheel` builds for. Zig brings old versions of glibc; other systems have no such choice.
ifeq ($(shell uname -s),Linux)
MANYLINUX := manylinux_2_17
PORTABLE := --zig --compatibility $(MANYLINUX)
AUDIT := --manylinux $(MANYLINUX)
endif

SOURCES := Cargo.toml Cargo.lock pyproject.toml README.md THIRD-PARTY-LICENSES.txt \
	$(shell find python rust -type f \( -name '*.py' -o -name '*.pyi' -o -name 'py.typed' -o -name '*.rs' -o -name '*.toml' \))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SECONDARY:
.SUFFIXES:
.PHONY: help demo docs test test-rust test-python test-inlining build bench bench-check lint format licences wheel clean

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: build/demo-venv/.ready ## learn and recognise penguins in a Serket pipeline, from the built wheel
	@build/demo-venv/bin/python examples/demo.py build/demo

test: lint test-rust test-python test-inlining ## everything that must hold before a change lands

test-rust: .venv/.build
	cargo test --workspace --locked

test-python: build/test-venv/.ready
	build/test-venv/bin/python -m mypy.stubtest gmm_rs._core
	build/test-venv/bin/python -m pytest --doctest-modules --pyargs gmm_rs tests $(PYTEST_ARGS)

test-inlining: build/wheel/.built
	$(VENV_BIN)/python scripts/check_inlining.py build/wheel/*.whl

build: build/wheel/.built ## a wheel for this machine, in build/wheel/
	@ls build/wheel/*.whl

docs: build/docs-venv/.ready ## the documentation, in build/docs/; warnings are errors
	build/docs-venv/bin/python -m sphinx -W --keep-going --quiet --fresh-env docs build/docs

bench: build/bench-venv/.ready ## the Rust benchmarks, then every script in benches/
	cargo bench --package gmm-core --locked
	@for script in benches/*.py; do \
		if test -f "$$script"; then echo "$$script"; build/bench-venv/bin/python "$$script" || exit 1; fi; \
	done

bench-check: ## the instructions of fixed workloads against benches/instructions.json; needs valgrind
	$(PYTHON) scripts/bench_check.py $(BENCH_CHECK_ARGS)

lint: .venv/.lint ## formatting, clippy, rustdoc, ruff, mypy, licences: the static part of test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	$(VENV_BIN)/ruff check
	$(VENV_BIN)/ruff format --check
	$(VENV_BIN)/mypy
	$(VENV_BIN)/python scripts/third_party_licences.py --check

format: .venv/.lint ## format all code, and mend what ruff can mend
	cargo fmt --all
	$(VENV_BIN)/ruff check --fix --exit-zero
	$(VENV_BIN)/ruff format

licences: .venv/.pip ## write THIRD-PARTY-LICENSES.txt anew, after a change of Cargo.lock
	$(VENV_BIN)/python scripts/third_party_licences.py

wheel: .venv/.wheel ## sdist and portable wheel in dist/, audited, and tried without cargo
	rm -rf dist build/wheel-venv
	PATH="$(CURDIR)/$(VENV_BIN):$$PATH" maturin build --release --locked --sdist $(PORTABLE) --out dist
	$(VENV_BIN)/python scripts/check_wheel.py $(AUDIT) dist/*.whl
	$(VENV_BIN)/abi3audit --strict --summary dist/*.whl
	$(PYTHON) -m venv build/wheel-venv
	PATH=/nonexistent build/wheel-venv/bin/python -m pip install --quiet --only-binary :all: dist/*.whl
	PATH=/nonexistent build/wheel-venv/bin/python -I scripts/smoke_test.py

clean: ## remove all that these verbs made
	cargo clean
	rm -rf __pycache__ .venv build dist docs/generated benches/results .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -f python/gmm_rs/_core*.so python/gmm_rs/_core*.pyd
	find python rust tests benches examples scripts -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# --- environments -----------------------------------------------------------------------------------------------------

define new_venv
@$(PYTHON) -c 'import sys; sys.exit("gmm_rs needs Python >= 3.11; try make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
$(PYTHON) -m venv --clear $(1)
$(1)/bin/python -m pip install --quiet $(PIP)
endef

# .venv holds the tools. It is also the interpreter that cargo sees.
.venv/.pip:
	$(call new_venv,.venv)
	@touch $@

# .venv/.NAME: the dependency group NAME is installed in .venv.
.venv/.%: .venv/.pip pyproject.toml
	$(VENV_BIN)/python -m pip install --quiet --group $*
	@touch $@

# It keeps the names of its functions, for profilers and scripts/check_inlining.py; the wheels in dist/ don't.
build/wheel/.built: .venv/.build $(SOURCES)
	rm -rf build/wheel
	CARGO_PROFILE_RELEASE_STRIP=none $(VENV_BIN)/maturin build --release --locked --out build/wheel
	@touch $@

# build/NAME-venv: what a user gets, that is the wheel and its dependencies, and beside it the dependency group NAME.
build/%-venv/.pip:
	$(call new_venv,build/$*-venv)
	@touch $@

build/%-venv/.ready: build/%-venv/.pip build/wheel/.built
	build/$*-venv/bin/python -m pip install --quiet --group $* build/wheel/*.whl
	@build/$*-venv/bin/python -m pip install --quiet --force-reinstall --no-deps build/wheel/*.whl
	@touch $@
