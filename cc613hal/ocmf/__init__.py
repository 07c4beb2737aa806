"""Eichrecht records: reading, writing, signing, exporting and checking OCMF, and verifying the formats before it.

Pure code: no board, no bus. Signatures need the package ``cryptography`` (extra ``ocmf``), which is imported at the first one.
"""

from cc613hal.ocmf.checker import Checker, RecordVerdict, Rules, Summary, TransactionVerdict
from cc613hal.ocmf.container import read_values, value_of, write_values
from cc613hal.ocmf.curves import Curve
from cc613hal.ocmf.edl import EdlRecord, EdlValue, read_edl
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
from cc613hal.ocmf.findings import Finding, FindingCode, Severity, Status
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
from cc613hal.ocmf.label import qr_png, qr_svg
from cc613hal.ocmf.ocpp import (
    SignedValueForm,
    meter_value_16,
    meter_value_201,
    sampled_value_16,
    sampled_value_201,
    signed_meter_value,
    transaction_data_16,
    unwrap,
    whole_wh,
)
from cc613hal.ocmf.pages import FilePageCounter, MemoryPageCounter, PageCounter
from cc613hal.ocmf.reader import read_record
from cc613hal.ocmf.signed_value import SignedValue, ValueContext, ValueFormat
from cc613hal.ocmf.signer import ControllerSigner, ControllerTransaction, SignerIdentity, reading_of
from cc613hal.ocmf.signing import FileKey, SigningKey, sign_payload
from cc613hal.ocmf.values import CableLoss, Identification, OcmfPayload, OcmfReading, OcmfRecord, OcmfTime, Page, SignatureSection
from cc613hal.ocmf.writer import plain_text, write_payload

__all__ = [
    "AuthorizedBy",
    "CableLoss",
    "ChargePointType",
    "Checker",
    "ControllerSigner",
    "ControllerTransaction",
    "CurrentType",
    "Curve",
    "EdlRecord",
    "EdlValue",
    "FileKey",
    "FilePageCounter",
    "Finding",
    "FindingCode",
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
    "RecordVerdict",
    "ResistanceUnit",
    "Rules",
    "Severity",
    "SignatureSection",
    "SignedValue",
    "SignedValueForm",
    "SignerIdentity",
    "SigningFailed",
    "SigningKey",
    "Status",
    "Summary",
    "TimeState",
    "TransactionVerdict",
    "ValueContext",
    "ValueFormat",
    "card_identification",
    "contract_identification",
    "local_identification",
    "meter_value_16",
    "meter_value_201",
    "no_identification",
    "payment_identification",
    "phone_identification",
    "plain_text",
    "qr_png",
    "qr_svg",
    "read_edl",
    "read_record",
    "read_values",
    "reading_of",
    "remote_identification",
    "sampled_value_16",
    "sampled_value_201",
    "sign_payload",
    "signed_meter_value",
    "transaction_data_16",
    "unwrap",
    "value_of",
    "vehicle_identification",
    "whole_wh",
    "write_payload",
    "write_values",
]
