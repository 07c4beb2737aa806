"""Electricity meters that push SML telegrams over their optical port: EMH eHZ, EasyMeter Q3 and their like.

The link (:class:`SmlLink`) listens and keeps the newest whole telegram; the meter (:class:`SmlMeter`) reads values out of it when asked.
Signed records are made of the same telegrams: :mod:`cc613hal_meters.signing.edl40`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from decimal import Decimal

from cc613hal.clock import Stamp
from cc613hal.errors import BusError, BusTimeout, FrameError, ProtocolViolation, WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal.modbus_map import QUANTITIES, Shape, Value
from cc613hal.plugins import DeviceContext
from cc613hal.sml import (
    UNITS,
    Entry,
    Frames,
    SmlError,
    ValueList,
    decode_frame,
    obis_code,
    obis_text,
    parse_file,
    value_lists,
)
from cc613hal_meters.latest import Latest
from cc613hal_meters.told import Sample, ToldMeter, words_of
from cc613hal_meters.told_options import SmlOptions

__all__ = ["OBIS", "SmlLink", "SmlMeter", "maker_of", "server_of", "values_of"]

OBIS: Mapping[str, tuple[str, ...]] = {
    "energy_import": ("1-0:1.8.0*255",),
    "energy_export": ("1-0:2.8.0*255",),
    "power": ("1-0:16.7.0*255",),
    "power_l1": ("1-0:36.7.0*255",),
    "power_l2": ("1-0:56.7.0*255",),
    "power_l3": ("1-0:76.7.0*255",),
    "power_import": ("1-0:1.7.0*255",),
    "power_export": ("1-0:2.7.0*255",),
    "voltage_l1": ("1-0:32.7.0*255",),
    "voltage_l2": ("1-0:52.7.0*255",),
    "voltage_l3": ("1-0:72.7.0*255",),
    "current_l1": ("1-0:31.7.0*255",),
    "current_l2": ("1-0:51.7.0*255",),
    "current_l3": ("1-0:71.7.0*255",),
    "frequency": ("1-0:14.7.0*255",),
}
"""Where values stand in a telegram (OBIS, IEC 62056-61; the list of the German meter operators' forum FNN for SML meters)."""

_SERVER = (obis_code("1-0:96.1.0*255"), obis_code("1-0:0.0.9*255"))
_MAKER = (obis_code("1-0:96.50.1*1"), obis_code("129-129:199.130.3*255"))
_POLL_S = 0.5
"""How long one read on the line waits; it only bounds how soon a cancelled listener ends."""


class SmlLink:
    """A line on which a meter pushes telegrams. It never writes.

    Args:
        context: the device's place on the board; a serial bus.
        age_s: how old a telegram may be, and how long to wait for one, s.

    Attributes:
        refused: frames whose check sum or escapes were wrong.
    """

    def __init__(self, context: DeviceContext, age_s: float) -> None:
        self._context = context
        self._port = context.serial
        self._age_s = age_s
        self._latest: Latest[bytes] = Latest(context.clock)
        self._listening: asyncio.Task[None] | None = None
        self.refused = 0

    def start(self) -> None:
        """Listen from now on; what was heard before is forgotten."""
        self._latest.forget()
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name=f"{self._context.device}.listening")

    async def aclose(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None

    async def telegram(self) -> tuple[bytes, Stamp]:
        """The newest whole telegram (the SML file in it) and when it arrived.

        Raises:
            BusTimeout: none was heard in time.
            FrameError: bytes come, but no whole telegram.
            BusError: the line is gone.
        """
        refused = self.refused
        found = await self._latest.get(self._age_s)
        if found is not None:
            self._port.worked()
            return found
        device = self._context.device
        error: BusError
        if self.refused > refused:
            error = FrameError(
                f"{self.refused - refused} broken telegrams within {self._age_s:g} s and no whole one",
                device=device,
                hint="check the optical head's seat, its distance and stray light, and the line's speed",
            )
        else:
            error = BusTimeout(
                f"no telegram within {self._age_s:g} s", device=device, hint="check the optical head's seat, the line's speed and its wires"
            )
        self._port.failed(error)
        raise error

    def heard(self, file: bytes) -> None:
        """A whole file has arrived."""
        self._latest.put(file, self._context.clock.stamp())

    async def _listen(self) -> None:
        frames = Frames()
        while True:
            try:
                data = await self._port.read(_POLL_S)
            except BusError as error:
                self._latest.fail(error)
                return
            broken = frames.broken
            for frame in frames.feed(data):
                try:
                    file = decode_frame(frame)
                except SmlError as error:
                    self.refused += 1
                    self._context.log.debug("%s: %s", self._context.device, error)
                else:
                    self.heard(file)
            self.refused += frames.broken - broken


class SmlMeter(ToldMeter):
    """A meter that pushes SML telegrams.

    Args:
        context: the device's place on the board.
        options: the model, and which meter it must be.
    """

    def __init__(self, context: DeviceContext, options: SmlOptions) -> None:
        super().__init__(context, options)
        self._sml = options
        self._scalers = {obis_code(code): scaler for code, scaler in options.scalers.items()}
        self.link = SmlLink(context, options.age_s)
        self._read_last: tuple[bytes, Sample] | None = None

    async def connect(self) -> None:
        """Listen, and wait for a telegram of this meter."""
        self.link.start()
        self._read_last = None
        await super().connect()

    async def aclose(self) -> None:
        """Stop listening; the counters are remembered for the next start."""
        await self.link.aclose()
        await super().aclose()

    async def sample(self) -> Sample:
        """What the newest telegram says.

        Raises:
            WrongIdentity: it is another meter's.
            ProtocolViolation: it is no list of values.
            BusError: none was heard in time.
        """
        file, stamp = await self.link.telegram()
        if self._read_last is None or self._read_last[0] is not file:
            self._read_last = file, self._read_file(file, stamp)
        return self._read_last[1]

    @property
    def silent_hint(self) -> str:
        """What to do when the meter leaves out a value."""
        return "many meters tell it only after the PIN was entered and the extended list (InF) was switched on"

    def _read_file(self, file: bytes, stamp: Stamp) -> Sample:
        try:
            told = next(value_lists(parse_file(file)), None)
        except SmlError as error:
            raise ProtocolViolation(f"a telegram that makes no sense: {error}", device=self._device) from error
        if told is None:
            raise ProtocolViolation("a telegram without a list of values", device=self._device)
        server = server_of(told)
        wanted = bytes.fromhex(self._sml.server_id)
        if wanted and wanted not in {server, told.server}:
            raise WrongIdentity(
                f"the telegrams are those of the meter {server.hex()}, not of {wanted.hex()}",
                device=self._device,
                hint="check which meter the optical head sits on, or correct the option server_id",
            )
        try:
            values, raw = values_of(told, self._scalers)
        except ValueError as error:
            raise ProtocolViolation(str(error), device=self._device) from error
        identity = Identity(vendor=maker_of(told) or self._sml.vendor, model=self._sml.model, serial=server.hex() or None)
        return Sample(stamp=stamp, values=values, raw=raw, identity=identity)


def values_of(told: ValueList, scalers: Mapping[bytes, int] | None = None) -> tuple[dict[str, Value], dict[str, tuple[int, ...]]]:
    """The values of a list in the vocabulary's words and units, and the words behind its counters.

    Args:
        told: the list.
        scalers: powers of ten that replace those of the telegram, by OBIS code.

    Raises:
        ValueError: a value comes in a unit it cannot have.
    """
    values: dict[str, Value] = {}
    raw: dict[str, tuple[int, ...]] = {}
    for quantity, codes in OBIS.items():
        entry = told.find(*map(obis_code, codes))
        number = None if entry is None else _number(entry, scalers or {})
        if entry is None or number is None:
            continue
        unit = QUANTITIES[quantity].unit
        if entry.unit is not None and UNITS.get(entry.unit) != unit:
            raise ValueError(f"{obis_text(entry.obis)} comes in unit {UNITS.get(entry.unit, entry.unit)} instead of {unit}")
        if QUANTITIES[quantity].shape is Shape.COUNTER:
            values[quantity] = number
            raw[quantity] = words_of(int(entry.value or 0)) if not isinstance(entry.value, bytes) else ()
        else:
            values[quantity] = float(number)
    imported, exported = values.pop("power_import", None), values.pop("power_export", None)
    if "power" not in values and isinstance(imported, float):
        values["power"] = imported - (exported if isinstance(exported, float) else 0.0)
    return values, raw


def server_of(told: ValueList) -> bytes:
    """The meter's identification."""
    return _octets(told, _SERVER) or told.server


def maker_of(told: ValueList) -> str:
    """The maker's sign, as the meter tells it; ``""`` if it does not."""
    return "".join(sign for sign in _octets(told, _MAKER).decode("ascii", "ignore") if sign.isprintable()).strip()


def _number(entry: Entry, scalers: Mapping[bytes, int]) -> Decimal | None:
    scaler = scalers.get(entry.obis)
    if scaler is None or isinstance(entry.value, bool) or not isinstance(entry.value, int):
        return entry.number
    return Decimal(entry.value).scaleb(scaler)


def _octets(told: ValueList, codes: tuple[bytes, ...]) -> bytes:
    entry = told.find(*codes)
    return entry.value if entry is not None and isinstance(entry.value, bytes) else b""
