"""Files that a backend wants moved: FTP, FTPS, HTTP, HTTPS, SFTP; with attempts, resumption and bounds."""

from __future__ import annotations

from cc613_chargepoint.ocpp.files.errors import BadLocation, NotTrusted, TooBig, TransferError, TransferFailed, TransferRefused
from cc613_chargepoint.ocpp.files.job import Bounds, HostKeys, Trust
from cc613_chargepoint.ocpp.files.location import SCHEMES, Location, location
from cc613_chargepoint.ocpp.files.sftp import FirstUse
from cc613_chargepoint.ocpp.files.transfer import FileTransfers, Transferred

__all__ = [
    "SCHEMES",
    "BadLocation",
    "Bounds",
    "FileTransfers",
    "FirstUse",
    "HostKeys",
    "Location",
    "NotTrusted",
    "TooBig",
    "TransferError",
    "TransferFailed",
    "TransferRefused",
    "Transferred",
    "Trust",
    "location",
]
