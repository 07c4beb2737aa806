"""Taking apart what meters say of their own accord, and the parts of an HTTP answer."""

from __future__ import annotations

import timeit
from collections.abc import Callable

from cc613hal.bus.http import json_object
from cc613hal.plant import Plant
from cc613hal.sml import Frames, decode_frame, encode_frame, parse_file, value_lists
from cc613hal_meters.emulation import Measured
from cc613hal_meters.emulation_told import LemEmulation, SmlEmulation, SpeedwireEmulation
from cc613hal_meters.sml_meter import values_of as sml_values
from cc613hal_meters.speedwire import decode_telegram, encode_telegram
from cc613hal_meters.speedwire import values_of as speedwire_values
from cc613hal_meters.told_options import EmhEhzOptions, LemDcbmOptions, SpeedwireOptions

TARGET_US = 2000.0
"""A meter tells once a second at most often; a controller of 32 bits is twenty times slower than the machine that measures."""


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of name, measured, target, met."""
    measured = Measured(outlet=Plant().outlet(1))
    frame = encode_frame(SmlEmulation(measured, EmhEhzOptions()).file())
    datagram = encode_telegram(SpeedwireEmulation(measured, SpeedwireOptions()).telegram())
    answer = LemEmulation(measured, LemDcbmOptions())._live()

    def listen() -> None:
        assert Frames().feed(frame) == [frame]

    def read() -> None:
        values, _ = sml_values(next(value_lists(parse_file(decode_frame(frame)))))
        assert values

    def hear() -> None:
        telegram = decode_telegram(datagram)
        assert telegram is not None
        assert speedwire_values(telegram)

    def parse() -> None:
        assert json_object(answer)

    return [
        _row(f"finding an SML telegram of {len(frame)} bytes in a stream", listen),
        _row("reading all values of that telegram", read),
        _row(f"reading a Speedwire datagram of {len(datagram)} bytes", hear),
        _row("reading a LEM's live values (JSON, exact decimals)", parse),
    ]


def _row(what: str, call: Callable[[], None]) -> tuple[str, str, str, bool]:
    took_us = min(timeit.repeat(call, number=300, repeat=5)) / 300 * 1e6
    return what, f"{took_us:.0f} µs", f"at most {TARGET_US:.0f} µs", took_us <= TARGET_US
