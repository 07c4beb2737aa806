# Every target sets up what it needs: a fresh machine wants Python 3.11 or newer with venv, make, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DRIVERS := $(patsubst %/pyproject.toml,%,$(sort $(wildcard drivers/*/pyproject.toml)))
PROJECTS := . $(DRIVERS) examples/chargepoint
MANIFESTS := pyproject.toml $(addsuffix /pyproject.toml,$(DRIVERS)) examples/chargepoint/pyproject.toml
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: run test check bench soak crash test-readers test-descriptors test-peers test-kernel docs lock clean help
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/made-run: requirements/build.txt requirements/run.txt $(MANIFESTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "cc613hal needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || { echo "making the environment in $(VENV) …"; $(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }; }
	@echo "installing what the application needs …"
	@$(PIP) install --quiet --require-hashes -r requirements/build.txt
	@$(PIP) install --quiet --require-hashes --no-build-isolation -r requirements/run.txt
	@$(PIP) install --quiet --no-build-isolation --no-deps --no-index $(addprefix -e ./,$(PROJECTS))
	@touch $@

$(VENV)/made-test: requirements/test.txt $(VENV)/made-run
	@echo "installing what the tests need …"
	@$(PIP) install --quiet --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/made-check: requirements/check.txt $(VENV)/made-test
	@echo "installing what the checks need …"
	@$(PIP) install --quiet --require-hashes -r requirements/check.txt
	@touch $@

run: $(VENV)/made-run  ## charge a simulated vehicle on the simulated board, then go on serving (ONCE=1: stop after the first)
	@$(BIN)/cc613-chargepoint run --board bender.cc613 --sim $(if $(ONCE),--once)

test: $(VENV)/made-test  ## the whole test suite
	@$(BIN)/python -m pytest -n 2 --dist loadfile -q

check: $(VENV)/made-check  ## lint, types, contracts, docs, spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy cc613hal $(addsuffix /src,$(DRIVERS)) examples/chargepoint/src
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@$(BIN)/typos
	@$(MAKE) --no-print-directory docs

docs: $(VENV)/made-check  ## build the documentation, warnings are errors
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

bench: $(VENV)/made-test  ## benchmarks; prints the table of docs/explanation/benchmarks.md
	@$(BIN)/python -m tests.bench

soak: $(VENV)/made-test  ## three days of a busy station in minutes: nothing may grow, be left behind, or be said unexpectedly
	@$(BIN)/python -m tests.soak $(ARGS)

crash: $(VENV)/made-test  ## kill the application at random moments and look for what it had acknowledged (RUNS=1000)
	@$(BIN)/python -m tests.crash $(if $(RUNS),--runs $(RUNS))
	@$(BIN)/python -m tests.crash.outbox $(if $(RUNS),--kills $(RUNS))
	@$(BIN)/python -m tests.crash.outbox --version 2.0.1 $(if $(RUNS),--kills $(RUNS))

$(VENV)/made-kernel: requirements/kernel.txt $(VENV)/made-test
	@$(PIP) install --quiet --require-hashes --no-build-isolation -r requirements/kernel.txt || echo "spidev could not be built (it needs a C compiler and Python's headers): its tests will be skipped"
	@touch $@

$(VENV)/made-readers: requirements/readers.txt $(VENV)/made-test
	@$(PIP) install --quiet --require-hashes -r requirements/readers.txt || echo "pyscard or pi-rc522 could not be built (they need a C compiler and libpcsclite-dev): their tests will be skipped"
	@touch $@

test-readers: $(VENV)/made-readers  ## card reader tests with pcscd and other people's drivers
	@$(BIN)/python -m pytest -q drivers/rfid

test-descriptors: $(VENV)/made-test  ## driver tests on device nodes that umockdev emulates, and on pseudo-terminals
	@$(BIN)/python -c 'import sys; from tests.descriptors.machine import missing; sys.exit(missing() or None)'
	@umockdev-wrapper $(BIN)/python -m pytest -q -p tests.descriptors.plugin drivers/hmi drivers/rfid drivers/sensors drivers/bender -k "not usb and not Usb and not pcsc and not keyboard and not uinput"
	@$(BIN)/python -m pytest -q tests/descriptors

$(VENV)/made-peers: $(VENV)/made-test
	@npm install --prefix $(VENV)/peers --no-audit --no-fund --silent @voltbras/ts-ocpp@2.7.3 ocpp-rpc@2.2.1 || echo "npm or its packages are not there: the tests with them will be skipped"
	@touch $@

test-peers: $(VENV)/made-peers  ## OCPP with other people's central systems (needs node and npm)
	@$(BIN)/python -m pytest -q examples/chargepoint/tests/ocpp_rooms/test_soap_wire.py examples/chargepoint/tests/ocpp/test_strict_peers.py

test-kernel: $(VENV)/made-kernel  ## bus and driver tests on a real Linux kernel under QEMU
	@$(BIN)/python -m tests.kernel.lane $(if $(ARGS),-- $(ARGS))

lock: $(VENV)/made-run  ## renew the lock files
	@$(BIN)/python tests/tools/lock.py

clean:  ## remove the environment and everything built
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .hypothesis
