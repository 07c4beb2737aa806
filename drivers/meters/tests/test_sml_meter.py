"""Meters that push SML telegrams: values, age, broken telegrams, the wrong meter, a locked list."""

from __future__ import annotations

from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import pytest
from smllib.reader import SmlStreamReader
from smllib.sml.response_get_list import SmlGetListResponse

from cc613hal.clock import run_virtual
from cc613hal.errors import BusTimeout, ConnectFailed, FrameError, ImplausibleReading, ProtocolViolation, WrongIdentity
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.sml import Entry, ValueList, encode_frame, obis_code
from cc613hal.testing.bench import PART, Bench, open_part
from cc613hal_meters.emulation_told import SmlEmulation
from cc613hal_meters.sml_meter import SmlMeter, values_of

EHZ = "meters.emh-ehz"
SERVER = bytes.fromhex("0a01454d480000bc614e")


def load(at: Bench, amperes: float = 16.0) -> None:
    at.outlet.contacts.set(3)
    at.outlet.current_a.set((amperes, 0.0, 0.0))


def play(scene: Coroutine[Any, Any, None]) -> None:
    run_virtual(scene)


def test_a_telegram_is_read_with_its_words_and_its_time() -> None:
    async def scene() -> None:
        async with open_part(EHZ) as at:
            meter: SmlMeter = at.device
            load(at)
            await at.board.clock.sleep(1800.0)
            reading = await meter.read_all()
            assert reading.total_power_w == 3680.0
            assert reading.power_w.l1 == 3680.0
            assert reading.voltage_v.known() == ()
            assert reading.energy is not None
            assert float(reading.energy.imported.wh) == pytest.approx(1840.0, abs=3.0)
            assert reading.energy.imported.raw == (0, 0, 0, int(reading.energy.imported.wh * 10))
            assert reading.energy.imported.register == "energy_import"
            assert at.board.clock.monotonic_s() - reading.stamp.monotonic_s <= 2.0
            identity = await meter.identify()
            assert (identity.vendor, identity.model, identity.serial) == ("EMH", "eHZ", SERVER.hex())

    play(scene())


def test_another_reader_finds_the_same_in_the_emulated_meters_telegram() -> None:
    """smllib, written by others, reads the very bytes that the emulated meter pushes."""

    async def scene() -> None:
        async with open_part("meters.easymeter-q3") as at:
            load(at)
            meter: SmlEmulation = at.emulated
            reader = SmlStreamReader()
            reader.add(b"\x00\x1b" + encode_frame(meter.file()))
            frame = reader.get_frame()
            assert frame is not None
            [told] = [item.message_body for item in frame.parse_frame() if isinstance(item.message_body, SmlGetListResponse)]
            theirs = {str(item.obis.obis_code): item.get_value() for item in told.val_list}
            assert theirs["1-0:16.7.0*255"] == 3680
            ours = await at.device.read_energy()
            assert Decimal(str(theirs["1-0:1.8.0*255"])) == ours.imported.wh
            assert theirs["1-0:2.8.0*255"] == float(ours.exported.wh)

    play(scene())


def test_age_decides_a_meter_that_falls_silent_is_an_error_and_comes_back() -> None:
    async def scene() -> None:
        async with open_part(EHZ, options={"age_s": 6.0}) as at:
            before = await at.device.read_energy()
            at.emulated.silent = True
            await at.board.clock.sleep(4.0)
            assert (await at.device.read_energy()).stamp == before.stamp
            await at.board.clock.sleep(6.0)
            with pytest.raises(BusTimeout, match="no telegram within 6 s") as silent:
                await at.device.read_energy()
            assert "optical head" in (silent.value.hint or "")
            at.emulated.silent = False
            await at.board.clock.sleep(3.0)
            assert (await at.device.read_energy()).stamp.monotonic_s > before.stamp.monotonic_s

    play(scene())


@pytest.mark.parametrize(
    "damage",
    [
        lambda frame: frame[:40],
        lambda frame: frame[:-1] + bytes([frame[-1] ^ 1]),
        lambda frame: frame[:60] + b"\x1b\x1b\x1b\x1b" + frame[60:],
        lambda frame: frame[:33] + b"\xff" + frame[34:],
    ],
)
def test_broken_telegrams_are_never_read_and_named(damage: Any) -> None:
    async def scene() -> None:
        async with open_part(EHZ, options={"age_s": 5.0}) as at:
            at.emulated.damage = damage
            await at.board.clock.sleep(20.0)
            with pytest.raises(FrameError, match="broken telegrams within 5 s and no whole one"):
                await at.device.read_power()
            at.emulated.damage = None
            assert (await at.device.read_power()).power_w == 0.0

    play(scene())


def test_noise_between_telegrams_changes_nothing() -> None:
    async def scene() -> None:
        async with open_part(EHZ) as at:
            at.emulated.damage = lambda frame: b"\x00\xff\x1b\x1b" + frame + b"\x1b\x1b\x1b"
            load(at)
            await at.board.clock.sleep(10.0)
            assert (await at.device.read_power()).power_w == 3680.0

    play(scene())


def test_content_that_makes_no_sense_is_no_reading() -> None:
    async def scene() -> None:
        async with open_part(EHZ) as at:
            for content, reason in ((b"\x76\x01", "makes no sense"), (b"", "without a list of values")):
                at.emulated.damage = lambda _, content=content: encode_frame(content)
                await at.board.clock.sleep(3.0)
                with pytest.raises(ProtocolViolation, match=reason):
                    await at.device.read_power()
            at.emulated.damage = None
            at.emulated.entries = (Entry(obis=obis_code("1-0:32.7.0*255"), value=2300, unit=27, scaler=-1),)
            await at.board.clock.sleep(3.0)
            with pytest.raises(ProtocolViolation, match=r"1-0:32\.7\.0\*255 comes in unit W instead of V"):
                await at.device.read_power()

    play(scene())


def test_a_locked_list_counts_but_has_no_power_and_says_what_to_do() -> None:
    async def scene() -> None:
        async with open_part(EHZ) as at:
            at.emulated.locked = True
            await at.board.clock.sleep(3.0)
            assert (await at.device.read_energy()).imported.wh == 0
            with pytest.raises(ImplausibleReading, match="does not tell power") as locked:
                await at.device.read_power()
            assert "PIN" in (locked.value.hint or "")

    play(scene())


def test_another_meters_telegrams_are_refused() -> None:
    async def scene() -> None:
        async with open_part(EHZ, options={"server_id": "0a01454d480000123456"}) as at:
            at.emulated.server = SERVER
            await at.board.clock.sleep(3.0)
            with pytest.raises(WrongIdentity, match=f"those of the meter {SERVER.hex()}, not of 0a01454d480000123456"):
                await at.device.read_energy()

    play(scene())


def test_a_meter_that_is_silent_from_the_start_does_not_connect() -> None:
    async def scene() -> None:
        def silence(simulation: Simulation) -> None:
            simulation.plant.parts[PART].silent = True

        with pytest.raises(ConnectFailed) as failed:
            async with open_part(EHZ, before=silence):
                pytest.fail("it opened")
        assert isinstance(failed.value.failures[PART], BusTimeout)

    play(scene())


def test_scalers_of_a_meter_that_writes_wrong_ones_are_replaced() -> None:
    async def scene() -> None:
        async with open_part(EHZ, options={"scalers": {"1-0:1.8.0*255": 0}}) as at:
            at.emulated.overrides["energy_import"] = 123.4
            await at.board.clock.sleep(3.0)
            assert (await at.device.read_energy()).imported.wh == 1234

    play(scene())


def test_more_values_are_taken_where_a_meter_tells_them_and_two_way_power_has_one_sign() -> None:
    entries = (
        Entry(obis=obis_code("1-0:1.7.0*255"), value=0, unit=27),
        Entry(obis=obis_code("1-0:2.7.0*255"), value=1500, unit=27),
        Entry(obis=obis_code("1-0:32.7.0*255"), value=2301, unit=35, scaler=-1),
        Entry(obis=obis_code("1-0:14.7.0*255"), value=5001, unit=44, scaler=-2),
        Entry(obis=obis_code("1-0:1.8.0*255"), value=b"n/a", unit=30),
    )
    values, raw = values_of(ValueList(server=SERVER, entries=entries))
    assert values == {"power": -1500.0, "voltage_l1": 230.1, "frequency": 50.01}
    assert raw == {}


def test_what_is_impossible_is_suspect() -> None:
    async def scene() -> None:
        async with open_part(EHZ) as at:
            at.emulated.overrides["power"] = 5e7
            await at.board.clock.sleep(3.0)
            reading = await at.device.read_power()
            assert reading.quality is Quality.SUSPECT
            assert at.health == "degraded"
            del at.emulated.overrides["power"]
            await at.board.clock.sleep(3.0)
            assert (await at.device.read_power()).quality is Quality.GOOD
            assert at.health == "ok"

    play(scene())
