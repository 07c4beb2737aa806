"""PWM channels through sysfs (Linux ``Documentation/driver-api/pwm.rst``, "Using PWMs with the sysfs interface")."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

from cc613hal.bus.gpio import PwmAdapter, PwmLine
from cc613hal.bus.linux.errors import bus_error, near_words
from cc613hal.bus.options import PwmOptions
from cc613hal.errors import BusBusy, BusClosed, BusError, BusMissing, ConfigError

__all__ = ["LinuxPwm"]

_NS = 1_000_000_000
_FIRST_PERIOD_NS = 1_000_000
_NO_POLARITY = {errno.EINVAL, errno.ENOENT, errno.EOPNOTSUPP, errno.ENOSYS}
"""How controllers say that they have no polarity."""
_APPEAR_S = 1.0
"""Longest wait for udev to hand an exported channel to the user's group, s."""


class _Channel(PwmLine):
    def __init__(self, name: str, folder: Path, *, inverted: bool) -> None:
        self._name = name
        self._folder = folder
        self._duty = 0.0
        self._period_ns = self._number("period")
        self._duty_ns = self._number("duty_cycle")
        self._enabled = self._number("enable") == 1
        self._flip = False
        self._closed = False
        self._polarity(inverted=inverted)

    @property
    def name(self) -> str:
        return self._name

    @property
    def duty(self) -> float:
        return self._duty

    def set(self, frequency_hz: float, duty: float) -> None:
        """Run at this frequency and duty.

        Args:
            frequency_hz: above 0 Hz.
            duty: 0 to 1, of the logical high level.

        Raises:
            ConfigError: outside their ranges.
            BusClosed: the channel has been released.
            BusError: the kernel refuses.
        """
        if not frequency_hz > 0.0 or not 0.0 <= duty <= 1.0:
            raise ConfigError(f"{frequency_hz:g} Hz at a duty of {duty:g} is impossible", device=self._name, hint="above 0 Hz, duty 0 to 1")
        if self._closed:
            raise BusClosed(f"PWM channel {self._name} has been released", device=self._name)
        period_ns = max(1, round(_NS / frequency_hz))
        duty_ns = round(period_ns * (1.0 - duty if self._flip else duty))
        if period_ns < self._duty_ns:  # the kernel refuses a period below the present duty cycle, so the shorter duty goes first
            self._write("duty_cycle", duty_ns)
            self._duty_ns = duty_ns
        if period_ns != self._period_ns:
            self._write("period", period_ns)
            self._period_ns = period_ns
        if duty_ns != self._duty_ns:
            self._write("duty_cycle", duty_ns)
            self._duty_ns = duty_ns
        if not self._enabled:
            self._write("enable", 1)
            self._enabled = True
        self._duty = duty

    def close(self) -> None:
        """Refuse every further setting; unexporting the channel is the chip's, which knows whether it exported it."""
        self._closed = True

    def _polarity(self, *, inverted: bool) -> None:
        wanted = "inversed" if inverted else "normal"
        attribute = self._folder / "polarity"
        try:
            if attribute.read_text().strip() == wanted:
                return
            if self._enabled:  # polarity can be changed only while the channel is off
                (self._folder / "enable").write_text("0")
                self._enabled = False
            if not self._period_ns:  # some drivers refuse everything before there is a period
                (self._folder / "period").write_text(f"{_FIRST_PERIOD_NS}")
                self._period_ns = _FIRST_PERIOD_NS
            attribute.write_text(wanted)
        except OSError as error:
            if error.errno not in _NO_POLARITY:
                raise self._failed(error, f"making the polarity {wanted}") from error
            self._flip = inverted  # the complement of the duty does the same

    def _number(self, attribute: str) -> int:
        try:
            return int((self._folder / attribute).read_text())
        except OSError as error:
            raise self._failed(error, f"reading {attribute}") from error

    def _write(self, attribute: str, value: object) -> None:
        try:
            (self._folder / attribute).write_text(f"{value}")
        except OSError as error:
            raise self._failed(error, f"writing {value} to {attribute}") from error

    def _failed(self, error: OSError, doing: str) -> BusError:
        if error.errno == errno.EINVAL:
            return BusError(
                f"{doing} of PWM channel {self._name}: the controller refuses it", device=self._name, hint="try another frequency"
            )
        if error.errno == errno.ENOENT:
            return BusClosed(f"{doing} of PWM channel {self._name}: the channel is gone", device=self._name)
        return bus_error(error, f"{doing} of PWM channel {self._name}", device=self._name, path=str(self._folder))


class LinuxPwm(PwmAdapter):
    """The PWM channels of one chip. Use :meth:`open`.

    Args:
        name: the bus as the board file names it.
        options: the chip's folder and the channels' names.
        exported: numbers of the channels this adapter exported and will release.
    """

    def __init__(self, name: str, options: PwmOptions, exported: set[int]) -> None:
        self._name = name
        self._chip = Path(options.path)
        self._numbers = dict(options.channels)
        self._exported = exported
        self._requested: dict[str, _Channel] = {}

    @classmethod
    async def open(cls, name: str, options: PwmOptions) -> LinuxPwm:
        """Export the channels and wait until they may be written.

        Raises:
            BusMissing: no such chip or channel.
            BusBusy: a kernel driver owns the channel.
            BusPermission: the user may not use it.
        """
        adapter = cls(name, options, set())
        try:
            for number in adapter._numbers.values():
                await adapter._export(number)
        except BaseException:
            await adapter.aclose()
            raise
        return adapter

    def pwm(self, name: str, *, inverted: bool = False) -> PwmLine:
        """Request a channel by the name the board file gives it."""
        number = self._numbers.get(name)
        if number is None:
            raise BusMissing(f"no PWM channel is called {name}", device=self._name, hint=near_words(name, self._numbers))
        if name in self._requested:
            raise BusBusy(
                f"PWM channel {name} is already in use on this board", device=self._name, hint="two devices of the board file name it"
            )
        channel = self._requested[name] = _Channel(name, self._folder(number), inverted=inverted)
        return channel

    async def aclose(self) -> None:
        """Release all channels that were not exported before."""
        for channel in self._requested.values():
            channel.close()
        self._requested.clear()
        while self._exported:
            number = self._exported.pop()
            try:
                (self._chip / "unexport").write_text(f"{number}")
            except FileNotFoundError:
                continue  # the chip is gone, and with it the channel
            except OSError as error:
                raise bus_error(error, f"releasing PWM channel {number}", device=self._name, path=str(self._chip)) from error

    def _folder(self, number: int) -> Path:
        return self._chip / f"pwm{number}"

    async def _export(self, number: int) -> None:
        folder = self._folder(number)
        if not folder.exists():
            try:
                (self._chip / "export").write_text(f"{number}")
            except OSError as error:
                if error.errno == errno.ENODEV:
                    raise BusMissing(f"{self._chip} has no channel {number}", device=self._name, hint=self._count()) from error
                raise bus_error(
                    error, f"exporting PWM channel {number} of {self._chip}", device=self._name, path=str(self._chip)
                ) from error
            self._exported.add(number)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _APPEAR_S
        while True:
            try:
                with (folder / "duty_cycle").open("r+"):
                    return
            except OSError as error:
                if loop.time() >= until_s:
                    raise bus_error(error, f"opening PWM channel {number} of {self._chip}", device=self._name, path=str(folder)) from error
            await asyncio.sleep(0.01)

    def _count(self) -> str:
        try:
            return f"it has {int((self._chip / 'npwm').read_text())}, counted from 0"
        except (OSError, ValueError):
            return "see npwm in its folder"
