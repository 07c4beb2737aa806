"""Board files, and the open boards made from them.

The two calls most programs need::

    description = load_board("bender.cc613", overlays=["depot.toml"])
    async with open_board(description) as board:
        meter = board.get(EnergyMeter, connector=1)
"""

from __future__ import annotations

from cc613hal.board.board import Board
from cc613hal.board.discovery import Discovery, discover, system_buses
from cc613hal.board.loader import check_board, load_board, parse_board
from cc613hal.board.model import BoardDescription, DeviceDescription
from cc613hal.board.open import open_board
from cc613hal.board.reconnect import BackOff
from cc613hal.board.safety import SafetyReport, shielded
from cc613hal.board.schema import board_schema

__all__ = [
    "BackOff",
    "Board",
    "BoardDescription",
    "DeviceDescription",
    "Discovery",
    "SafetyReport",
    "board_schema",
    "check_board",
    "discover",
    "load_board",
    "open_board",
    "parse_board",
    "shielded",
    "system_buses",
]
