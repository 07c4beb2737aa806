"""Upkeep: firmware taken over, diagnostics collected; behind Protocols that adapters know."""

from __future__ import annotations

from cc613_chargepoint.maintenance.diagnostics_archive import DiagnosticsArchive, RecentLog
from cc613_chargepoint.maintenance.firmware_directory import FirmwareDirectory, ImageCheck, squashfs
from cc613_chargepoint.maintenance.interface import Diagnostics, Firmware, FirmwareRefused, Installation
from cc613_chargepoint.maintenance.masking import MASK, Masking

__all__ = [
    "MASK",
    "Diagnostics",
    "DiagnosticsArchive",
    "Firmware",
    "FirmwareDirectory",
    "FirmwareRefused",
    "ImageCheck",
    "Installation",
    "Masking",
    "RecentLog",
    "squashfs",
]
