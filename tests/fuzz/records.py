"""Coverage-guided fuzzing of everything that reads foreign bytes as evidence: records, files, telegrams, keys.

Needs the package ``atheris``, which has no wheels for every platform and is therefore in no lock file::

    pip install atheris
    python tests/fuzz/records.py -max_total_time=600

Whatever comes in, only the errors the readers promise may come out, and what has no key is never verified. The same property runs
with hypothesis in the test suite.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

from cc613hal.ocmf import (
    Checker,
    KeyUnusable,
    PublicKey,
    RecordUnreadable,
    Status,
    TransactionVerdict,
    read_edl,
    read_record,
    read_values,
    unwrap,
)
from cc613hal.ocmf.alfen import read_alfen
from cc613hal.ocmf.edl_files import read_signature_only
from cc613hal.ocmf.pcdf import read_pcdf
from cc613hal.sml import SmlError, decode_frame, encode_frame, parse_file


def _record(data: bytes) -> None:
    read_record(data)


def _payload(data: bytes) -> None:
    read_record(b"OCMF|" + data + b'|{"SD":"3006020101020101"}')


def _file(data: bytes) -> None:
    checker = Checker()
    for verdict in checker.check(read_values(io.BytesIO(data))):
        proven = verdict.status is not Status.VERIFIED or isinstance(verdict, TransactionVerdict) or verdict.key is not None
        assert proven, "a record is called verified, and no key verified it"


def _telegram(data: bytes) -> None:
    read_edl(data)


def _framed_telegram(data: bytes) -> None:
    read_edl(encode_frame(data + b"\0"))


def _frame(data: bytes) -> None:
    parse_file(decode_frame(data))


def _line(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for head, read in (("AP;0;3;", read_alfen), ("128.8.0(", read_pcdf)):
        try:
            read(head + text)
        except RecordUnreadable:
            continue


def _block(data: bytes) -> None:
    read_signature_only(data)


def _key(data: bytes) -> None:
    PublicKey.from_text(data.decode("latin-1"))


def _ocpp(data: bytes) -> None:
    unwrap(data.decode("utf-8", "replace"))


TARGETS: tuple[Callable[[bytes], None], ...] = (_record, _payload, _file, _telegram, _framed_telegram, _frame, _key, _ocpp, _line, _block)


def one_input(data: bytes) -> None:
    """Feed one input to the target that its first byte chooses."""
    if not data:
        return
    try:
        TARGETS[data[0] % len(TARGETS)](data[1:])
    except (RecordUnreadable, KeyUnusable, SmlError):
        return


def main() -> None:
    """Run under atheris until it is told to stop."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
