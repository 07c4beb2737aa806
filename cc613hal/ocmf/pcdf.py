"""Records of Porsche's stations (PCDF): one text ``128.8.0(ST:…)(CT:…)…(SG:…)`` that holds a whole session.

The signature (secp256r1, DER) covers everything before ``(SG:``. ``ST`` and ``CT`` are begin and end (``YYMMDDhhmmss``), ``RV`` is the
energy of the session, ``CSC`` counts the sessions, ``HW`` names the meter, ``SI`` the session, ``PK`` the key; ``TV``, ``BV`` and ``SP``
are 1 while time, value and signing are in order.

Sources: the public samples of the S.A.F.E. transparency software 1.4.1 (Apache-2.0); what the flags mean is inferred from the names of
the samples that it refuses.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from attrs import field, frozen

from cc613hal.ocmf.der import read_signature
from cc613hal.ocmf.errors import RecordUnreadable

__all__ = ["PcdfRecord", "read_pcdf"]

_MAX_TEXT = 4096
_WHOLE = re.compile(r"128\.8\.0((?:\([A-Z]{2,3}:[^()]*\)){4,40})", re.ASCII)
_FIELD = re.compile(r"\(([A-Z]{2,3}):([^()]*)\)", re.ASCII)
_ENERGY = re.compile(r"(\d{1,12}\.\d{1,6})\*kWh", re.ASCII)
_NEEDED = ("ST", "CT", "TV", "BV", "SP", "CSC", "RV", "HW", "SG")


@frozen(kw_only=True)
class PcdfRecord:
    """One signed session.

    Attributes:
        begin: of the session; the record does not tell the zone, so it is shown as UTC.
        end: of the session, as ``begin``.
        time_error: the time is not in order.
        energy_error: value or signing are not in order.
        session: identification of the session.
        count: number of the session.
        meter: identification of the meter.
        wh: energy of the session, exact.
        key_text: public key in the record, hexadecimal; signed with it, and yet only what the record says of itself.
        signed_bytes: what the signature covers.
        signature: its two numbers.
    """

    begin: datetime
    end: datetime
    time_error: bool
    energy_error: bool
    session: str
    count: int
    meter: str
    wh: Decimal
    key_text: str = field(repr=False)
    signed_bytes: bytes = field(repr=False)
    signature: tuple[int, int] = field(repr=False)


def read_pcdf(text: str) -> PcdfRecord:
    """Read one record.

    Raises:
        RecordUnreadable: not this structure, a field missing or twice, anything behind the signature.
    """
    text = text.strip()
    match = _WHOLE.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if match is None:
        raise RecordUnreadable("the record is not built like 128.8.0(ST:…)(CT:…)…(SG:…)")
    pairs = _FIELD.findall(match[1])
    fields = dict(pairs)
    missing = [name for name in _NEEDED if name not in fields]
    if missing or len(fields) != len(pairs) or pairs[-1][0] != "SG":
        raise RecordUnreadable(
            f"the record has no {', '.join(missing)}" if missing else "a field of the record is there twice or misplaced"
        )
    energy = _ENERGY.fullmatch(fields["RV"])
    if energy is None or not fields["CSC"].isdecimal() or len(fields["CSC"]) > 12:
        raise RecordUnreadable("the record's energy (RV) or number of the session (CSC) is none")
    try:
        begin, end = (datetime.strptime(fields[name], "%y%m%d%H%M%S").replace(tzinfo=UTC) for name in ("ST", "CT"))
        signature = read_signature(bytes.fromhex(fields["SG"]))
    except ValueError as error:
        if isinstance(error, RecordUnreadable):
            raise
        raise RecordUnreadable(f"a time or the signature of the record makes no sense: {error}") from error
    return PcdfRecord(
        begin=begin,
        end=end,
        time_error=fields["TV"] != "1",
        energy_error=fields["BV"] != "1" or fields["SP"] != "1",
        session=fields.get("SI", ""),
        count=int(fields["CSC"]),
        meter=fields["HW"],
        wh=Decimal(format(Decimal(energy[1]).scaleb(3), "f")),
        key_text=fields.get("PK", ""),
        signed_bytes=text[: text.rindex("(SG:")].encode("utf-8"),
        signature=signature,
    )
