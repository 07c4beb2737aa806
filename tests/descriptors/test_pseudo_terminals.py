"""Every driver on a serial line or Modbus, once through pyserial and a real pseudo-terminal: it connects and reads."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from cc613hal.board import open_board
from cc613hal.health import HealthState
from cc613hal.plant import Simulation
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import BusKind, DriverSpec
from cc613hal.testing.bench import PART, board_for
from cc613hal.testing.conformance import DriverSuite
from cc613hal.testing.conformance.base import Bench

PLUGINS = Plugins.discover()
NEEDS_A_MAP = {"meters.custom"}


def talking() -> Iterator[tuple[DriverSpec, BusKind]]:
    for name, spec in sorted(PLUGINS.drivers.items()):
        for bus in spec.buses:
            if bus in {BusKind.SERIAL, BusKind.MODBUS} and spec.emulator and name not in NEEDS_A_MAP:
                yield spec, bus


@pytest.mark.parametrize(("spec", "bus"), [pytest.param(*each, id=each[0].name) for each in talking()])
async def test_it_connects_and_reads_through_a_pseudo_terminal(spec: DriverSpec, bus: BusKind) -> None:
    subject = type("Subject", (DriverSuite,), {"driver": spec.name, "bus": bus, "plugins": PLUGINS})()
    description = board_for(spec.name, bus=bus, plugins=PLUGINS)
    patient = {name: attrs.evolve(each, timeout_s=2.0) if hasattr(each, "timeout_s") else each for name, each in description.buses.items()}
    description = attrs.evolve(description, buses=patient)
    async with Simulation(description, ptys=True) as simulation, open_board(description, simulation.buses) as board:
        await subject.read_everything(Bench(subject.pick(board), board, simulation))
        assert board.health()[PART].state is HealthState.OK
