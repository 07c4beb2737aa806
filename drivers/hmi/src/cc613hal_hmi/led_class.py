"""Lights that a kernel driver offers in ``/sys/class/leds``: addressable LEDs (WS281x), GPIO and PWM LEDs, and every LED chip Linux knows.

A light is a multicolour LED of the kernel, three LEDs for red, green and blue, or one LED that is on or off in the brightness of the
pattern. Facts: Linux ``Documentation/leds/leds-class.rst`` and ``leds-class-multicolor.rst``, ``Documentation/ABI/testing/sysfs-class-led``
and ``sysfs-class-led-multicolor``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, cast, runtime_checkable

from attrs import field, frozen, validators

from cc613hal.errors import BusClosed, BusError, BusMissing, ConfigError
from cc613hal.interfaces import Colour, Identity
from cc613hal.plugins import DeviceContext
from cc613hal_hmi.animator import ChipLights

__all__ = ["KernelLed", "LedClassLights", "LedClassOptions", "LedPort"]


@frozen
class KernelLed:
    """An LED of the kernel.

    Attributes:
        name: its folder in ``/sys/class/leds``.
        most: the value for full brightness.
        colours: what its intensities are for, in order (``red``, ``green``, ``blue``, ``white``); empty for one of a single colour.
        driver: the kernel driver behind it; empty if it does not say.
    """

    name: str
    most: int
    colours: tuple[str, ...] = ()
    driver: str = ""


@runtime_checkable
class LedPort(Protocol):
    """The LEDs of the kernel. Calls end at once: the kernel hands slow chips to a thread of its own."""

    @abstractmethod
    def take(self, name: str) -> KernelLed:
        """Take an LED over from whatever made it blink so far.

        Raises:
            BusMissing: there is none of that name.
            BusPermission: the user may not write to it.
        """

    @abstractmethod
    def write(self, led: KernelLed, values: Sequence[int]) -> None:
        """Set an LED: its brightness, or one intensity for each of its colours.

        Raises:
            BusClosed: it is gone.
        """

    @abstractmethod
    def read(self, led: KernelLed) -> tuple[int, ...]:
        """What it is set to; as :meth:`write`."""


def _lights(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list | tuple):
        raise TypeError("lights is a list of lists of LED names")
    lights = [
        tuple(cast("Sequence[object]", entry)) if isinstance(entry, list | tuple) else () for entry in cast("Sequence[object]", value)
    ]
    if not lights or not all(len(light) in {1, 3} and all(isinstance(name, str) and name for name in light) for light in lights):
        raise ValueError("each light needs one LED name, or three: red, green, blue")
    names = [name for light in lights for name in light]
    if len(set(names)) != len(names):
        raise ValueError("an LED is used twice")
    if any("/" in str(name) for name in names):
        raise ValueError("an LED's name is that of its folder in /sys/class/leds")
    return cast("tuple[tuple[str, ...], ...]", tuple(lights))


@frozen(kw_only=True)
class LedClassOptions:
    """Which LEDs make which light.

    Attributes:
        lights: LEDs of each light, by their names in ``/sys/class/leds``: one, or three for red, green and blue.
        brightness: share of full brightness, 0 to 1.
        check_s: how often it is checked that nobody else has set them, s; 0 never.
        language: table of patterns by state: ``bender``, ``generic``, or the path of a file.
    """

    lights: tuple[tuple[str, ...], ...] = field(converter=_lights, default=(("rgb:status",),))
    brightness: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])
    language: str = "bender"


class LedClassLights(ChipLights):
    """Lights that the kernel drives.

    Args:
        context: the device's place on its board.
        options: which LEDs make which light.

    Raises:
        ConfigError: the light language cannot be read.
    """

    def __init__(self, context: DeviceContext, options: LedClassOptions) -> None:
        super().__init__(context, lights=len(options.lights), image_at=0, language=options.language, check_s=options.check_s)
        self._options = options
        self._port = context.port(LedPort, _linux)
        self._leds: tuple[tuple[KernelLed, ...], ...] = ()

    async def identify(self) -> Identity:
        """The kernel drivers behind the LEDs.

        Raises:
            BusMissing: an LED is not there.
        """
        with self._told():
            leds = [self._port.take(name) for light in self._options.lights for name in light]
        return Identity(vendor="Linux", model=", ".join(sorted({led.driver for led in leds if led.driver})) or "leds")

    async def _set_up(self) -> None:
        self._written = None
        with self._told():
            self._leds = tuple(tuple(self._port.take(name) for name in light) for light in self._options.lights)
        if any(len(light) == 3 and led.colours for light in self._leds for led in light):
            raise ConfigError("a multicolour LED makes a light alone", device=self._context.device, hint='lights = [["rgb:status"]]')
        await self._black_out()

    async def _has_settings(self) -> bool:
        expected = self._written
        if expected is None:
            return True
        with self._told():
            return all(self._port.read(led) == values for led, values in self._values(expected))

    def _image(self, lights: tuple[Colour, ...]) -> bytes:
        """Red, green and blue of each light, 0 to 255."""
        shares = [share for light in lights for share in (light.red, light.green, light.blue)]
        return bytes(round(255 * min(max(share * self._options.brightness, 0.0), 1.0)) for share in shares)

    async def _write(self, image: bytes, held: bytes | None) -> None:
        self._written = None
        before = {} if held is None else dict(self._values(held))
        with self._told():
            for led, values in self._values(image):
                if before.get(led) != values:
                    self._port.write(led, values)
        self._written = image

    def _values(self, image: bytes) -> Iterator[tuple[KernelLed, tuple[int, ...]]]:
        """What each LED is set to for an image."""
        for number, leds in enumerate(self._leds):
            rgb = image[3 * number : 3 * number + 3]
            if len(leds) == 3:
                yield from ((led, (_scaled(level, led),)) for led, level in zip(leds, rgb, strict=True))
            elif leds[0].colours:
                yield leds[0], _intensities(leds[0], rgb)
            else:
                yield leds[0], (_scaled(max(rgb), leds[0]),)

    @contextmanager
    def _told(self) -> Generator[None]:
        """The device's health hears how it went; what is gone is set up again by the board."""
        try:
            yield
        except (BusClosed, BusMissing) as error:
            self._context.health.offline(error)
            raise
        except BusError as error:
            self._context.health.failed(error)
            raise
        self._context.health.succeeded()


def _scaled(level: int, led: KernelLed) -> int:
    return round(level * led.most / 255)


def _intensities(led: KernelLed, rgb: bytes) -> tuple[int, ...]:
    """One value for each colour the LED has; white takes over what the others share."""
    white = min(rgb) if "white" in led.colours else 0
    levels = {"red": rgb[0] - white, "green": rgb[1] - white, "blue": rgb[2] - white, "white": white}
    return tuple(_scaled(levels.get(colour, 0), led) for colour in led.colours)


def _linux() -> LedPort:
    from cc613hal_hmi.led_class_linux import LinuxLeds  # noqa: PLC0415  # nobody who simulates needs it

    return LinuxLeds()
