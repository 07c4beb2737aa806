"""Hardware monitors and thermal zones: found by name, read on folders like sysfs's and on an emulated kernel."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import (
    BoardFileError,
    BusBusy,
    BusClosed,
    BusError,
    BusMissing,
    BusPermission,
    BusTimeout,
    ConfigError,
    ConnectFailed,
    ImplausibleReading,
    NoAnswer,
)
from cc613hal.health import HealthState
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_sensors.sysfs_linux import LinuxSysfs
from cc613hal_sensors.sysfs_port import millidegrees

HWMON, ZONE = "sensors.hwmon", "sensors.thermal-zone"
BOTH = pytest.mark.parametrize("driver", [HWMON, ZONE])


def refused(bench, driver, before, **options):
    async def main():
        async with bench(driver, before=before, **options):
            pass

    with pytest.raises(ConnectFailed) as caught:
        run_virtual(main())
    return caught.value.failures[PART]


# -- reading -----------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("celsius", [-40.0, -0.125, 0.0, 25.0625, 105.0])
def test_millidegrees_are_degrees(bench, driver, celsius):
    async def main():
        async with bench(driver, place="relay", offset_c=0.0) as it:
            it.cabinet.temperature("relay").set(celsius)
            reading = await it.part.read()
            assert (reading.temperature_c, reading.quality) == (pytest.approx(celsius, abs=0.0006), Quality.GOOD)

    run_virtual(main())


@pytest.mark.parametrize(
    ("text", "value"),
    [("25000", 25000), ("-40000", -40000), ("0", 0), ("", None), ("25.0", None), ("warm", None), ("--5", None), ("٣٢", None),
     ("9" * 30, None), ("-300000", None)],
)  # fmt: skip
def test_what_the_kernel_may_write(text, value):
    assert millidegrees(text) == value


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_none(text):
    value = millidegrees(text)
    assert value is None or str(value) == text.lstrip("0") or int(text) == value


@BOTH
@pytest.mark.parametrize(("text", "says"), [("warm", "'warm'"), ("", "''"), ("200000", "200"), ("-60000", "-60")])
def test_what_is_no_temperature_is_a_fault_until_it_is_one(bench, driver, text, says):
    async def main():
        async with bench(driver) as it:
            it.chip.stuck_text = text
            with pytest.raises(ImplausibleReading, match=says):
                await it.part.read()
            assert it.health.state is HealthState.FAULT
            it.chip.stuck_text = None
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


@BOTH
def test_a_part_that_does_not_answer_the_kernel_goes_offline_after_three(bench, driver):
    async def main():
        async with bench(driver) as it:
            it.chip.faults.nack = True
            for _ in range(3):
                assert it.health.usable
                with pytest.raises(NoAnswer):
                    await it.part.read()
            assert it.health.state is HealthState.OFFLINE
            it.chip.faults.nack = False
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


@BOTH
def test_a_kernel_driver_that_is_unloaded_and_loaded_again(bench, driver):
    async def main():
        async with bench(driver) as it:
            part = it.part
            it.chip.faults.unplug()
            with pytest.raises(BusMissing):
                await part.read()
            assert it.health.state is HealthState.OFFLINE, "at once: it is certainly gone"
            it.chip.faults.plug()
            await it.sleep(61)
            assert it.health.state is HealthState.OK
            assert (await part.read()).temperature_c == 25.0
        assert it.chip.closed

    run_virtual(main())


# -- which one ---------------------------------------------------------------------------------------------------------


def test_a_hardware_monitor_is_found_by_name_whatever_its_number(bench):
    async def main():
        async with bench(HWMON, chip="jc42", before=lambda s: s.plant.parts[PART].add(7, "lm75", "1-0049")) as it:
            assert (await it.part.read()).temperature_c == 25.0
            identity = await it.part.identify()
            assert (identity.vendor, identity.model, identity.hardware) == ("Linux", "jc42", "1-0048")

    run_virtual(main())


def test_two_of_a_kind_need_the_place_on_their_bus(bench):
    def twin(simulation):
        simulation.plant.parts[PART].add(2, "lm75", "1-0049")

    error = refused(bench, HWMON, twin)
    assert isinstance(error, ConfigError)
    assert "1-0048, 1-0049" in error.hint

    async def main():
        async with bench(HWMON, before=twin, bus_device="1-0048") as it:
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


def test_a_channel_by_number_and_by_label(bench):
    async def main():
        async with bench(HWMON, channel=3) as it:
            assert it.chip.file.endswith("temp3_input")
            assert (await it.part.read()).temperature_c == 25.0
        async with bench(HWMON, channel=2, label="board") as it:
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


@pytest.mark.parametrize(
    ("spoil", "options", "says"),
    [
        (lambda kernel: kernel.faults.unplug(), {}, "there are: none"),
        (lambda kernel: kernel.fixed.update({"class/hwmon/hwmon1/name": "tmp102"}), {}, "tmp102 (1-0048)"),
        (lambda kernel: setattr(kernel, "_channel", 2), {}, "it has: temp2"),
        (lambda kernel: kernel.fixed.update({"class/hwmon/hwmon1/temp1_label": "cpu"}), {"label": "board"}, "its labels are: cpu"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(bench, spoil, options, says):
    error = refused(bench, HWMON, lambda s: spoil(s.plant.parts[PART]), **options)
    assert isinstance(error, BusMissing)
    assert says in error.hint


def test_a_chip_that_reports_a_broken_element_is_believed(bench):
    async def main():
        async with bench(HWMON, before=lambda s: s.plant.parts[PART].report_fault(broken=False)) as it:
            assert (await it.part.read()).temperature_c == 25.0
            it.chip.report_fault(broken=True)
            with pytest.raises(ImplausibleReading, match="reports a fault"):
                await it.part.read()
            it.chip.report_fault(broken=False)
            assert (await it.part.read()).quality is Quality.GOOD

    run_virtual(main())


def test_a_zone_is_found_by_its_type_and_two_of_a_type_cannot_be_told_apart(bench):
    async def main():
        async with bench(ZONE, zone="imx_thermal_zone") as it:
            assert (await it.part.identify()).model == "imx_thermal_zone"

    run_virtual(main())
    error = refused(bench, ZONE, lambda s: s.plant.parts[PART].fixed.update({"class/thermal/thermal_zone1/type": "cpu-thermal"}))
    assert isinstance(error, ConfigError)
    assert "sensors.hwmon" in error.hint
    error = refused(bench, ZONE, lambda s: s.plant.parts[PART].fixed.update({"class/thermal/thermal_zone0/type": "gpu-thermal"}))
    assert isinstance(error, BusMissing)
    assert "gpu-thermal" in error.hint


@pytest.mark.parametrize(
    ("driver", "options", "says"),
    [
        (HWMON, {"chip": "../x"}, "chip"),
        (HWMON, {"channel": 0}, "channel"),
        (HWMON, {"bus_device": "a/b"}, "bus_device"),
        (ZONE, {"zone": ""}, "zone"),
        (ZONE, {"low_c": 3.0, "high_c": 2.0}, "low_c"),
    ],
)
def test_wrong_options_are_told_by_name(driver, options, says):
    with pytest.raises(BoardFileError, match=says):
        board_for(driver, options=options)


# -- sysfs -------------------------------------------------------------------------------------------------------------


def chip(root: Path, number: int, name: str, part: str, **files: str) -> Path:
    folder = root / "class/hwmon" / f"hwmon{number}"
    folder.mkdir(parents=True)
    (root / "devices" / part).mkdir(parents=True)
    (folder / "device").symlink_to(root / "devices" / part)
    for file, text in {"name": name, "temp1_input": "25000", **files}.items():
        (folder / file).write_text(text + "\n")
    return folder


async def test_folders_like_sysfs(tmp_path):
    chip(tmp_path, 0, "lm75", "1-0048")
    port = LinuxSysfs("part", tmp_path)
    assert await port.names("class/hwmon") == ("hwmon0",)
    assert await port.names("class/thermal") == ()
    assert await port.read("class/hwmon/hwmon0/name") == "lm75"
    assert await port.link("class/hwmon/hwmon0/device") == "1-0048"
    assert await port.link("class/hwmon/hwmon9/device") == ""
    with pytest.raises(BusMissing, match="temp9_input") as caught:
        await port.read("class/hwmon/hwmon0/temp9_input")
    assert caught.value.hint
    assert caught.value.device == "part"
    await port.aclose()
    await port.aclose()
    assert await port.read("class/hwmon/hwmon0/name") == "lm75", "a device may be connected again"
    await port.aclose()


async def test_a_slow_file_has_a_thread_of_its_own_and_it_ends(tmp_path):
    chip(tmp_path, 0, "lm75", "1-0048")
    port = LinuxSysfs("part", tmp_path)
    threads = []
    original = port._read

    def slow(file):
        threads.append(threading.current_thread())
        return original(file)

    port._read = slow
    await port.read("class/hwmon/hwmon0/name")
    assert threads[0] is not threading.main_thread()
    await port.aclose()
    threads[0].join(5.0)
    assert not threads[0].is_alive()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, BusPermission),
        (errno.EPERM, BusPermission),
        (errno.ENODEV, BusClosed),
        (errno.ENXIO, NoAnswer),
        (errno.EREMOTEIO, NoAnswer),
        (errno.ETIMEDOUT, BusTimeout),
        (errno.EAGAIN, BusBusy),
        (errno.EIO, BusError),
    ],
)
async def test_what_the_kernel_says_is_translated(tmp_path, monkeypatch, number, kind):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "no")

    (tmp_path / "x").write_text("1")
    monkeypatch.setattr("cc613hal_sensors.sysfs_linux.os.read", refuse)
    monkeypatch.setattr(Path, "iterdir", refuse)
    port = LinuxSysfs("part", tmp_path)
    for reading in (port.read("x"), port.names("y")):
        with pytest.raises(kind) as caught:
            await reading
        assert caught.value.hint
    await port.aclose()
