"""Eichrecht records: reading, writing, signing, exporting and checking OCMF, and verifying the formats before it.

Pure code: no board, no bus. Signatures need the package ``cryptography`` (extra ``ocmf``), which is imported at the first one.
"""

from cc613hal.ocmf.curves import Curve
from cc613hal.ocmf.errors import KeyUnusable, PagesLost, RecordInvalid, RecordUnreadable, SigningFailed
from cc613hal.ocmf.fields import (
    ChargePointType,
    CurrentType,
    IdentificationFlag,
    IdentificationLevel,
    IdentificationType,
    MeterState,
    PageContext,
    ReadingReason,
    ReadingUnit,
    ResistanceUnit,
    TimeState,
)
from cc613hal.ocmf.identification import (
    AuthorizedBy,
    card_identification,
    contract_identification,
    local_identification,
    no_identification,
    payment_identification,
    phone_identification,
    remote_identification,
    vehicle_identification,
)
from cc613hal.ocmf.keys import PublicKey
from cc613hal.ocmf.pages import FilePageCounter, MemoryPageCounter, PageCounter
from cc613hal.ocmf.reader import read_record
from cc613hal.ocmf.signer import ControllerSigner, ControllerTransaction, SignerIdentity, reading_of
from cc613hal.ocmf.signing import FileKey, SigningKey, sign_payload
from cc613hal.ocmf.values import CableLoss, Identification, OcmfPayload, OcmfReading, OcmfRecord, OcmfTime, Page, SignatureSection
from cc613hal.ocmf.writer import plain_text, write_payload

__all__ = [
    "AuthorizedBy",
    "CableLoss",
    "ChargePointType",
    "ControllerSigner",
    "ControllerTransaction",
    "CurrentType",
    "Curve",
    "FileKey",
    "FilePageCounter",
    "Identification",
    "IdentificationFlag",
    "IdentificationLevel",
    "IdentificationType",
    "KeyUnusable",
    "MemoryPageCounter",
    "MeterState",
    "OcmfPayload",
    "OcmfReading",
    "OcmfRecord",
    "OcmfTime",
    "Page",
    "PageContext",
    "PageCounter",
    "PagesLost",
    "PublicKey",
    "ReadingReason",
    "ReadingUnit",
    "RecordInvalid",
    "RecordUnreadable",
    "ResistanceUnit",
    "SignatureSection",
    "SignerIdentity",
    "SigningFailed",
    "SigningKey",
    "TimeState",
    "card_identification",
    "contract_identification",
    "local_identification",
    "no_identification",
    "payment_identification",
    "phone_identification",
    "plain_text",
    "read_record",
    "reading_of",
    "remote_identification",
    "sign_payload",
    "vehicle_identification",
    "write_payload",
]
