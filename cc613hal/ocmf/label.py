"""The public key as a QR code, for the label on the housing and for the web page.

The code holds what verifiers expect when they scan a label: the DER key in hexadecimal. Needs the package ``segno`` (extra ``ocmf``).
"""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any

from cc613hal.errors import Unsupported
from cc613hal.ocmf.keys import PublicKey

__all__ = ["qr_png", "qr_svg"]


def qr_svg(key: PublicKey, *, title: str = "") -> str:
    """The code as an SVG drawing of its own, black on white, with the quiet zone a scanner needs.

    Args:
        key: what it holds.
        title: shown by browsers when the pointer rests on it, and read aloud; for instance the meter's serial number.

    Raises:
        Unsupported: ``segno`` is not installed.
    """
    stream = io.BytesIO()
    _code(key).save(stream, kind="svg", scale=4, border=4, light="white", title=title or None, xmldecl=False, svgns=True)
    return stream.getvalue().decode("utf-8")


def qr_png(key: PublicKey, *, scale: int = 8) -> bytes:
    """The code as a PNG picture.

    Args:
        key: what it holds.
        scale: pixels per module; print at 0.4 mm per module or more.

    Raises:
        Unsupported: ``segno`` is not installed.
    """
    stream = io.BytesIO()
    _code(key).save(stream, kind="png", scale=scale, border=4)
    return stream.getvalue()


def _code(key: PublicKey) -> Any:
    try:
        segno: Any = import_module("segno")
    except ImportError as error:
        raise Unsupported("QR codes need the package segno, which is not installed", hint="pip install 'cc613hal[ocmf]'") from error
    # upper-case hexadecimal fits QR's alphanumeric mode, which needs a third less than bytes
    return segno.make_qr(key.hex, error="m")
