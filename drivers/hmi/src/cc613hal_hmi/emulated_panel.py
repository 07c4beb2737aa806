"""An emulated push button and an emulated buzzer."""

from __future__ import annotations

from cc613hal.plant.emulation import EmulatedInput, EmulationSite
from cc613hal.plant.signal import Signal
from cc613hal_hmi.button import ButtonOptions
from cc613hal_hmi.buzzer import BuzzerOptions

__all__ = ["PushButton", "SoundingBuzzer", "emulate_button", "emulate_buzzer"]


class PushButton:
    """A push button that somebody presses.

    Args:
        contact: its line.
    """

    def __init__(self, contact: EmulatedInput) -> None:
        self._contact = contact

    def press(self) -> None:
        """Press it and keep it pressed."""
        self._contact.set(True)

    def release(self) -> None:
        """Let go."""
        self._contact.set(False)

    def stick(self, pressed: bool | None) -> None:
        """The contact hangs, or the wire is broken; ``None`` repairs it."""
        self._contact.hold(pressed)


class SoundingBuzzer:
    """A buzzer that is heard.

    Args:
        output: frequency in Hz and duty of its line.

    Attributes:
        pitch_hz: what is heard, Hz; 0 is silence.
    """

    def __init__(self, output: Signal[tuple[float, float]]) -> None:
        self.pitch_hz = Signal(0.0)
        output.on(self._drive, now=True)

    def _drive(self, output: tuple[float, float]) -> None:
        frequency_hz, duty = output
        self.pitch_hz.set(frequency_hz if 0.0 < duty < 1.0 else 0.0)


def emulate_button(site: EmulationSite, options: ButtonOptions) -> None:
    """Mount a button; ``plant.parts[device]`` is the :class:`PushButton`."""
    del options
    site.plant.parts[site.device] = PushButton(EmulatedInput(site, "button"))


def emulate_buzzer(site: EmulationSite, options: BuzzerOptions) -> None:
    """Mount a buzzer; ``plant.parts[device]`` is the :class:`SoundingBuzzer`."""
    del options
    site.plant.parts[site.device] = SoundingBuzzer(site.watch_pwm("tone"))
