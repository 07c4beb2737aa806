"""Every first-party driver passes the suites of everything it announces."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import BusKind
from cc613hal.testing.conformance import SUITES, BadInputSuite, DriverSuite, Suite

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = Plugins.discover()
FAMILIES = {"actuators", "banner", "bender", "hella", "hmi", "meters", "modem", "phoenix_contact", "rfid", "sensors"}
FIRST_PARTY = {
    name: spec
    for name, spec in sorted(PLUGINS.drivers.items())
    if PLUGINS.origins[name].split()[0].removeprefix("cc613hal-").replace("-", "_") in FAMILIES
}
LINES = {
    "rfid.pn532": {"irq": {"active_low": True}, "reset": {"active_low": True}},
    "rfid.mfrc522": {"reset": {"active_low": True}},
}
NEEDS_OPTIONS = {
    "meters.custom": "needs a register map of the user's own; its package's tests give it one",
    "rfid.keyboard": "has to be told which keyboard; its package's tests tell it",
}


def suites_of(name: str) -> list[type[Suite]]:
    return [DriverSuite, BadInputSuite, *(SUITES[capability] for capability in FIRST_PARTY[name].capabilities if capability in SUITES)]


def cases() -> list[object]:
    found: list[object] = []
    for name, spec in FIRST_PARTY.items():
        for bus in spec.buses or (None,):
            for suite in suites_of(name):
                for test in sorted(member for member in dir(suite) if member.startswith("test_")):
                    if suite is DriverSuite and bus is not None and bus is not spec.buses[0] and "bus" not in test:
                        continue  # what does not depend on the wire is checked on the first one
                    if "every_row" in test:
                        continue  # what only its author can show is in the package's own tests
                    label = f"{name}-{bus.value if bus else 'lines'}-{suite.__name__}-{test.removeprefix('test_')}"
                    found.append(pytest.param(name, bus, suite, test, id=label))
    return found


@pytest.mark.parametrize(("name", "bus", "suite", "test"), cases())
def test_driver(name: str, bus: BusKind | None, suite: type[Suite], test: str) -> None:
    if name in NEEDS_OPTIONS:
        pytest.skip(NEEDS_OPTIONS[name])
    subject = type(f"{suite.__name__}Of", (suite,), {"driver": name, "bus": bus, "plugins": PLUGINS, "lines": LINES.get(name, {})})()
    getattr(subject, test)()


def shown_tables() -> dict[str, list[type[BadInputSuite]]]:
    """The tables of bad input in the packages' own tests, by driver: the rows that only a driver's author can show."""
    found: dict[str, list[type[BadInputSuite]]] = {}
    for file in sorted(ROOT.glob("drivers/*/tests/test_*.py")):
        if "BadInputSuite" not in file.read_text("utf-8"):
            continue
        spec = spec_from_file_location(f"shown_{file.parts[-3]}_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, member in vars(module).items():
            if name.startswith("Test") and isinstance(member, type) and issubclass(member, BadInputSuite):
                found.setdefault(member.driver, []).append(member)
    return found


def test_every_driver_shows_or_explains_every_row_of_the_table_of_bad_input() -> None:
    tables = shown_tables()
    assert not sorted(set(FIRST_PARTY) - set(tables)), "these drivers have no BadInputSuite of their own in their package's tests"
    row = "test_every_row_of_the_table_is_shown_or_explained"
    assert not [name for name, suites in tables.items() if not any(callable(getattr(suite, row, None)) for suite in suites)]


def test_all_families_are_there() -> None:
    assert {name.split(".")[0] for name in FIRST_PARTY} == FAMILIES


def test_no_capability_of_a_first_party_driver_goes_untested_without_a_word() -> None:
    announced = {capability for spec in FIRST_PARTY.values() for capability in spec.capabilities}
    # covered by other suites, by the board's tests, or by the driver's own
    elsewhere = {
        "SafeState",
        "Identified",
        "ImmediateOff",
        "PhaseSwitching",
        "EmergencyOpener",
        "SupplyMonitor",
        "SecureCardReader",
        "CardRefusals",
        "Modem",
    }
    assert announced <= set(SUITES) | elsewhere
