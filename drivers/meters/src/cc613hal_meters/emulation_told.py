"""Emulated meters without a register map: they measure the plant, speak as the real ones do, and misbehave on request.

Sources are those of the drivers: the SML specification 1.04 (BSI TR-03109-1, Anlage IV), SMA's description of its meters' protocol, and
the makers' documents that each driver names. The eHZ's status word 0x1C0104 is the one in published telegrams.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal

from cc613hal.clock import Clock
from cc613hal.modbus_map import Value
from cc613hal.plant.emulation import (
    EmulatedInput,
    EmulationSite,
    HttpRequest,
    HttpResponse,
    HttpService,
    MulticastSender,
    SerialPeer,
)
from cc613hal.sml import (
    CLOSE_RESPONSE,
    GET_LIST_RESPONSE,
    OPEN_RESPONSE,
    Entry,
    ValueList,
    encode_frame,
    encode_message,
    encode_value_list,
    obis_code,
)
from cc613hal_meters.emulation import Measured, as_wired
from cc613hal_meters.gsh01 import BROADCAST, Command
from cc613hal_meters.options import MountedOptions
from cc613hal_meters.slip import SlipFrames, slip_encode
from cc613hal_meters.speedwire import SpeedwireTelegram, encode_telegram
from cc613hal_meters.told_options import (
    Gsh01Options,
    IemDcrOptions,
    LemDcbmOptions,
    MeasuringPoint,
    S0Options,
    SmlOptions,
    SpeedwireOptions,
)

__all__ = [
    "DcMeter",
    "Gsh01Emulation",
    "IemDcrEmulation",
    "LemEmulation",
    "PulseOutput",
    "SmlEmulation",
    "SpeedwireEmulation",
    "emulate_s0",
    "emulate_sml",
    "emulate_speedwire",
]


class Emulated:
    """What all of them have in common.

    Args:
        measured: what the meter is connected to.
        options: how it is mounted.

    Attributes:
        stuck: it tells what it last measured.
        lost_wh: its counters are this much lower than they should be, Wh (an exchange or a reset).
        not_available: quantities it leaves out at the moment.
        overrides: quantities whose value somebody dictates.
    """

    def __init__(self, measured: Measured, options: MountedOptions) -> None:
        self.measured = measured
        self._options = options
        self._held: dict[str, Value] | None = None
        self.lost_wh = 0.0
        self.not_available: set[str] = set()
        self.overrides: dict[str, Value] = {}

    @property
    def stuck(self) -> bool:
        """Whether it tells what it last measured."""
        return self._held is not None

    @stuck.setter
    def stuck(self, stuck: bool) -> None:
        self._held = self.values() if stuck else None

    def values(self) -> dict[str, Value]:
        """What it measures, as it is wired."""
        if self._held is not None:
            return self._held
        found = as_wired(self.measured.values(), self._options) | self.overrides
        for name in ("energy_import", "energy_export"):
            found[name] = max(0.0, _float(found[name]) - self.lost_wh)
        return {name: value for name, value in found.items() if name not in self.not_available}


class Beat:
    """Calls something at a steady pace, while a loop runs.

    Args:
        every_s: pace, s.
        call: what.
    """

    def __init__(self, every_s: float, call: Callable[[], None]) -> None:
        self.every_s = every_s
        self._call = call

    def start(self) -> None:
        """Begin; a simulation that is only looked at has no loop, and nobody who could hear anything."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        loop.call_later(self.every_s, self._beat)

    def _beat(self) -> None:
        self._call()
        self.start()


class SmlEmulation(Emulated, SerialPeer):
    """A meter that pushes SML telegrams.

    Attributes:
        silent: it says nothing.
        damage: changes a telegram on its way; ``None`` for nothing.
        locked: the extended list is off: counters without power.
        entries: further entries of its list.
        maker: whose meter it says it is; empty for nobody's.
        server: its identification.
    """

    def __init__(self, measured: Measured, options: SmlOptions, *, every_s: float = 2.0) -> None:
        super().__init__(measured, options)
        self.silent = False
        self.damage: Callable[[bytes], bytes] | None = None
        self.locked = False
        self.entries: tuple[Entry, ...] = ()
        own = b"\x0a\x01" + options.vendor[:3].upper().encode() + measured.serial_number.to_bytes(5, "big")
        self.server = bytes.fromhex(options.server_id) or own
        self.maker = options.vendor.encode()
        self._send: Callable[[bytes], None] | None = None
        self._beat = Beat(every_s, self.tell)
        self._second = 0

    def attach(self, send: Callable[[bytes], None]) -> None:
        """The line; from now on it pushes."""
        self._send = send
        self._beat.start()

    def receive(self, data: bytes) -> None:
        """A meter that pushes does not listen."""

    def tell(self) -> None:
        """Push a telegram now."""
        if self._send is not None and not self.silent:
            frame = encode_frame(self.file())
            self._send(self.damage(frame) if self.damage is not None else frame)

    def file(self) -> bytes:
        """The SML file it would push now."""
        return b"".join(
            (
                encode_message(OPEN_RESPONSE, [None, None, b"\x01", self.server, None, None]),
                encode_message(GET_LIST_RESPONSE, encode_value_list(self.told())),
                encode_message(CLOSE_RESPONSE, [None]),
            )
        )

    def told(self) -> ValueList:
        """The list of values in it."""
        self._second += 1
        values = self.values()
        entries = [
            Entry(obis=obis_code("1-0:96.50.1*1"), value=self.maker or None),
            Entry(obis=obis_code("1-0:96.1.0*255"), value=self.server),
            _entry("1-0:1.8.0*255", values.get("energy_import"), 30, -1, status=0x1C0104),
            _entry("1-0:2.8.0*255", values.get("energy_export"), 30, -1),
        ]
        if not self.locked:
            entries.append(_entry("1-0:16.7.0*255", values.get("power"), 27, 0))
            codes = (("1-0:36.7.0*255", "power_l1"), ("1-0:56.7.0*255", "power_l2"), ("1-0:76.7.0*255", "power_l3"))
            entries.extend(_entry(code, values.get(name), 27, 0) for code, name in codes)
        return ValueList(
            server=self.server,
            name=obis_code("1-0:98.10.255"),
            time=self._second,
            entries=tuple(entry for entry in entries if entry.value is not None) + self.entries,
        )


def _entry(code: str, value: Value, unit: int, scaler: int, status: int | None = None) -> Entry:
    number = None if value is None else int(Decimal(str(value)).scaleb(-scaler))
    return Entry(obis=obis_code(code), value=number, unit=unit, scaler=scaler, status=status)


class SpeedwireEmulation(Emulated, MulticastSender):
    """A meter that tells a multicast group.

    Attributes:
        silent: it says nothing.
        damage: changes a datagram on its way; ``None`` for nothing.
        serial_number: which meter it is.
    """

    def __init__(self, measured: Measured, options: SpeedwireOptions, *, every_s: float = 1.0) -> None:
        super().__init__(measured, options)
        self.silent = False
        self.damage: Callable[[bytes], bytes] | None = None
        self.serial_number = options.serial_number or 1900000001
        self._send: Callable[[bytes], None] | None = None
        self._beat = Beat(every_s, self.tell)
        self._ticks_ms = 0

    def attach(self, send: Callable[[bytes], None]) -> None:
        """The group; from now on it tells."""
        self._send = send
        self._beat.start()

    def tell(self) -> None:
        """Send a datagram now."""
        if self._send is not None and not self.silent:
            datagram = encode_telegram(self.telegram())
            self._send(self.damage(datagram) if self.damage is not None else datagram)

    def telegram(self) -> SpeedwireTelegram:
        """What it would tell now."""
        self._ticks_ms = (self._ticks_ms + 1000) % 2**32
        values = self.values()
        present: dict[int, int] = {}
        for number, name in ((1, "power"), (21, "power_l1"), (41, "power_l2"), (61, "power_l3")):
            tenths = round(_float(values[name]) * 10) if name in values else None
            if tenths is not None:
                present |= {number: max(0, tenths), number + 1: max(0, -tenths)}
        for base, phase in ((31, "_l1"), (51, "_l2"), (71, "_l3")):
            for number, name in ((base, f"current{phase}"), (base + 1, f"voltage{phase}")):
                if name in values:
                    present[number] = round(abs(_float(values[name])) * 1000)
        if "frequency" in values:
            present[14] = round(_float(values["frequency"]) * 1000)
        counters = {
            number: round(_float(values[name]) * 3600) for number, name in ((1, "energy_import"), (2, "energy_export")) if name in values
        }
        return SpeedwireTelegram(
            susy_id=349, serial_number=self.serial_number, ticks_ms=self._ticks_ms, present=present, counters=counters, version="2.3.4"
        )


class DcMeter(Emulated):
    """What the DC meters have in common: the plant's first phase stands for their pair of conductors."""

    def seen(self, name: str, digits: int) -> Decimal:
        """A value with so many digits behind the point.

        Raises:
            KeyError: it has none at the moment.
        """
        return Decimal(str(self.values()[name])).quantize(Decimal(1).scaleb(-digits))


_LIVE = (
    ("voltage", "voltage_l1", 2, False),
    ("current", "current_l1", 3, False),
    ("power", "power", 1, True),
    ("energyImportTotal", "energy_import", 1, True),
    ("energyExportTotal", "energy_export", 1, True),
)
"""Names of a DCBM's live values, what they mean, digits behind the point, and whether they come in thousands."""


class LemEmulation(DcMeter, HttpService):
    """A LEM DCBM.

    Attributes:
        status: answers everything with this status; 200 for proper answers.
        body: answers everything with this text; ``None`` for proper answers.
    """

    def __init__(self, measured: Measured, options: LemDcbmOptions) -> None:
        super().__init__(measured, options)
        self.status = 200
        self.body: bytes | None = None
        self._kilo = options.kilo

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The answer of the meter."""
        if self.body is not None or self.status != 200:
            return HttpResponse(status=self.status, body=self.body or b"")
        match request.method, request.target:
            case "GET", "/v1/status":
                return _json(
                    {
                        "meterId": str(self.measured.serial_number),
                        "status": {"value": 17, "bits": {"transactionIsOnGoing": False}},
                        "version": {"applicationFirmwareVersion": "1.2.3.4"},
                    }
                )
            case "GET", "/v1/livemeasure":
                return HttpResponse(status=200, body=self._live())
            case _:
                return HttpResponse(status=404)

    def _live(self) -> bytes:
        factor = Decimal(1000) if self._kilo else Decimal(1)
        told = [
            f'"{name}": {self.seen(quantity, digits) / (factor if scaled else 1)}'
            for name, quantity, digits, scaled in _LIVE
            if quantity not in self.not_available
        ]
        return ("{" + ", ".join([*told, '"temperatureH": 31.5']) + "}").encode()


class IemDcrEmulation(DcMeter, HttpService):
    """An Isabellenhütte IEM-DCR.

    Attributes:
        status: answers everything with this status; 200 for proper answers.
        body: answers everything with this text; ``None`` for proper answers.
    """

    def __init__(self, measured: Measured, options: IemDcrOptions) -> None:
        super().__init__(measured, options)
        self.status = 200
        self.body: bytes | None = None

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The answer of the meter."""
        if self.body is not None or self.status != 200:
            return HttpResponse(status=self.status, body=self.body or b"")
        if (request.method, request.target) != ("GET", "/counter/v1/ocmf/metervalue"):
            return HttpResponse(status=404)
        imported, exported = self.seen("energy_import", 1) / 1000, self.seen("energy_export", 1) / 1000
        return _json(
            {
                "XT": False,
                "TM": "2026-01-01T00:00:00,000+0000 S",
                "MS": str(self.measured.serial_number),
                "U2": float(self.seen("voltage_l1", 2)),
                "I": float(self.seen("current_l1", 3)),
                "P": float(self.seen("power", 1)),
                "RD": [{}, {}, {"WV": f"{imported}"}, {"WV": f"{exported}"}],
                "XC": "0",
            }
        )


class Gsh01Emulation(DcMeter, SerialPeer):
    """A DZG GSH01.

    Attributes:
        silent: it does not answer.
        damage: changes an answer on its way; ``None`` for nothing.
        refuse: status of commands it refuses, by command.
        status_word: what its status word says.
        echo: the line hears itself.
        asked: the commands of each frame.
    """

    def __init__(self, measured: Measured, options: Gsh01Options) -> None:
        super().__init__(measured, options)
        self.silent = False
        self.damage: Callable[[bytes], bytes] | None = None
        self.refuse: dict[int, int] = {}
        self.status_word = 0x200000
        self.echo = False
        self.asked: list[tuple[int, ...]] = []
        self.address = options.address if options.address != BROADCAST else 1
        self._at_device = options.point is MeasuringPoint.DEVICE
        self._send: Callable[[bytes], None] | None = None
        self._frames = SlipFrames()

    def attach(self, send: Callable[[bytes], None]) -> None:
        """The line."""
        self._send = send

    def receive(self, data: bytes) -> None:
        """Commands; each frame is answered by one."""
        for address, content in self._frames.feed(data):
            if self._send is None or self.silent or address not in {self.address, BROADCAST}:
                continue
            if self.echo:
                self._send(slip_encode(address, content))
            frame = slip_encode(self.address, self._answer(content))
            self._send(self.damage(frame) if self.damage is not None else frame)

    def _answer(self, content: bytes) -> bytes:
        commands: list[tuple[int, bytes]] = []
        at = 0
        while at + 5 <= len(content):
            length = max(5, int.from_bytes(content[at + 2 : at + 4], "little"))
            commands.append((int.from_bytes(content[at : at + 2], "little"), content[at + 5 : at + length]))
            at += length
        self.asked.append(tuple(command for command, _ in commands))
        answer = b""
        for command, given in commands:
            status, data = self._reply(command, given)
            answer += command.to_bytes(2, "little") + (5 + len(data)).to_bytes(2, "little") + bytes([status]) + data
        return answer

    def obey(self, command: int, data: bytes) -> tuple[int, bytes] | None:  # noqa: ARG002  # a meter that only measures obeys nothing
        """Commands that change something: status and data of the answer; ``None`` for those that only ask."""
        return None

    def _reply(self, command: int, given: bytes) -> tuple[int, bytes]:
        if command in self.refuse:
            return self.refuse[command], b""
        obeyed = self.obey(command, given)
        if obeyed is not None:
            return obeyed
        data = self._data(command)
        return (5, b"") if data is None else (0, data)

    def _data(self, command: int) -> bytes | None:
        def scaled(name: str, factor: float, width: int) -> bytes:
            return max(0, round(_float(self.values()[name]) * factor)).to_bytes(width, "little")

        numbers: dict[int, Callable[[], bytes]] = {
            Command.VOLTAGE: lambda: scaled("voltage_l1", 100, 4),
            Command.CURRENT: lambda: scaled("current_l1", 1000, 4),
            Command.IMPORT_DEVICE_POWER: lambda: scaled("power", 100, 4),
            Command.IMPORT_MAINS_POWER: lambda: scaled("power", 100, 4),
            Command.DEVICE_ENERGY: lambda: scaled("energy_import", 10, 8),
            Command.TOTAL_IMPORT_MAINS_ENERGY: lambda: scaled("energy_import", 10, 8),
            Command.STATUS_WORD: lambda: self.status_word.to_bytes(8, "little"),
            Command.SERIAL_NUMBER: lambda: self.measured.serial_number.to_bytes(4, "little"),
            Command.DEVICE_TYPE: lambda: b"GSH01.1A2L\0",
            Command.FIRMWARE_VERSION: lambda: b"1.0.3\0",
        }
        return numbers[command]() if command in numbers else None


class PulseOutput:
    """An S0 output that pulses as the plant's energy grows.

    Args:
        measured: what the meter is connected to.
        line: the controller's input.
        options: pulses per kilowatt hour.

    Attributes:
        pulse_s: length of a pulse, s.
        bounce_s: before every pulse there is a disturbance of this length, s; 0 for none.
        silent: it does not pulse.
    """

    def __init__(self, measured: Measured, line: EmulatedInput, options: S0Options) -> None:
        self.measured = measured
        self.line = line
        self.pulse_s = 0.05
        self.bounce_s = 0.0
        self.silent = False
        self._wh_per_pulse = 1000.0 / options.pulses_per_kwh
        self._given = 0
        self._timer: asyncio.TimerHandle | None = None
        measured.outlet.mains_v.on(lambda _: self._plan())
        measured.outlet.current_a.on(lambda _: self._plan())
        self._clock: Clock = measured.outlet.clock
        self._plan()

    def pulse(self, length_s: float | None = None) -> None:
        """One pulse now."""
        self.line.set(True)
        asyncio.get_running_loop().call_later(self.pulse_s if length_s is None else length_s, self.line.set, False)

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        power_w = sum(self.measured.outlet.phase_power_w)
        if power_w <= 0.0:
            return
        due_wh = (self._given + 1) * self._wh_per_pulse - self.measured.outlet.energy_now_wh()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, due_wh / power_w * 3600.0), self._due)

    def _due(self) -> None:
        self._timer = None
        self._given += 1
        if not self.silent:
            if self.bounce_s:
                self.pulse(self.bounce_s)
                asyncio.get_running_loop().call_later(2 * self.bounce_s, self.pulse)
            else:
                self.pulse()
        self._plan()


def emulate_sml(site: EmulationSite, options: SmlOptions) -> None:
    """Put an emulated meter with SML telegrams at the other end of the line; it is kept in ``site.plant.parts``."""
    meter = SmlEmulation(Measured(outlet=site.outlet), options)
    site.plant.parts[site.device] = meter
    site.attach_serial(meter)


def emulate_speedwire(site: EmulationSite, options: SpeedwireOptions) -> None:
    """Put an emulated SMA meter into the group; it is kept in ``site.plant.parts``."""
    meter = SpeedwireEmulation(Measured(outlet=site.outlet), options)
    site.plant.parts[site.device] = meter
    site.attach_multicast(meter)


def emulate_s0(site: EmulationSite, options: S0Options) -> None:
    """Put an emulated pulse output on the line; it is kept in ``site.plant.parts``."""
    site.plant.parts[site.device] = PulseOutput(Measured(outlet=site.outlet), EmulatedInput(site, "pulse"), options)


def _json(content: object) -> HttpResponse:
    return HttpResponse(status=200, body=json.dumps(content).encode(), headers=(("content-type", "application/json"),))


def _float(value: Value) -> float:
    return float(value) if isinstance(value, float | int | Decimal) else 0.0
