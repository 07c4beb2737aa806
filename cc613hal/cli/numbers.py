"""Numbers on the command line, refused where they are written if they make no sense."""

from __future__ import annotations

import argparse
import math

__all__ = ["port", "rounds", "seconds"]


def seconds(text: str) -> float:
    """A duration: finite and not negative."""
    value = _number(text)
    if not math.isfinite(value) or value < 0.0:
        raise argparse.ArgumentTypeError(f"must be 0 s or more, not {text}")
    return value


def rounds(text: str) -> int:
    """How often: 0 or more."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
    return int(text)


def port(text: str) -> int:
    """A TCP port; 0 stands for any that is free."""
    value = rounds(text)
    if value > 0xFFFF:
        raise argparse.ArgumentTypeError(f"must be 0 to 65535, not {text}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not {text}") from None
