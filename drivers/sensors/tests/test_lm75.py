"""The LM75 family: what is read, what is refused, and how the driver gets over everything that can happen to a chip on two wires."""

from __future__ import annotations

import asyncio

import pytest
from attrs.exceptions import FrozenInstanceError

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusClosed, BusTimeout, ConnectFailed, HalError, ImplausibleReading, NoAnswer, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.interfaces import Identified, TemperatureSensor
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_sensors.emulation import Lm75Chip
from cc613hal_sensors.lm75 import Lm75Options
from cc613hal_sensors.variants import VARIANTS

DRIVER = "sensors.lm75"
WITH_IDENTITY = ("tmp1075", "tmp117")


@pytest.mark.parametrize("word", VARIANTS)
@pytest.mark.parametrize("celsius", [-40.0, -0.5, 0.0, 25.0, 85.0, 125.0])
def test_every_variant_measures(bench, word, celsius):
    async def main():
        async with bench(DRIVER, variant=word) as it:
            it.cabinet.temperature("internal").set(celsius)
            reading = await it.part.read()
            assert (reading.temperature_c, reading.quality, reading.source) == (celsius, Quality.GOOD, PART)

    run_virtual(main())


def test_two_places_have_two_temperatures(bench):
    async def main():
        async with bench(DRIVER, place="relay") as it:
            it.cabinet.temperature("relay").set(71.0)
            it.cabinet.temperature("internal").set(33.0)
            assert (await it.part.read()).temperature_c == 71.0

    run_virtual(main())


def test_the_offset_is_added(bench):
    async def main():
        async with bench(DRIVER, offset_c=-3.5) as it:
            assert (await it.part.read()).temperature_c == 21.5

    run_virtual(main())


@pytest.mark.parametrize("address", range(0x48, 0x50))
def test_every_address_of_the_family(bench, address):
    async def main():
        async with bench(DRIVER, address=address) as it:
            assert (await it.part.read()).temperature_c == 25.0
            assert f"0x{address:02X}" in it.wire_log()

    run_virtual(main())


# -- identity ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "hardware"), [("tmp1075", "0x7500"), ("tmp117", "0x0117")])
def test_a_chip_with_an_identity_register_proves_who_it_is(bench, word, hardware):
    async def main():
        async with bench(DRIVER, variant=word) as it:
            identity = await it.board.get(Identified).identify()
            assert (identity.vendor, identity.model, identity.hardware) == ("Texas Instruments", VARIANTS[word].model, hardware)

    run_virtual(main())


@pytest.mark.parametrize("word", [word for word in VARIANTS if word not in WITH_IDENTITY])
def test_a_chip_without_one_claims_no_vendor(bench, word):
    async def main():
        async with bench(DRIVER, variant=word) as it:
            identity = await it.part.identify()
            assert (identity.vendor, identity.model, identity.hardware) == (None, VARIANTS[word].model, None)

    run_virtual(main())


def test_the_revision_of_a_tmp117_does_not_matter(bench):
    async def main():
        def newer(simulation):
            simulation.plant.parts[PART].identity = 0x2117  # bits 15 to 12: revision (data sheet)

        async with bench(DRIVER, variant="tmp117", before=newer) as it:
            assert (await it.part.identify()).hardware == "0x2117"

    run_virtual(main())


@pytest.mark.parametrize("word", WITH_IDENTITY)
def test_another_chip_is_refused_with_a_hint(bench, word):
    async def main():
        def swap(simulation):
            simulation.plant.parts[PART].identity = 0x0190

        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, variant=word, before=swap):
                pass
        error = caught.value.failures[PART]
        assert isinstance(error, WrongIdentity)
        assert "0x0190" in str(error)
        assert "variant" in (error.hint or "")
        assert not error.transient

    run_virtual(main())


def test_a_chip_swapped_while_running_is_noticed_when_asked(bench):
    async def main():
        async with bench(DRIVER, variant="tmp1075") as it:
            it.chip.identity = 0x0000
            with pytest.raises(WrongIdentity):
                await it.part.identify()
            with pytest.raises(WrongIdentity):
                await it.part.connect()

    run_virtual(main())


# -- start -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", VARIANTS)
def test_the_value_from_before_the_first_conversion_is_never_given(bench, word):
    async def main():
        async with bench(DRIVER, variant=word) as it:
            assert (await it.part.read()).temperature_c == 25.0
            it.chip.power_cycle()
            await it.part.connect()
            assert (await it.part.read()).temperature_c == 25.0  # not the 0 °C or −256 °C of the reset value

    run_virtual(main())


@pytest.mark.parametrize("word", VARIANTS)
def test_a_chip_that_was_shut_down_measures_again(bench, word):
    async def main():
        async with bench(DRIVER, variant=word) as it:
            it.chip.shut()
            it.cabinet.temperature("internal").set(80.0)
            assert (await it.part.read()).temperature_c == 25.0  # what shutdown means
            await it.part.connect()
            assert not it.chip.shut_down
            assert (await it.part.read()).temperature_c == 80.0

    run_virtual(main())


def test_the_configuration_of_a_running_chip_is_left_alone(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.write(b"\x01\x1e")  # fault queue, polarity and mode, as somebody set them
            await it.part.connect()
            it.chip.write(b"\x01")
            assert it.chip.read(1) == b"\x1e"

    run_virtual(main())


def test_starting_keeps_the_other_bits(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.write(b"\x01\x1f")
            await it.part.connect()
            it.chip.write(b"\x01")
            assert it.chip.read(1) == b"\x1e"

    run_virtual(main())


# -- implausible and frozen --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "raw", "says"),
    [
        ({}, 0xFFFF, "not driven"),
        ({"variant": "lm75"}, 0xFFFF, "not driven"),
        ({"variant": "tmp102"}, 0xFFFF, "not driven"),
        ({}, 0x7FE0, "127.875"),
        ({}, 0x8000, "-128"),
        ({"variant": "tmp102"}, 0x960 << 3 | 1, "150"),
        ({"variant": "tmp117"}, 0x8000, "-256"),
        ({"variant": "tmp117"}, 0x7FFF, "255.99"),
        ({"low_c": 10.0}, 0x0900, "9.0"),
        ({"high_c": 60.0}, 0x3D00, "61.0"),
        ({"high_c": 60.0, "offset_c": 2.0}, 0x3B00, "61.0"),
    ],
)
def test_an_implausible_value_is_an_error_and_a_fault_until_it_measures_again(bench, options, raw, says):
    async def main():
        async with bench(DRIVER, **options) as it:
            it.chip.stuck_raw = raw
            with pytest.raises(ImplausibleReading, match=says) as caught:
                await it.part.read()
            assert caught.value.device == PART
            assert caught.value.hint
            assert it.health.state is HealthState.FAULT
            it.chip.stuck_raw = None
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_all_ones_is_a_temperature_for_a_tmp117_only(bench):
    async def main():
        async with bench(DRIVER, variant="tmp117") as it:
            it.chip.stuck_raw = 0xFFFF
            assert (await it.part.read()).temperature_c == -0.0078125

    run_virtual(main())


def test_the_limits_of_the_place_may_be_wider_than_the_part(bench):
    async def main():
        async with bench(DRIVER, high_c=128.0) as it:
            it.chip.stuck_raw = 0x7FE0
            assert (await it.part.read()).temperature_c == 127.875

    run_virtual(main())


def test_a_value_that_never_moves_becomes_suspect_and_recovers(bench):
    async def main():
        async with bench(DRIVER, stuck_s=600.0) as it:
            qualities = []
            for _ in range(13):
                qualities.append((await it.part.read()).quality)
                await it.sleep(60)
            assert qualities == [Quality.GOOD] * 10 + [Quality.SUSPECT] * 3
            assert it.health.state is HealthState.DEGRADED
            assert it.health.usable
            it.cabinet.temperature("internal").set(25.125)
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_a_quiet_cabinet_is_not_suspect_unless_asked_for(bench):
    async def main():
        async with bench(DRIVER) as it:
            for _ in range(24):
                assert (await it.part.read()).quality is Quality.GOOD
                await it.sleep(3600)

    run_virtual(main())


def test_a_stuck_sensor_that_was_replaced_is_healthy_again(bench):
    async def main():
        async with bench(DRIVER, stuck_s=60.0) as it:
            await it.part.read()
            await it.sleep(61)
            assert (await it.part.read()).quality is Quality.SUSPECT
            await it.part.connect()
            it.cabinet.temperature("internal").set(30.0)
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


# -- the wire ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "error"), [("nack", NoAnswer), ("silence", BusTimeout)])
def test_a_failing_transfer_is_told_and_three_take_it_offline(bench, fault, error):
    async def main():
        async with bench(DRIVER) as it:
            setattr(it.faults, fault, True)
            for _ in range(2):
                with pytest.raises(error):
                    await it.part.read()
            assert it.health.usable
            with pytest.raises(error) as caught:
                await it.part.read()
            assert caught.value.hint
            assert it.health.state is HealthState.OFFLINE

    run_virtual(main())


def test_one_lost_transfer_in_a_while_does_no_harm(bench):
    async def main():
        async with bench(DRIVER) as it:
            for _ in range(5):
                it.faults.nack = True
                with pytest.raises(NoAnswer):
                    await it.part.read()
                it.faults.nack = False
                assert (await it.part.read()).temperature_c == 25.0
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_a_bus_that_dies_between_address_and_data_is_no_temperature(bench):
    class Dying(Lm75Chip):
        def read(self, count):
            raise NoAnswer("gone in the middle", device="part-bus")

    async def main():
        async with bench(DRIVER) as it:
            good = it.chip.read
            it.chip.read = Dying.read.__get__(it.chip)
            with pytest.raises(NoAnswer, match="in the middle"):
                await it.part.read()
            it.chip.read = good
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


def test_unplugged_and_back_with_the_same_object_and_the_right_value(bench):
    async def main():
        async with bench(DRIVER, variant="tmp117") as it:
            part = it.board.get(TemperatureSensor)
            it.faults.unplug()
            for _ in range(3):
                with pytest.raises(NoAnswer):
                    await part.read()
            assert it.health.state is HealthState.OFFLINE
            await it.sleep(300)
            it.chip.power_cycle()
            it.cabinet.temperature("internal").set(-12.5)
            it.faults.plug()
            await it.sleep(61)
            assert it.health.state is HealthState.OK
            assert it.board.get(TemperatureSensor) is part
            assert (await part.read()).temperature_c == -12.5

    run_virtual(main())


def test_the_whole_bus_gone_and_back(bench):
    async def main():
        async with bench(DRIVER) as it:
            bus = it.simulation.faults("part-bus")
            bus.unplug()
            with pytest.raises(HalError) as caught:
                await it.part.read()
            assert isinstance(caught.value, BusClosed | NoAnswer)
            bus.plug()
            await it.sleep(61)
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


def test_a_slow_answer_is_stamped_when_it_came(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.faults.late_s = 0.4
            before_s = it.board.clock.monotonic_s()
            reading = await it.part.read()
            assert reading.stamp.monotonic_s - before_s >= 0.4

    run_virtual(main())


def test_a_cancelled_read_leaves_the_bus_usable(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.faults.late_s = 0.2
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await it.part.read()
            it.faults.late_s = 0.0
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


def test_an_absent_chip_may_come_later():
    async def main():
        from attrs import evolve

        description = board_for(DRIVER)
        devices = {PART: evolve(description.devices[PART], required=False)}
        async with Simulation(evolve(description, devices=devices)) as simulation:
            simulation.faults(PART).unplug()
            async with open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
                sensor = board.get(TemperatureSensor)
                assert board.health()[PART].state is HealthState.OFFLINE
                simulation.faults(PART).plug()
                await board.clock.sleep(61)
                assert (await sensor.read()).temperature_c == 25.0

    run_virtual(main())


# -- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"variant": "lm76"}, "variant"),
        ({"offset_c": 51.0}, "offset_c"),
        ({"offset_c": -50.5}, "offset_c"),
        ({"stuck_s": -1.0}, "stuck_s"),
        ({"low_c": 50.0, "high_c": 50.0}, "low_c"),
        ({"low_c": "cold"}, "low_c"),
        ({"lowest_c": 1.0}, "lowest_c"),
    ],
)
def test_wrong_options_are_told_by_name(options, says):
    with pytest.raises(BoardFileError, match=says):
        board_for(DRIVER, options=options)


def test_options_cannot_be_changed_afterwards():
    with pytest.raises(FrozenInstanceError):
        Lm75Options().offset_c = 3.0
