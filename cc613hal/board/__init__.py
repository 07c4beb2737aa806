"""Board files, and the open boards made from them.

The two calls most programs need::

    description = load_board("bender.cc613", overlays=["depot.toml"])
    async with open_board(description) as board:
        meter = board.get(EnergyMeter, connector=1)
"""

from __future__ import annotations

from cc613hal.board.loader import check_board, load_board, parse_board
from cc613hal.board.model import BoardDescription, DeviceDescription

__all__ = ["BoardDescription", "DeviceDescription", "check_board", "load_board", "parse_board"]
