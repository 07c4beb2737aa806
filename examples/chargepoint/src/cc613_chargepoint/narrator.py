"""What a person at the terminal sees: plain lines, and on a terminal one line that moves."""

from __future__ import annotations

import logging
import os
import sys
from decimal import Decimal
from typing import TextIO

from cc613_chargepoint.domain.events import (
    AvailabilityChanged,
    BayChanged,
    ChargingEnded,
    CustomerAccepted,
    Decided,
    FaultCleared,
    FaultRaised,
    Identified,
    Offered,
    RecordSigned,
    ReservationUsed,
    ResidualMeasured,
    Sampled,
    SessionBegan,
    SessionEnded,
    SessionRecovered,
    SessionResumed,
    SignatureLost,
    StateChanged,
    StationEvent,
    StepDone,
    Toggled,
)
from cc613_chargepoint.domain.session import SessionRecord
from cc613hal.clock import Clock

__all__ = ["Narrator", "told"]

_log = logging.getLogger(__name__)
_CLEAR = "\r\x1b[K"
_BAR = 24
_PLAIN_EVERY_S = 3.0


class Narrator:
    """Writes the news. When nobody can read them any more (a closed pipe, a full disk) it falls silent; the station goes on.

    Args:
        clock: the station's clock; lines start with the seconds since it began.
        out: where to; the standard output if omitted.
        silent: say nothing at all.
        meter_every_s: between lines with meter readings, s; ``None`` for a line that moves on a terminal, and every few seconds elsewhere.
    """

    def __init__(self, clock: Clock, out: TextIO | None = None, *, silent: bool = False, meter_every_s: float | None = None) -> None:
        self._clock = clock
        self._out: TextIO | None = None if silent else out or sys.stdout
        self._moves = self._out is not None and self._out.isatty() and meter_every_s is None
        self._meter_every_s = _PLAIN_EVERY_S if meter_every_s is None else meter_every_s
        self._start_s = clock.monotonic_s()
        self._sampled_s = float("-inf")

    def say(self, text: str, *, mark: str = " ") -> None:
        """One line that stays."""
        clear = _CLEAR if self._moves else ""
        self._write(f"{clear}{self._clock.monotonic_s() - self._start_s:7.1f} s {mark} {text}\n")

    def _write(self, text: str) -> None:
        if self._out is None:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError as error:
            _log.warning("the narration ends here: %s", error)
            if self._out is sys.stdout:
                # or the interpreter would try to write what is left, and complain, when it ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._out = None

    def outside(self, text: str) -> None:
        """Something that people or vehicles do."""
        self.say(text, mark="·")

    def hear(self, news: StationEvent) -> None:
        """Tell one piece of news."""
        if isinstance(news, Sampled):
            self._sample(news)
            return
        mark, text = told(news)
        self.say(f"connector {news.connector}: {text}" if news.connector > 1 else text, mark=mark)
        if isinstance(news, SessionEnded):
            self._summary(news.record)

    def _sample(self, news: Sampled) -> None:
        currents = " ".join(f"{value:5.1f}" for value in news.sample.current_a)
        text = f"{currents} A of {news.offered_a:g} A   {news.sample.power_w / 1000:6.2f} kW   {news.energy_wh:8.1f} Wh"
        if self._moves:
            drawn = max(map(abs, news.sample.current_a), default=0.0)
            filled = min(_BAR, round(_BAR * drawn / 32.0))
            self._write(f"{_CLEAR}{self._clock.monotonic_s() - self._start_s:7.1f} s   {'█' * filled}{'░' * (_BAR - filled)} {text}")
        elif self._clock.monotonic_s() - self._sampled_s >= self._meter_every_s:
            self._sampled_s = self._clock.monotonic_s()
            self.say(f"meter: {text}")

    def _summary(self, record: SessionRecord) -> None:
        lines = {
            "customer": f"{record.token.id} ({record.token.source.value})",
            "time": f"{record.started:%Y-%m-%d %H:%M:%S} – {record.ended:%H:%M:%S} UTC, {record.duration_s:.0f} s",
            "energy": _energy(record),
            "registers": f"{_register(record.begin_wh)} → {_register(record.end_wh)}",
            "current": f"at most {record.highest_current_a:.1f} A per phase, {record.samples} readings",
        }
        for name, value in lines.items():
            self.say(f"    {name:10} {value}")


def told(news: StationEvent) -> tuple[str, str]:
    """One piece of news: a sign for its kind, and the words. News of another package are told by their name and fields."""
    match news:
        case StateChanged():
            return "▸", f"{news.before} → {news.after}  ({news.because})"
        case StepDone():
            return "✓", f"{news.step}: {news.detail}  [{news.elapsed_s * 1e3:.0f} ms]"
        case Offered(offer=offer):
            return (
                "⚡",
                f"offer: {offer.current_a:g} A, limited by {offer.source}" if offer.current_a else f"offer withdrawn ({offer.source})",
            )
        case FaultRaised(fault=fault):
            return "✗", f"fault {fault.name.word}: {fault.detail}"
        case FaultCleared(fault=fault):
            return "✓", f"fault {fault.name.word} cleared"
        case Decided(verdict=verdict):
            token, word = verdict.token, "accepted" if verdict.accepted else "refused"
            proof = f"{token.technology}, proves: {token.security}"
            return "✓" if verdict.accepted else "✗", f"card {token.id} ({proof}) {word}: {'; '.join(verdict.reasons)}"
        case _:
            return _told_of_surroundings(news) or _told_of_sessions(news) or (" ", repr(news))


def _told_of_surroundings(news: StationEvent) -> tuple[str, str] | None:
    match news:
        case ResidualMeasured():
            parts = {"DC": news.dc_ma, "AC": news.rms_ma}
            values = ", ".join(f"{value:.1f} mA {what}" for what, value in parts.items() if value is not None)
            return "∆", f"residual current: {values}{', tripped' if news.tripped else ''}"
        case Identified(token=token):
            return "·", f"the vehicle says that it is {token.id} ({token.source.value})"
        case SessionResumed():
            return "▸", f"session {news.number} of {news.token.id} goes on after the interruption"
        case AvailabilityChanged():
            return "·", "in service" if news.in_service else "out of service"
        case ReservationUsed():
            return "·", f"reservation {news.number} is used"
        case BayChanged():
            blocked = ", and blocks it: it does not charge" if news.blocked else ""
            return "·", f"parking {news.bay}: {'somebody stands there' if news.occupied else 'free'}{blocked}"
        case Toggled():
            return "·", f"the vehicle asked for {news.lasted_s * 1e3:.0f} ms only: it wants to be matched, not fed"
        case _:
            return None


def _told_of_sessions(news: StationEvent) -> tuple[str, str] | None:
    match news:
        case CustomerAccepted(token=token):
            return "·", f"it is the turn of {token.id} ({token.source.value})"
        case ChargingEnded(record=record):
            return "■", f"charging is over: {record.reason}; {_energy(record)}"
        case SessionEnded(record=record):
            return "■", f"session {record.number} on connector {record.connector} is over: {record.reason}"
        case SessionRecovered(record=record):
            return "■", f"session {record.number} was cut by a restart and is ended now; {_energy(record)}"
        case SessionBegan():
            return "■", f"session {news.number} begins for {news.token.id} at {_register(news.begin_wh)}"
        case RecordSigned():
            return "✓", f"signed record kept: {news.format}, {news.context}"
        case SignatureLost():
            return "✗", f"no signed end, so its energy is not billed: {news.detail}"
        case _:
            return None


def _energy(record: SessionRecord) -> str:
    return "energy unknown: the meter could not be read" if record.energy_wh is None else f"{record.energy_wh:.1f} Wh"


def _register(value_wh: Decimal | None) -> str:
    return "not read" if value_wh is None else f"{value_wh / 1000:.4f} kWh"
