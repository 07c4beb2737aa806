"""One signed value as files, meters and backends pass it on: the signed data with its encoding, the key, and where it belongs."""

from __future__ import annotations

import base64
import binascii
import enum

from attrs import frozen

from cc613hal.ocmf.errors import RecordUnreadable

__all__ = ["SignedValue", "ValueContext", "ValueFormat", "format_named"]


_OCMF_IN_HEX = "4F434D467C"


class ValueFormat(enum.Enum):
    """What ``signedData`` holds, as the transparency software names it."""

    OCMF = "OCMF"
    EDL_40_P = "EDL_40_P"
    EDL_40_SIG = "EDL_40_SIG"
    EDL_40_MENNEKES = "EDL_40_MENNEKES"
    ISA_EDL_40_P = "ISA_EDL_40_P"
    ALFEN = "ALFEN"
    PCDF = "PCDF"


class ValueContext(enum.Enum):
    """Where in a transaction a value belongs, as OCPP names it."""

    BEGIN = "Transaction.Begin"
    END = "Transaction.End"
    PERIODIC = "Sample.Periodic"
    CLOCK = "Sample.Clock"
    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"


@frozen(kw_only=True)
class SignedValue:
    """One value of a file, as it stands there.

    Attributes:
        data: the signed data, encoded as ``encoding`` says.
        format: ``OCMF``, ``EDL_40_P`` …; empty if the file does not say.
        encoding: ``plain``, ``hex``, ``base64`` or ``base32``; empty if the file does not say.
        key: the public key; empty without one.
        key_encoding: as ``encoding``.
        transaction_id: binds the values of a transaction; empty without.
        context: ``Transaction.Begin`` …; empty without.
        line: in the file, from 1 on.
        source: which file, where several are read.
    """

    data: str
    format: str = ""
    encoding: str = ""
    key: str = ""
    key_encoding: str = ""
    transaction_id: str = ""
    context: str = ""
    line: int = 0
    source: str = ""

    def content(self) -> bytes:
        """The signed data without its encoding; an encoding that is not said is found out.

        Raises:
            RecordUnreadable: the data are not encoded as the file says.
        """
        text = self.data.strip()
        try:
            if self.encoding == "base64":
                return base64.b64decode("".join(text.split()), validate=True)
            if self.encoding == "base32":
                return base64.b32decode("".join(text.split()).upper())
            if self.encoding == "hex" or (text[:2].upper() in {"1B", "76"} and "|" not in text) or text[:10].upper() == _OCMF_IN_HEX:
                return bytes.fromhex(text)
            if not self.encoding and self.format.startswith(("EDL", "ISA")) and not text.startswith(("<", "{")):
                return base64.b64decode("".join(text.split()), validate=True)  # a telegram that is not hexadecimal
        except (binascii.Error, ValueError) as error:
            raise RecordUnreadable(f"the data are not {self.encoding or 'hex'} as they should be") from error
        if self.encoding not in {"", "plain"}:
            raise RecordUnreadable(f"the encoding {self.encoding!r} is none of plain, hex, base64 and base32")
        return text.encode("utf-8")


_SPELLINGS = {"SMLEDL40P": "EDL_40_P", "SMLEDL40SIG": "EDL_40_SIG", "EDL40": "EDL_40_P", "MENNEKES": "EDL_40_MENNEKES"}
_BARE = {each.value.replace("_", ""): each.value for each in ValueFormat} | _SPELLINGS


def format_named(text: str) -> str:
    """The format of a name as files spell it (``ocmf``, ``SML_EDL40_P``); a name that nobody knows stays as it is."""
    return _BARE.get(text.strip().upper().replace("_", "").replace("-", ""), text.strip())
