"""LEM DCBM and Isabellenhütte IEM-DCR over HTTP: digits, units, answers that make no sense, real sockets, recordings."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.board import open_board
from cc613hal.bus.http import json_object
from cc613hal.bus.replay.recording import Recording
from cc613hal.bus.replay.replay import ReplayBuses
from cc613hal.bus.replay.tap import RecordingBuses
from cc613hal.clock import run_virtual
from cc613hal.errors import ConnectFailed, DeviceRefused, ProtocolViolation
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, Bench, board_for, open_part
from cc613hal_meters.http_values import member, number
from cc613hal_meters.iem_dcr import IemDcrMeter
from cc613hal_meters.lem import LemMeter

LEM, IEM = "meters.lem-dcbm", "meters.iem-dcr"


def load(at: Bench) -> None:
    at.outlet.contacts.set(3)
    at.outlet.current_a.set((16.0, 0.0, 0.0))


def play(scene: Coroutine[Any, Any, None]) -> None:
    run_virtual(scene)


@pytest.mark.parametrize("driver", [LEM, IEM])
def test_live_values_are_read_in_one_request(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver) as at:
            load(at)
            await at.board.clock.sleep(3600.0)
            asked: list[str] = []
            answer = at.emulated.handle
            at.emulated.handle = lambda request: asked.append(request.target) or answer(request)
            reading = await at.device.read_all()
            assert len(asked) == 1
            assert (reading.voltage_v.l1, reading.current_a.l1, reading.total_power_w) == (230.0, 16.0, 3680.0)
            assert reading.energy is not None
            assert reading.energy.imported.wh == Decimal(3680)
            assert reading.voltage_v.l2 is None
            assert reading.frequency_hz is None
            identity = await at.device.identify()
            assert identity.serial == "12345678"

    play(scene())


def test_a_meter_that_speaks_in_plain_units_is_taken_at_its_word() -> None:
    async def scene() -> None:
        async with open_part(LEM, options={"kilo": False}) as at:
            load(at)
            assert (await at.device.read_power()).power_w == 3680.0

    play(scene())


def test_digits_are_those_of_the_answer() -> None:
    async def scene() -> None:
        async with open_part(LEM) as at:
            at.emulated.body = b'{"voltage":1,"current":0,"power":0,"energyImportTotal":188.97700,"energyExportTotal":0.1}'
            energy = await at.device.read_energy()
            assert str(energy.imported.wh) == "188977.00000"
            assert energy.exported is not None
            assert energy.exported.wh == Decimal(100)
        async with open_part(IEM) as at:
            told = {"MS": "1", "U2": 400.5, "I": -3, "P": -1201.5, "RD": [{}, {}, {"WV": "+12.345 kWh"}, {"WV": 0.5}]}
            at.emulated.body = json.dumps(told).encode()
            reading = await at.device.read_all()
            assert (reading.total_power_w, reading.current_a.l1, reading.energy.imported.wh) == (-1201.5, -3.0, Decimal(12345))

    play(scene())


@pytest.mark.parametrize("driver", [LEM, IEM])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "has no"),
        (b"<html>", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'{"energyImportTotal": "many", "RD": [1, 2, {"WV": "many"}, 4]}', "no number a meter can have"),
        (b'{"energyImportTotal": true, "RD": [1, 2, {"WV": true}, 4]}', "no number a meter can have"),
        (b'{"energyImportTotal": 1e400, "RD": [1, 2, {"WV": 1e400}, 4]}', "no number a meter can have"),
        (b'{"energyImportTotal": 1e-4000, "RD": [1, 2, {"WV": 1e-4000}, 4]}', "no number a meter can have"),
        (b'{"energyImportTotal": NaN, "RD": NaN}', "NaN is no number"),
        (b'{"energyImportTotal": {}, "RD": 5}', "no number|has no RD"),
    ],
)
def test_answers_that_make_no_sense_are_no_readings(driver: str, body: bytes, reason: str) -> None:
    async def scene() -> None:
        async with open_part(driver) as at:
            at.emulated.body = body
            with pytest.raises(ProtocolViolation, match=reason):
                await at.device.read_all()
            at.emulated.body = None
            assert (await at.device.read_power()).power_w == 0.0

    play(scene())


@pytest.mark.parametrize("driver", [LEM, IEM])
def test_a_status_that_is_no_success_is_a_refusal(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver) as at:
            at.emulated.status = 503
            with pytest.raises(DeviceRefused, match="status 503") as refused:
                await at.device.read_power()
            assert refused.value.code == 503

    play(scene())


def test_something_else_on_the_host_is_no_meter() -> None:
    async def scene() -> None:
        def other(simulation: Simulation) -> None:
            simulation.plant.parts[PART].body = b'{"device": "printer"}'

        for driver, reason in ((LEM, "has no meterId"), (IEM, "has no RD")):
            with pytest.raises(ConnectFailed) as failed:
                async with open_part(driver, before=other):
                    pytest.fail("it opened")
            assert reason in str(failed.value.failures[PART])

    play(scene())


@pytest.mark.parametrize(("driver", "kind"), [(LEM, LemMeter), (IEM, IemDcrMeter)])
async def test_over_a_real_socket(driver: str, kind: type) -> None:
    description = board_for(driver)
    async with (
        Simulation(description, ptys=True) as simulation,
        open_board(description, simulation.buses, clock=simulation.clock) as opened,
    ):
        device = opened.devices[PART]
        assert isinstance(device, kind)
        simulation.plant.outlet(1).contacts.set(3)
        simulation.plant.outlet(1).current_a.set((10.0, 0.0, 0.0))
        reading = await device.read_all()
        assert (reading.voltage_v.l1, reading.total_power_w) == (230.0, 2300.0)
        assert device.link is not None


@pytest.mark.parametrize("driver", [LEM, IEM])
def test_a_recorded_dialogue_plays_back(driver: str, tmp_path: Path) -> None:
    description = board_for(driver)
    file = tmp_path / "recording.txt"
    seen: list[object] = []

    async def record() -> None:
        async with Simulation(description) as simulation:
            with Recording(file) as recording:
                tapped = RecordingBuses(simulation.buses, recording)
                async with open_board(description, tapped, clock=simulation.clock) as opened:
                    simulation.plant.outlet(1).contacts.set(3)
                    simulation.plant.outlet(1).current_a.set((7.0, 0.0, 0.0))
                    seen.append((await opened.devices[PART].read_power()).power_w)  # type: ignore[attr-defined]  # a meter

    async def replay() -> None:
        async with ReplayBuses.from_file(file) as buses, open_board(description, buses) as opened:
            seen.append((await opened.devices[PART].read_power()).power_w)  # type: ignore[attr-defined]  # a meter

    run_virtual(record())
    run_virtual(replay())
    assert seen == [1610.0, 1610.0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["RD", "WV", "P", "I", "x"]), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["RD", "P", "I"]), json_values, max_size=3))
def test_any_object_gives_a_number_or_is_refused_in_words(told: dict[str, Any]) -> None:
    read = json_object(json.dumps(told).encode())
    for path in (("P",), ("RD", 2, "WV")):
        try:
            assert number(read, *path, device="m").is_finite()
        except ProtocolViolation as error:
            assert "RD" in str(error) or "P" in str(error)  # noqa: PT017  # refusing is right too, in words


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_refused(text: bytes) -> None:
    try:
        assert isinstance(json_object(text), dict)
    except ValueError as error:
        assert str(error)  # noqa: PT017  # refusing is right too, in words


def test_a_path_leads_through_objects_and_lists() -> None:
    assert member({"a": [{"b": 1}]}, "a", 0, "b", device="m") == 1
    with pytest.raises(ProtocolViolation, match=r"has no a\.1\.b"):
        member({"a": [{"b": 1}]}, "a", 1, "b", device="m")
