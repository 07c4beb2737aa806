"""PWM through a folder that behaves like the kernel's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cc613hal.bus.linux.pwm_sysfs import LinuxPwm
from cc613hal.bus.options import PwmOptions
from cc613hal.errors import BusBusy, BusClosed, BusMissing, ConfigError


class Kernel:
    """A PWM chip in sysfs: applies the kernel's rules to every write."""

    def __init__(self, chip: Path, monkeypatch: pytest.MonkeyPatch, *, polarity: bool = True) -> None:
        self.chip = chip
        self.polarity = polarity
        self.writes: list[tuple[str, str]] = []
        chip.mkdir()
        for name in ("export", "unexport"):
            (chip / name).touch()
        (chip / "npwm").write_text("2")
        self._real = Path.write_text
        kernel = self

        def write_text(path: Path, text: str, *args: object, **kwargs: object) -> int:
            if path.is_relative_to(chip):
                return kernel.write(path, text)
            return kernel._real(path, text, *args, **kwargs)

        monkeypatch.setattr(Path, "write_text", write_text)

    def get(self, attribute: str, number: int = 0) -> int:
        return int((self.chip / f"pwm{number}" / attribute).read_text())

    def write(self, path: Path, text: str) -> int:
        self.writes.append((path.name, text))
        if path.name == "export":
            return self._export(int(text))
        if path.name == "unexport":
            for attribute in (self.chip / f"pwm{text}").iterdir():
                attribute.unlink()
            (self.chip / f"pwm{text}").rmdir()
            return 1
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        period, duty = self.get("period"), self.get("duty_cycle")
        wrong = (
            (path.name == "period" and (int(text) < duty or int(text) < 100))
            or (path.name == "duty_cycle" and int(text) > period)
            or (path.name == "enable" and not period)
            or (path.name == "polarity" and (not self.polarity or self.get("enable")))
        )
        if wrong:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return self._real(path, text)

    def _export(self, number: int) -> int:
        if number >= 2:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        folder = self.chip / f"pwm{number}"
        folder.mkdir()
        for attribute, value in (("period", "0"), ("duty_cycle", "0"), ("enable", "0"), ("polarity", "normal")):
            self._real(folder / attribute, value)
        return 1


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path / "pwmchip0", monkeypatch)


def options(kernel: Kernel, **channels: int) -> PwmOptions:
    return PwmOptions(path=str(kernel.chip), channels=channels or {"CP1_PWM": 0})


async def test_a_channel_runs_at_the_frequency_and_duty_it_is_set_to(kernel: Kernel) -> None:
    adapter = await LinuxPwm.open("pwm", options(kernel))
    line = adapter.pwm("CP1_PWM")
    assert line.duty == 0.0
    line.set(1000.0, 0.2667)
    assert (kernel.get("period"), kernel.get("duty_cycle"), kernel.get("enable")) == (1_000_000, 266_700, 1)
    assert line.duty == 0.2667
    await adapter.aclose()
    assert not (kernel.chip / "pwm0").exists()


@given(st.lists(st.tuples(st.floats(1.0, 100_000.0), st.floats(0.0, 1.0)), min_size=1, max_size=12), st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_order_of_settings_breaks_the_kernel_s_rules(
    tmp_path_factory: pytest.TempPathFactory, sets: list[tuple[float, float]], inverted: bool
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        kernel = Kernel(tmp_path_factory.mktemp("sys") / "pwmchip0", monkeypatch)
        adapter = await LinuxPwm.open("pwm", options(kernel))
        line = adapter.pwm("CP1_PWM", inverted=inverted)
        for frequency_hz, duty in sets:
            line.set(frequency_hz, duty)
            period = kernel.get("period")
            assert period == round(1e9 / frequency_hz)
            assert kernel.get("duty_cycle") == pytest.approx(duty * period, abs=1)
        await adapter.aclose()


async def test_setting_the_same_again_writes_nothing(kernel: Kernel) -> None:
    adapter = await LinuxPwm.open("pwm", options(kernel))
    line = adapter.pwm("CP1_PWM")
    line.set(1000.0, 0.5)
    before = len(kernel.writes)
    line.set(1000.0, 0.5)
    assert len(kernel.writes) == before
    await adapter.aclose()


@pytest.mark.parametrize("polarity", [True, False], ids=["in hardware", "in software"])
async def test_an_inverted_channel_is_high_for_the_rest_of_the_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, polarity: bool
) -> None:
    kernel = Kernel(tmp_path / "pwmchip0", monkeypatch, polarity=polarity)
    adapter = await LinuxPwm.open("pwm", options(kernel))
    line = adapter.pwm("CP1_PWM", inverted=True)
    line.set(1000.0, 0.1)
    wire = kernel.get("duty_cycle") / kernel.get("period")
    if (kernel.chip / "pwm0" / "polarity").read_text() == "inversed":
        wire = 1.0 - wire
    assert wire == pytest.approx(0.9)
    assert line.duty == 0.1
    await adapter.aclose()


@pytest.mark.parametrize(
    ("frequency_hz", "duty"), [(0.0, 0.5), (-1.0, 0.5), (1000.0, 1.1), (1000.0, -0.1), (float("nan"), 0.5), (1000.0, float("nan"))]
)
async def test_impossible_settings_are_refused(kernel: Kernel, frequency_hz: float, duty: float) -> None:
    adapter = await LinuxPwm.open("pwm", options(kernel))
    with pytest.raises(ConfigError):
        adapter.pwm("CP1_PWM").set(frequency_hz, duty)
    await adapter.aclose()


async def test_missing_channels_names_and_chips_are_told_apart(kernel: Kernel) -> None:
    with pytest.raises(BusMissing, match=r"has no channel 5.*it has 2, counted from 0"):
        await LinuxPwm.open("pwm", options(kernel, CP1_PWM=0, CP2_PWM=5))
    assert not (kernel.chip / "pwm0").exists(), "what was exported before the failure is released"
    adapter = await LinuxPwm.open("pwm", options(kernel))
    with pytest.raises(BusMissing, match="did you mean CP1_PWM"):
        adapter.pwm("CP2_PWM")
    adapter.pwm("CP1_PWM")
    with pytest.raises(BusBusy, match="already in use"):
        adapter.pwm("CP1_PWM")
    await adapter.aclose()
    with pytest.raises(BusMissing):
        await LinuxPwm.open("pwm", PwmOptions(path="/nowhere/pwmchip0", channels={"CP1_PWM": 0}))


async def test_a_released_channel_refuses(kernel: Kernel) -> None:
    adapter = await LinuxPwm.open("pwm", options(kernel))
    line = adapter.pwm("CP1_PWM")
    await adapter.aclose()
    with pytest.raises(BusClosed):
        line.set(1000.0, 0.5)


async def test_a_channel_that_was_exported_before_stays_exported(kernel: Kernel) -> None:
    kernel._export(0)
    adapter = await LinuxPwm.open("pwm", options(kernel))
    adapter.pwm("CP1_PWM").set(1000.0, 0.5)
    await adapter.aclose()
    assert (kernel.chip / "pwm0").exists()
