"""The verbs about what meters signed: the records of a session or a period as a file, and the key with its QR code."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cc613_chargepoint.facade.client import SOCKET, FacadeClient
from cc613_chargepoint.facade.codec import packed
from cc613_chargepoint.facade.commands import GetPublicKey, ListSigned, PublicKeyView, SignedList, SignedView
from cc613_chargepoint.signed_export import value_of_view
from cc613hal.errors import ConfigError, HalError
from cc613hal.ocmf import PublicKey, qr_png, qr_svg, write_values

__all__ = ["NoRecords", "add_signed", "ask_public_key", "ask_signed"]


class NoRecords(HalError, LookupError):  # noqa: N818 - the base class says that it is an error
    """There is nothing signed."""

    kind = "no-records"


def add_signed(verb: Callable[[str, str], argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the verbs; returns the one that takes a connector."""
    signed = verb("signed", "signed meter records, as the file that the transparency software and `cc613hal ocmf verify` read")
    signed.add_argument("--session", type=_ordinal, metavar="N", help="of this session only")
    signed.add_argument("--since", type=_moment, metavar="TIME", help="sessions that ended at this moment or later: 2026-05-01[T06:00]")
    signed.add_argument("--until", type=_moment, metavar="TIME", help="sessions that ended before this moment")
    signed.add_argument("--out", type=Path, metavar="FILE", help="write here (default: to the terminal)")
    key = verb("public-key", "the key that verifies what a connector's meter signs")
    key.add_argument("--qr", type=Path, metavar="FILE", help="write it as a QR code for the label on the housing: .svg or .png")
    return key


def _ordinal(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 2**63:
        raise argparse.ArgumentTypeError(f"must be the number of a session, not {text}")
    return int(text)


def _moment(text: str) -> datetime:
    """A moment in UTC; one without a time zone is in the zone of this machine."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"must be a date or time like 2026-05-01 or 2026-05-01T06:00+02:00, not {text}") from None


async def ask_public_key(arguments: argparse.Namespace) -> None:
    """Tell the key; the picture is made here, because the packages that it needs may be missing at the station."""
    if arguments.qr is not None and arguments.qr.suffix not in {".svg", ".png"}:
        raise ConfigError(f"a QR code is written as .svg or .png, not as {arguments.qr.suffix or 'a file without an ending'}")
    async with FacadeClient(arguments.data / SOCKET) as client:
        answer = await client.ask(GetPublicKey(connector=arguments.connector))
    if not isinstance(answer, PublicKeyView):
        raise ConfigError(f"the station answers {type(answer).__name__}")
    if arguments.qr is not None:
        key = PublicKey.from_text(answer.hex)
        picture = qr_png(key) if arguments.qr.suffix == ".png" else qr_svg(key, title=f"connector {answer.connector}").encode()
        _write(arguments.qr, picture)
    if arguments.json:
        print(json.dumps(packed(answer)["data"], indent=2, ensure_ascii=False))
    else:
        print(f"{answer.hex}\ncurve {answer.curve}, fingerprint {answer.fingerprint}")


async def ask_signed(arguments: argparse.Namespace) -> None:
    """Write the file. Nothing is written over it before all records are here."""
    if arguments.session is not None and (arguments.since or arguments.until):
        raise ConfigError("--session and a period exclude each other")
    views: list[SignedView] = []
    async with FacadeClient(arguments.data / SOCKET) as client:
        more = True
        while more:
            after = views[-1].id if views else 0
            part = await client.ask(ListSigned(session=arguments.session, since=arguments.since, until=arguments.until, after=after))
            if not isinstance(part, SignedList):
                raise ConfigError(f"the station answers {type(part).__name__}")
            views += part.records
            more = part.more and bool(part.records)
    if arguments.session is not None and not views:
        raise NoRecords(f"session {arguments.session} has no signed record", hint="`cc613-chargepoint sessions` lists the sessions")
    if arguments.json:
        text = json.dumps([packed(each)["data"] for each in views], indent=2, ensure_ascii=False)
        content = f"{text}\n".encode()
    else:
        stream = io.BytesIO()
        write_values(stream, (value_of_view(each) for each in views))
        content = stream.getvalue()
    if arguments.out is None:
        sys.stdout.write(content.decode())
        return
    _write(arguments.out, content)
    print(f"{len(views)} records in {arguments.out}", file=sys.stderr)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
