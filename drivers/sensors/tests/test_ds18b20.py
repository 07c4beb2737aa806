"""The DS18B20: scratchpads, check sums, the 85 °C that is no temperature, and which sensor on the wire is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusMissing, ConfigError, ConnectFailed, FrameError, ImplausibleReading
from cc613hal.health import HealthState
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_sensors.ds18b20_scratchpad import POWER_ON, Scratchpad, crc8, parse_slave, slave_text

DRIVER = "sensors.ds18b20"
ROM = "28-0316a2794bff"

# -- scratchpad --------------------------------------------------------------------------------------------------------


def scratchpad(raw, *, bits=12, byte_6=0x10):
    return (raw & 0xFFFF).to_bytes(2, "little") + b"\x4b\x46" + bytes((bits - 9 << 5 | 0x1F, 0xFF, byte_6, 0x10))


@pytest.mark.parametrize(
    ("raw", "celsius"),
    [  # table 1 of the data sheet
        (0x07D0, 125.0), (0x0550, 85.0), (0x0191, 25.0625), (0x00A2, 10.125), (0x0008, 0.5), (0x0000, 0.0), (0xFFF8, -0.5),
        (0xFF5E, -10.125), (0xFE6F, -25.0625), (0xFC90, -55.0),
    ],
)  # fmt: skip
def test_scratchpads_mean_what_the_data_sheet_says(raw, celsius):
    assert Scratchpad(scratchpad(raw)).celsius == celsius


@pytest.mark.parametrize(("bits", "step"), [(9, 0.5), (10, 0.25), (11, 0.125), (12, 0.0625)])
@given(st.integers(-880, 2000))
def test_bits_beyond_the_resolution_do_not_count(bits, step, raw):
    whole = raw >> 12 - bits << 12 - bits
    measured = {Scratchpad(scratchpad(whole | noise, bits=bits)).celsius for noise in range(1 << 12 - bits)}
    assert measured == {whole / 16}
    assert Scratchpad(scratchpad(raw, bits=bits)).bits == bits
    assert (whole / 16 / step).is_integer()


def test_a_file_as_the_kernels_documentation_shows_it():
    text = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"
    assert parse_slave(text).celsius == 23.125
    assert slave_text(bytes.fromhex("72014b467fff0e10")) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no such thing",
        "72 01 4b 46 7f ff 0e 10 58 : crc=57 NO\n",
        "72 01 4b 46 7f ff 0e 10 58 : crc=58 YES\n",  # whatever the kernel says
        "00 00 00 00 00 00 00 00 00 : crc=00 YES\n",  # shorted to ground: the check sum of nothing is nothing
        "ff ff ff ff ff ff ff ff ff : crc=c9 NO\n",  # nobody there
        "72 01 4b 46 7f ff 0e 10 : crc=57 YES\n",
    ],
)
def test_what_is_no_scratchpad_is_refused_with_a_hint(text):
    with pytest.raises(FrameError) as caught:
        parse_slave(text, "part")
    assert caught.value.hint
    assert caught.value.device == "part"


@given(st.binary(min_size=8, max_size=8), st.integers(0, 71))
def test_one_wrong_bit_is_always_found(content, bit):
    good = content[:4] + bytes((content[4] & 0x60 | 0x1F,)) + content[5:]
    assert parse_slave(slave_text(good)).content == good
    data = bytearray(good + bytes((crc8(good),)))
    data[bit // 8] ^= 1 << bit % 8
    shown = data.hex(" ")
    with pytest.raises(FrameError):
        parse_slave(f"{shown} : crc={crc8(bytes(data[:8])):02x} NO\n")


@given(st.text(max_size=120))
def test_any_text_is_a_scratchpad_or_a_frame_error(text):
    try:
        parse_slave(text)
    except FrameError:
        return
    assert " : crc=" in text


@pytest.mark.parametrize(("content", "power_on"), [(POWER_ON, True), (scratchpad(0x0550), False), (scratchpad(0x0551, byte_6=0x0C), False)])
def test_85_from_power_on_and_85_measured_are_told_apart(content, power_on):
    assert Scratchpad(content).after_power_on is power_on


# -- measuring ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("celsius", [-55.0, -10.125, 0.0, 25.0625, 85.0, 125.0])
def test_it_measures_and_takes_its_time(bench, celsius):
    async def main():
        async with bench(DRIVER) as it:
            it.cabinet.temperature("internal").set(celsius)
            before_s = it.board.clock.monotonic_s()
            reading = await it.part.read()
            assert (reading.temperature_c, reading.quality, reading.source) == (celsius, Quality.GOOD, PART)
            assert reading.stamp.monotonic_s - before_s >= 0.75

    run_virtual(main())


def test_a_lower_resolution_is_read_from_the_sensor(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.bits = 9
            it.cabinet.temperature("internal").set(25.4)
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


def test_it_tells_its_rom(bench):
    async def main():
        async with bench(DRIVER) as it:
            identity = await it.part.identify()
            assert (identity.vendor, identity.model, identity.serial) == ("Maxim", "DS18B20", ROM)

    run_virtual(main())


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_the_value_after_power_on_is_never_a_temperature(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.powered_on = 1
            assert (await it.part.read()).temperature_c == 25.0, "the second conversion is a real one"
            it.chip.powered_on = 1000
            with pytest.raises(ImplausibleReading, match=r"\+85 °C") as caught:
                await it.part.read()
            assert "supply" in caught.value.hint
            assert it.health.state is HealthState.FAULT
            it.chip.powered_on = 0
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


@pytest.mark.parametrize(("trust", "celsius"), [(True, 85.0), (False, None)])
def test_a_copy_that_does_not_tell_is_not_trusted_with_85_where_the_board_says_so(bench, trust, celsius):
    async def main():
        async with bench(DRIVER, trust_85=trust) as it:
            it.chip.tells_power_on = False
            it.chip.powered_on = 1000
            if celsius is None:
                with pytest.raises(ImplausibleReading):
                    await it.part.read()
            else:
                assert (await it.part.read()).temperature_c == celsius
            it.chip.powered_on = 0
            it.cabinet.temperature("internal").set(84.9375)
            assert (await it.part.read()).temperature_c == 84.9375

    run_virtual(main())


def test_noise_costs_a_second_conversion_and_lasting_noise_the_device(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.spoilt = 1
            assert (await it.part.read()).temperature_c == 25.0
            it.chip.spoilt = 1000
            for _ in range(3):
                with pytest.raises(FrameError, match="check sum"):
                    await it.part.read()
            assert it.health.state is HealthState.OFFLINE
            it.chip.spoilt = 0
            await it.sleep(61)
            assert (await it.part.read()).temperature_c == 25.0
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_a_shorted_line_is_not_0_degrees(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.shorted = True
            with pytest.raises(FrameError, match="no scratchpad") as caught:
                await it.part.read()
            assert "short" in caught.value.hint

    run_virtual(main())


# -- which one ---------------------------------------------------------------------------------------------------------


def another(simulation):
    simulation.plant.parts[PART].fixed["bus/w1/devices/28-00000badcafe/w1_slave"] = "x"


def test_two_on_the_wire_need_a_name(bench):
    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=another):
                pass
        error = caught.value.failures[PART]
        assert isinstance(error, ConfigError)
        assert ROM in error.hint
        async with bench(DRIVER, before=another, rom=ROM) as it:
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


def test_a_rom_that_is_not_on_the_wire_is_told_with_those_that_are(bench):
    def swap(simulation):
        kernel = simulation.plant.parts[PART]
        kernel._rom = ROM

    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, rom="28-00000badcafe", before=swap):
                pass
        error = caught.value.failures[PART]
        assert isinstance(error, BusMissing)
        assert ROM in error.hint

    run_virtual(main())


@pytest.mark.parametrize("rom", ["10-0316a2794bff", "28-0316A2794BFF", "28-0316", "../28-0316a2794bff", "28-0316a2794bff/x"])
def test_a_rom_of_another_family_or_shape_is_refused(rom):
    with pytest.raises(BoardFileError, match="rom"):
        board_for(DRIVER, options={"rom": rom})
