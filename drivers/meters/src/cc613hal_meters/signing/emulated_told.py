"""Emulated meters without registers that really sign, with a test key, and misbehave on request: LEM, Isabellenhütte, DZG."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cc613hal.clock import Clock
from cc613hal.plant.emulation import EmulationSite, HttpRequest, HttpResponse
from cc613hal_meters.emulation import Measured
from cc613hal_meters.emulation_told import Gsh01Emulation, IemDcrEmulation, LemEmulation
from cc613hal_meters.gsh01 import Command, StatusBit
from cc613hal_meters.signing.emulation import ocmf_time, payload_text, test_key
from cc613hal_meters.signing.gsh01 import ID_TYPES
from cc613hal_meters.signing.iem_dcr import HEALTHY
from cc613hal_meters.told_options import Gsh01Options, IemDcrOptions, LemDcbmOptions

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve

__all__ = ["EmulatedGsh01", "EmulatedIemDcr", "EmulatedLem", "RecordMaker", "emulate_gsh01", "emulate_iem_dcr", "emulate_lem"]


_BUILT = 946_684_800.0
"""A time before 2000 is none."""


class RecordMaker:
    """Key, clock, pages and readings of an emulated meter that makes one record of each transaction.

    Args:
        name: its test key is derived from this: the same name has the same key in every run.
        curve: of the key.
        clock: of the plant.
        kwh: its import counter now, kWh, with its digits.

    Attributes:
        busy_s: how long a signature takes, s.
        forged: the signature does not fit the key.
        stale: it gives the record before again.
        clock_error_s: how far its clock runs ahead, s.
        page: number of the next record.
        offset_min: of its local time, minutes.
        synchronised: somebody has set its clock since its supply came.
        record: the last one; empty for none.
        count: records made.
    """

    def __init__(self, name: str, curve: EllipticCurve, clock: Clock, kwh: Callable[[], Decimal]) -> None:
        self.key = test_key(name, curve)
        self._clock = clock
        self._kwh = kwh
        self.busy_s = 0.0
        self.forged = False
        self.stale = False
        self.clock_error_s = 0.0
        self.page = 1
        self.offset_min = 0
        self.synchronised = False
        self.record = ""
        self.count = 0
        self._set: tuple[float, float] = (clock.monotonic_s(), 0.0)
        self._ready_s = 0.0
        self._begin: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        """Whether a transaction has begun and not ended."""
        return self._begin is not None

    @property
    def ready(self) -> bool:
        """Whether the last signature is done."""
        return self._clock.monotonic_s() >= self._ready_s

    def set_time(self, seconds: float) -> None:
        """Somebody sets its clock, in seconds since 1970."""
        self._set = self._clock.monotonic_s(), seconds
        self.synchronised = seconds > _BUILT

    def lose_power(self) -> None:
        """Its supply goes and comes back: time is lost."""
        self._set = self._clock.monotonic_s(), 0.0
        self.synchronised = False

    def now(self) -> datetime:
        """What its clock shows; 1970 and on if nobody has set it."""
        at_s, seconds = self._set
        return datetime.fromtimestamp(seconds + self._clock.monotonic_s() - at_s + self.clock_error_s, UTC)

    def time_text(self) -> str:
        """What its clock shows, as OCMF writes it."""
        return ocmf_time(self.now(), self.offset_min, "S" if self.synchronised else "U")

    def begin(self) -> None:
        """Take the begin."""
        self._begin = self._reading("B")

    def end(self, fields: dict[str, Any], reason: str = "E", *, bare: bool = False, algorithm: str = "ECDSA-secp256r1-SHA256") -> None:
        """Take the end and sign; the signature is done after :attr:`busy_s`."""
        readings = [self._begin or self._reading("B"), self._reading(reason)]
        self._begin = None
        self._ready_s = self._clock.monotonic_s() + self.busy_s
        self.count += 1
        if self.stale and self.record:
            return
        payload = payload_text({"FV": "1.0", **fields, "PG": f"T{self.page}", "RD": readings})
        self.page += 1
        signature = self._sign(payload + " " if self.forged else payload, bare=bare)
        self.record = f'OCMF|{payload}|{{"SA":"{algorithm}","SD":"{signature.hex().upper()}"}}'

    def key_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  # only who emulates a signature needs it
            Encoding,
            PublicFormat,
        )

        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def _sign(self, payload: str, *, bare: bool) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415  # see above
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415  # see above
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  # see above

        signature = self.key.sign(payload.encode(), ECDSA(SHA256()))
        if not bare:
            return signature
        return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(signature))

    def _reading(self, reason: str) -> dict[str, Any]:
        return {
            "TM": self.time_text(),
            "TX": reason,
            "RV": self._kwh(),
            "RI": "1-0:1.8.0",
            "RU": "kWh",
            "RT": "DC",
            "EF": "",
            "ST": "G",
        }


class _Signing:
    """What the emulated meters show of their record maker, so that tests say ``bench.emulated.busy_s``."""

    maker: RecordMaker

    @property
    def busy_s(self) -> float:
        """How long a signature takes, s."""
        return self.maker.busy_s

    @busy_s.setter
    def busy_s(self, seconds: float) -> None:
        self.maker.busy_s = seconds


class EmulatedLem(_Signing, LemEmulation):
    """A LEM DCBM that signs.

    Attributes:
        maker: signs.
        refuses: it answers ``running`` false to a begin, and goes on at an end.
        firmware: what it says; the second number decides about the paths.
    """

    def __init__(self, measured: Measured, options: LemDcbmOptions, maker: Callable[[Callable[[], Decimal]], RecordMaker]) -> None:
        super().__init__(measured, options)
        self.maker = maker(lambda: self.seen("energy_import", 0) / 1000)
        self.refuses = False
        self.firmware = "0.1.4.0"
        self._told: dict[str, Any] = {}

    def lose_power(self) -> None:
        """Its supply goes and comes back: time is lost, a transaction ends."""
        self.maker.lose_power()
        if self.maker.running:
            self._end("P")

    def handle(self, request: HttpRequest) -> HttpResponse:  # noqa: PLR0911  # one line for each request the meter knows
        """The answer of the meter."""
        if self.body is not None or self.status != 200:
            return super().handle(request)
        place = urlsplit(request.target)
        wanted = parse_qs(place.query).get("transactionId", [""])[0]
        version, _, what = place.path.removeprefix("/").partition("/")
        content = json.loads(request.body) if request.body else {}
        match request.method, what:
            case "GET", "status":
                return _json(self._status())
            case "PUT", "settings":
                return _json({"meterId": str(self.measured.serial_number), "result": self._settings(content)})
            case (("GET" | "POST" | "PUT"), "legal") if version != ("v2" if int(self.firmware.split(".")[1]) > 1 else "v1"):
                return HttpResponse(status=404)
            case "GET", "legal":
                return _json({"transactionId": self._told.get("transactionId", ""), "running": self.maker.running})
            case "POST", "legal":
                return self._begin(content)
            case "PUT", "legal":
                return self._stop(wanted)
            case "GET", "ocmf":
                there = self.maker.record and self.maker.ready and wanted == self._told.get("transactionId")
                return HttpResponse(status=200, body=self.maker.record.encode()) if there else HttpResponse(status=404)
            case _:
                return super().handle(request)

    @property
    def _version(self) -> str:
        return "v2" if int(self.firmware.split(".")[1]) > 1 else "v1"

    def _status(self) -> dict[str, Any]:
        return {
            "meterId": str(self.measured.serial_number),
            "status": {"value": 17, "bits": {"transactionIsOnGoing": self.maker.running, "timeSyncStatusIsOk": self.maker.synchronised}},
            "version": {"applicationFirmwareVersion": self.firmware},
            "time": self.maker.now().isoformat(),
            "publicKeyOcmf": self.maker.key_der().hex().upper(),
        }

    def _settings(self, content: dict[str, Any]) -> int:
        if self.maker.running:
            return 0
        time = content.get("time", {})
        if "utc" in time:
            self.maker.set_time(datetime.fromisoformat(time["utc"]).timestamp())
        if "tz" in time:
            hours, minutes = time["tz"][1:].split(":")
            self.maker.offset_min = (-1 if time["tz"][0] == "-" else 1) * (int(hours) * 60 + int(minutes))
        return 1

    def _begin(self, content: dict[str, Any]) -> HttpResponse:
        if self.maker.running:
            return HttpResponse(status=409)
        if not self.refuses:
            self._told = content
            self.maker.begin()
        return HttpResponse(status=201, body=json.dumps({**content, "running": self.maker.running}).encode())

    def _stop(self, wanted: str) -> HttpResponse:
        if not self.maker.running or wanted != self._told.get("transactionId"):
            return HttpResponse(status=404)
        if self.refuses:
            return _json({"transactionId": wanted, "meterValue": {"transactionStatus": 29}})
        self._end("E")
        return _json({"transactionId": wanted, "meterValue": {"transactionStatus": 25}})

    def _end(self, reason: str) -> None:
        serial = str(self.measured.serial_number)
        fields = {
            "GI": "LEM DCBM",
            "GS": serial,
            "GV": "v1",
            "MV": "LEM",
            "MS": serial,
            "MF": f"MU-{self.firmware}",
            "IS": True,
            "IL": "HEARSAY",
            "IF": ["RFID_RELATED", "OCPP_AUTH_TLS", "ISO15118_NONE", "PLMN_NONE"],
            "IT": "ISO14443",
            "ID": self._told.get("clientId", ""),
            "CT": "EVSEID",
            "CI": self._told.get("evseId", ""),
        }
        self.maker.end(fields, reason)


class EmulatedIemDcr(_Signing, IemDcrEmulation):
    """An IEM-DCR that signs.

    Attributes:
        maker: signs.
        current_flows: it refuses begin and end.
        error: its status (``XC``).
        newer: the last record stands under version 2 of its interface.
    """

    def __init__(self, measured: Measured, options: IemDcrOptions, maker: Callable[[Callable[[], Decimal]], RecordMaker]) -> None:
        super().__init__(measured, options)
        self.maker = maker(lambda: self.seen("energy_import", 0) / 1000)
        self.current_flows = False
        self.error = HEALTHY
        self.newer = False
        self.place: dict[str, Any] = {}
        self._user: dict[str, Any] = {}

    def lose_power(self) -> None:
        """Its supply goes and comes back: time and charge point are lost, a transaction ends."""
        self.maker.lose_power()
        self.place = {}
        if self.maker.running:
            self._end("P")

    def handle(self, request: HttpRequest) -> HttpResponse:  # noqa: PLR0911  # one line for each request the meter knows
        """The answer of the meter."""
        if self.body is not None or self.status != 200:
            return super().handle(request)
        version, what = request.target.removeprefix("/counter/").split("/ocmf/")
        content = json.loads(request.body) if request.body else {}
        match request.method, what:
            case "GET", "metervalue":
                told = json.loads(super().handle(request).body)
                return _json({**told, "XT": self.maker.running, "XC": self.error})
            case "GET", "gw":
                return _json({"CT": "", "CI": "", **self.place})
            case "POST", "gw" if not self.place:
                self.place = {name: content[name] for name in ("CT", "CI")}
                return self._set_time(content)
            case "GET", "datetime":
                return _json({"TM": self.maker.time_text()})
            case "POST", "datetime" if not self.maker.running:
                return self._set_time(content)
            case "POST", "user" if not self.maker.running:
                self._user = content
                return _json({})
            case "POST", "receipt" if not self.current_flows:
                return self._receipt(str(content.get("TX")))
            case "GET", ("receipt" | "transaction") if version == ("v2" if self.newer and what == "transaction" else "v1"):
                there = self.maker.record and self.maker.ready and not self.maker.running
                return HttpResponse(status=200, body=self.maker.record.encode()) if there else HttpResponse(status=428)
            case "GET", "publickey":
                return _json({"PK": self.maker.key_der()[-64:].hex().upper()})
            case _:
                return HttpResponse(status=428)

    def _set_time(self, content: dict[str, Any]) -> HttpResponse:
        moment = datetime.strptime(content["TM"], "%Y-%m-%dT%H:%M:%S,%f%z")
        offset = moment.utcoffset()
        self.maker.offset_min = 0 if offset is None else round(offset.total_seconds() / 60)
        self.maker.set_time(moment.timestamp())
        return _json({})

    def _receipt(self, letter: str) -> HttpResponse:
        if letter == "B" and not self.maker.running:
            self.maker.begin()
        elif letter == "E" and self.maker.running:
            self._end("E")
        else:
            return HttpResponse(status=428)
        return _json({})

    def _end(self, reason: str) -> None:
        serial = str(self.measured.serial_number)
        fields = {"GI": "IEM-DCR", "GS": serial, "GV": "V1", "MV": "Isabellenhuette Heusler", "MM": "IEM-DCR-125", "MS": serial}
        # this meter writes its signature as two bare numbers, as the public samples of the transparency software show
        self.maker.end({**fields, **self.place, **self._user}, reason, bare=True)


class EmulatedGsh01(_Signing, Gsh01Emulation):
    """A GSH01 that signs.

    Attributes:
        maker: signs.
        key_as_text: it tells its key in hexadecimal digits.
    """

    def __init__(self, measured: Measured, options: Gsh01Options, maker: Callable[[Callable[[], Decimal]], RecordMaker]) -> None:
        super().__init__(measured, options)
        self.maker = maker(lambda: self.seen("energy_import", 0) / 1000)
        self.key_as_text = True
        self._user = b""
        self._cut = False

    def lose_power(self) -> None:
        """Its supply goes and comes back: time is lost; the session is not completed and can still be stopped."""
        self.maker.lose_power()
        self._cut = self.maker.running

    def obey(self, command: int, data: bytes) -> tuple[int, bytes] | None:
        """Commands that change something."""
        match command:
            case Command.TIME if data:
                if self.maker.running:
                    return 3, b""
                self._set_time(data)
                return 0, b""
            case Command.START_TRANSACTION:
                if not self.maker.running:  # otherwise it is ignored
                    self._user = data[5:]
                    self.maker.begin()
                return 0, b""
            case Command.STOP_TRANSACTION:
                if not self.maker.running:
                    return 7, b""
                self._end()
                return 0, b""
            case Command.GET_LAST_OCMF:
                there = self.maker.record and self.maker.ready
                return (0, self.maker.record.encode() + b"\0") if there else (8, b"")
            case _:
                return None

    def _data(self, command: int) -> bytes | None:
        der = self.maker.key_der()
        told: dict[int, Callable[[], bytes]] = {
            Command.STATUS_WORD: lambda: self._status().to_bytes(8, "little"),
            Command.TIME: lambda: int(self.maker.now().timestamp()).to_bytes(4, "little") + b"\0",
            Command.OCMF_STATISTICS: lambda: self.maker.count.to_bytes(4, "little") + bytes(12),
            Command.PUBLIC_KEY_ASN1: lambda: der.hex().upper().encode() if self.key_as_text else der,
        }
        return told[command]() if command in told else super()._data(command)

    def _status(self) -> int:
        bits = self.status_word
        bits |= 0 if self.maker.synchronised else StatusBit.CLOCK_NOT_SET
        bits |= StatusBit.CHARGING if self.maker.running else 0
        return bits | (StatusBit.SESSION_NOT_COMPLETED if self._cut else 0)

    def _set_time(self, data: bytes) -> None:
        self.maker.set_time(int.from_bytes(data[:4], "little"))
        self.maker.offset_min = 15 * int.from_bytes(data[4:5], "little", signed=True)

    def _end(self) -> None:
        serial = str(self.measured.serial_number)
        kinds = {number: name for name, number in ID_TYPES.items()}
        fields = {
            "GI": "GSH01.1A2L",
            "GS": f"1DZG{serial}",
            "GV": "1.0.3",
            "MV": "DZG",
            "MM": "GSH01.1A2L",
            "MS": f"1DZG{serial}",
            "IS": bool(self._user[:1] == b"\1"),
            "IT": kinds.get(self._user[1] if len(self._user) > 1 else 0, "NONE"),
            "ID": self._user[2:].partition(b"\0")[0].decode("utf-8", "replace"),
            "CT": "EVSEID",
            "CI": "DE*ABC*E00001",
        }
        self._cut = False
        self.maker.end(fields, algorithm="ECDSA-secp256k1-SHA256")


def emulate_lem(site: EmulationSite, options: LemDcbmOptions) -> None:
    """Put an emulated DCBM on the host; it is kept in ``site.plant.parts``."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1  # noqa: PLC0415  # only who emulates a signature needs it

    meter = EmulatedLem(Measured(outlet=site.outlet, phases=1), options, _maker(site, SECP256R1()))
    site.plant.parts[site.device] = meter
    site.attach_http(meter)


def emulate_iem_dcr(site: EmulationSite, options: IemDcrOptions) -> None:
    """Put an emulated IEM-DCR on the host; it is kept in ``site.plant.parts``."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1  # noqa: PLC0415  # see above

    meter = EmulatedIemDcr(Measured(outlet=site.outlet, phases=1), options, _maker(site, SECP256R1()))
    site.plant.parts[site.device] = meter
    site.attach_http(meter)


def emulate_gsh01(site: EmulationSite, options: Gsh01Options) -> None:
    """Put an emulated GSH01 at the other end of the line; it is kept in ``site.plant.parts``."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1  # noqa: PLC0415  # see above

    meter = EmulatedGsh01(Measured(outlet=site.outlet, phases=1), options, _maker(site, SECP256K1()))
    site.plant.parts[site.device] = meter
    site.attach_serial(meter)


def _maker(site: EmulationSite, curve: EllipticCurve) -> Callable[[Callable[[], Decimal]], RecordMaker]:
    return lambda kwh: RecordMaker(site.device, curve, site.outlet.clock, kwh)


def _json(content: object) -> HttpResponse:
    return HttpResponse(status=200, body=json.dumps(content).encode(), headers=(("content-type", "application/json"),))
