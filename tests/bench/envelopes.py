"""SOAP: what an envelope costs, and mutilated ones thrown at a listener for a while. ``ENVELOPE_SECONDS`` changes how long."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from pathlib import Path
from typing import Any

from cc613_chargepoint.ocpp.soap import Asked, Listening, Service, SoapListener, schema_of
from cc613_chargepoint.ocpp.soap.envelope import Addressed, heard, new_id, request

SECONDS = float(os.environ.get("ENVELOPE_SECONDS", "30"))
GROWTH_KIB = 4096
_SAMPLE = {"value": "12345", "measurand": "Energy.Active.Import.Register", "unit": "Wh", "context": "Sample.Periodic"}
_METER_VALUES = {
    "connectorId": 1,
    "transactionId": 7,
    "meterValue": [{"timestamp": "2026-06-01T12:00:00Z", "sampledValue": [_SAMPLE] * 10}],
}
_WHOM = Addressed(identity="SN", to="http://station/", sender="http://backend/")


def _resident_kib() -> int:
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0])


def _rate() -> float:
    schema = schema_of(Service.CENTRAL_16)
    begin_s, count = time.perf_counter(), 2000
    for _ in range(count):
        document = request("MeterValues", schema.element("MeterValues", _METER_VALUES), _WHOM, new_id())
        schema.payload(heard(document).body, "MeterValues")
    return count / (time.perf_counter() - begin_s)


def _mutilated(dice: random.Random, seeds: list[bytes]) -> bytes:
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data) + 1)
        kind = dice.randrange(4)
        if kind == 0:
            data[at : at + dice.randint(1, 60)] = b""
        elif kind == 1:
            data[at:at] = dice.randbytes(dice.randint(1, 40))
        elif kind == 2:
            other = dice.choice(seeds)
            data[at:at] = other[dice.randrange(len(other)) :][: dice.randint(1, 200)]
        elif at < len(data):
            data[at] ^= 1 << dice.randrange(8)
    return bytes(data)


async def _exchange(port: int, body: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await asyncio.wait_for(reader.read(), 20.0)
    finally:
        writer.close()
        await writer.wait_closed()
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0


async def _thrown() -> tuple[int, int, int]:
    """How many envelopes were thrown, how many got no proper answer, by how much memory grew, KiB."""

    async def handler(_: Asked) -> dict[str, Any]:
        return {"status": "Accepted"}

    schema, dice = schema_of(Service.STATION_16), random.Random(613)
    contents = {
        "ClearCache": {},
        "Reset": {"type": "Soft"},
        "ChangeConfiguration": {"key": "a", "value": "b"},
        "GetConfiguration": {"key": ["x"]},
    }
    seeds = [request(action, schema.element(action, content), _WHOM, "urn:uuid:1") for action, content in contents.items()]
    thrown = unanswered = begin_kib = 0
    async with SoapListener(Service.STATION_16, "SN", handler, Listening(host="127.0.0.1")) as listener:
        end_s = time.monotonic() + SECONDS
        while time.monotonic() < end_s:
            unanswered += await _exchange(listener.port, _mutilated(dice, seeds)) not in {200, 400, 500}
            thrown += 1
            if thrown == 2000:
                begin_kib = _resident_kib()
        unanswered += await _exchange(listener.port, seeds[0]) != 200
    return thrown, unanswered, _resident_kib() - begin_kib if begin_kib else 0


class _Escaped(logging.Handler):
    """Counts what nobody caught."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count it."""
        if record.exc_info and "could not be answered" not in record.getMessage():
            self.count += 1


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    escaped = _Escaped()
    logging.getLogger().addHandler(escaped)
    logging.getLogger("cc613_chargepoint").setLevel(logging.CRITICAL)
    try:
        thrown, unanswered, growth_kib = asyncio.run(_thrown())
    finally:
        logging.getLogger().removeHandler(escaped)
        logging.getLogger("cc613_chargepoint").setLevel(logging.NOTSET)
    rate = _rate()
    return [
        ("SOAP: MeterValues with 10 samples written, validated, read, validated", f"{rate:.0f}/s", "at least 100/s", rate >= 100),
        (
            f"SOAP: mutilated envelopes without a proper answer, of {thrown} in {SECONDS:.0f} s",
            f"{unanswered}, {escaped.count} uncaught",
            "0",
            not unanswered and not escaped.count,
        ),
        ("SOAP: memory grown meanwhile", f"{growth_kib} KiB", f"at most {GROWTH_KIB} KiB", growth_kib <= GROWTH_KIB),
    ]
