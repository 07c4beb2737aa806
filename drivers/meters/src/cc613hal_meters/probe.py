"""Recognising meters on a line without changing them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cc613hal.bus.modbus import ModbusPort
from cc613hal.bus.serial import SerialPort
from cc613hal.errors import DeviceRefused, WrongIdentity
from cc613hal.modbus_map import Fingerprint, RegisterMap, decode_register
from cc613hal.plugins import Certainty, Evidence
from cc613hal.sml import Frames, SmlError, ValueList, decode_frame, parse_file, value_lists
from cc613hal_meters.catalogue import map_named
from cc613hal_meters.sml_meter import maker_of, server_of
from cc613hal_meters.sunspec import locate

__all__ = [
    "Probe",
    "SerialProbe",
    "probe_b23",
    "probe_bsm",
    "probe_dvh4013",
    "probe_easymeter_q3",
    "probe_em24_e1",
    "probe_em340",
    "probe_emh_ehz",
    "probe_iem3155",
    "probe_klefr_6924",
    "probe_ma370",
    "probe_map",
    "probe_pac2200",
    "probe_sdm630",
    "probe_sunspec_203",
    "probe_sunspec_213",
    "probe_umg604",
]


Probe = Callable[[ModbusPort], Awaitable[Evidence | None]]


def _probe_of(model: str) -> Probe:
    async def probe(port: ModbusPort) -> Evidence | None:
        return await probe_map(port, map_named(model))

    return probe


probe_b23 = _probe_of("b23")
"""An ABB B23 or B24: the beginning of its type as text."""
probe_bsm = _probe_of("bsm-ws36a")
"""A Bauer BSM: the id of the maker's own SunSpec model."""
probe_em24_e1 = _probe_of("em24-e1")
"""A Carlo Gavazzi EM24 with Ethernet: its identification code."""
probe_sdm630 = _probe_of("sdm630")
"""An Eastron with the SDM630's map: L1's voltage as a float in the first input registers."""
probe_em340 = _probe_of("em340")
"""A Carlo Gavazzi: L1's voltage in tenths, low word first. Its sister models and the EEM-350 have it there too."""
probe_dvh4013 = _probe_of("dvh4013")
"""A DZG DVH4013: L1's voltage."""
probe_iem3155 = _probe_of("iem3155")
"""A Schneider Electric iEM3000: L1's voltage as a float."""
probe_klefr_6924 = _probe_of("klefr-6924")
"""A Klefr or Inepro: L1's voltage as a float."""
probe_ma370 = _probe_of("ma370")
"""A Phoenix Contact EMpro: L1's voltage as a float, low word first."""
probe_umg604 = _probe_of("umg604")
"""A Janitza: L1's voltage as a float in the common block."""
probe_pac2200 = _probe_of("pac2200")
"""A Siemens PAC: L1's voltage as a float."""


async def probe_sunspec_203(port: ModbusPort) -> Evidence | None:
    """A SunSpec meter with a model of whole numbers."""
    return await _probe_sunspec(port, map_named("sunspec-203"))


async def probe_sunspec_213(port: ModbusPort) -> Evidence | None:
    """A SunSpec meter with a model of floats."""
    return await _probe_sunspec(port, map_named("sunspec-213"))


async def probe_map(port: ModbusPort, meter: RegisterMap) -> Evidence | None:
    """Whether a unit has a map's fingerprint; ``None`` if it answers something else.

    Raises:
        BusError: nobody answers.
    """
    fingerprint = meter.fingerprint
    if fingerprint is None:
        return None
    register = fingerprint.register
    try:
        words = await port.read_registers(register.address, register.count, table=register.table)
    except DeviceRefused:
        return None
    value = decode_register(register, words)
    if not isinstance(value, float | int) or not fingerprint.fits(value):
        return None
    return Evidence(
        text=f"register {register.address:#06x} reads {value:g}, as the {meter.vendor} {meter.model} does",
        certainty=_certainty(fingerprint, value),
    )


SerialProbe = Callable[[SerialPort], Awaitable[Evidence | None]]
_TELEGRAM_S = 4.5
"""Meters push a telegram every 1 to 4 s."""
_LINE_S = 0.5


def _sml_probe_of(maker: str, sign: str) -> SerialProbe:
    async def probe(port: SerialPort) -> Evidence | None:
        return await _probe_sml(port, maker, sign)

    return probe


probe_emh_ehz = _sml_probe_of("EMH", "EMH")
"""SML telegrams that name EMH, or nobody."""
probe_easymeter_q3 = _sml_probe_of("EasyMeter", "ESY")
"""SML telegrams that name EasyMeter, or nobody."""


async def _probe_sml(port: SerialPort, maker: str, sign: str) -> Evidence | None:
    """Listen for one telegram; nothing is sent."""
    frames = Frames()
    for _ in range(round(_TELEGRAM_S / _LINE_S)):
        for frame in frames.feed(await port.read(_LINE_S)):
            try:
                told = next(value_lists(parse_file(decode_frame(frame))), None)
            except SmlError:
                continue
            if told is not None:
                return _sml_evidence(told, maker, sign)
    return None


def _sml_evidence(told: ValueList, maker: str, sign: str) -> Evidence | None:
    named = maker_of(told)
    server = server_of(told)
    if named and sign not in named.upper() and maker.upper() not in named.upper():
        return None
    who = f"the maker {named}" if named else "no maker"
    return Evidence(
        text=f"SML telegrams of the meter {server.hex()} name {who}",
        certainty=Certainty.CERTAIN if named else Certainty.POSSIBLE,
        options={"server_id": server.hex()} if server else {},
    )


def _certainty(fingerprint: Fingerprint, value: float) -> Certainty:
    if fingerprint.values:
        return Certainty.CERTAIN
    typical = fingerprint.typical
    return Certainty.LIKELY if typical is not None and typical[0] <= value <= typical[1] else Certainty.POSSIBLE


async def _probe_sunspec(port: ModbusPort, meter: RegisterMap) -> Evidence | None:
    try:
        found = await locate(port, meter)
    except WrongIdentity:
        return None
    discovery = found.discovery
    if discovery is None:
        return None
    block = discovery.blocks[-1]
    return Evidence(
        text=f"a SunSpec model {block.ids[0]} to {block.ids[-1]} begins at {block.address}",
        certainty=Certainty.CERTAIN,
        options={"base": discovery.blocks[0].address - 2},
    )
