"""How a card's identifier is written: pure functions.

Backends and older readers disagree about letters, byte order and number base, so all of it is configurable. The wire order is that of
ISO/IEC 14443-3: the byte that arrives first stands first. The number forms are those of Wiegand readers (HID, "Understanding card data
formats"): 26 bits carry 8 bits of facility code and 16 of card number, 34 bits carry 16 and 16; parity bits are not part of the number.
"""

from __future__ import annotations

import enum

from attrs import field, frozen, validators

__all__ = ["RANDOM_FIRST", "UID_LENGTHS", "UidCase", "UidForm", "UidOptions", "UidOrder", "is_random", "written"]

UID_LENGTHS = (4, 7, 10)
"""Single, double and triple size (ISO/IEC 14443-3, section 6.5.4)."""

RANDOM_FIRST = 0x08
"""First byte of a 4-byte identifier made anew at every activation (ISO/IEC 14443-3, section 6.5.4; NXP AN10927)."""


class UidCase(enum.Enum):
    """Letters of the identifier."""

    UPPER = "upper"
    LOWER = "lower"


class UidOrder(enum.Enum):
    """Byte order of the identifier."""

    WIRE = "wire"
    """As the card sends it; what most backends expect."""
    REVERSED = "reversed"
    """Last byte first; what readers that print a little-endian number show."""


class UidForm(enum.Enum):
    """What is written."""

    HEX = "hex"
    """Two digits a byte."""
    DECIMAL = "decimal"
    """The whole identifier as one number, without leading zeros."""
    DECIMAL_10 = "decimal-10"
    """The last four bytes as ten digits: the 32 data bits of a 34-bit Wiegand frame."""
    WIEGAND_26 = "wiegand-26"
    """The last three bytes as three digits of facility code and five of card number."""
    WIEGAND_34 = "wiegand-34"
    """The last four bytes as five digits of facility code and five of card number."""


@frozen(kw_only=True)
class UidOptions:
    """How the identifier is written.

    Attributes:
        uid_form: ``hex``, ``decimal``, ``decimal-10``, ``wiegand-26`` or ``wiegand-34``; the last three use the last bytes only and so are
            less unique than the card.
        uid_case: letters of hexadecimal digits.
        uid_order: byte order, applied before anything else.
        uid_separator: stands between the bytes (``hex``) or between facility code and card number.
        uid_prefix: stands in front.
        uid_length: longest identifier, characters; the rest is cut off. 0 leaves it whole (OCPP 1.6 takes 20).
    """

    uid_form: UidForm = UidForm.HEX
    uid_case: UidCase = UidCase.UPPER
    uid_order: UidOrder = UidOrder.WIRE
    uid_separator: str = field(default="", validator=validators.max_len(2))
    uid_prefix: str = field(default="", validator=validators.max_len(12))
    uid_length: int = field(default=0, validator=[validators.ge(0), validators.le(64)])


def is_random(uid: bytes) -> bool:
    """Whether an identifier is no identity."""
    return len(uid) == 4 and uid[0] == RANDOM_FIRST


def written(uid: bytes, how: UidOptions) -> str:
    """An identifier in wire order, as the options want it.

    Args:
        uid: its bytes.
        how: the options.
    """
    ordered = uid if how.uid_order is UidOrder.WIRE else uid[::-1]
    text = how.uid_prefix + _body(ordered, how)
    return text[: how.uid_length] if how.uid_length else text


def _body(uid: bytes, how: UidOptions) -> str:
    match how.uid_form:
        case UidForm.DECIMAL:
            return str(int.from_bytes(uid, "big"))
        case UidForm.DECIMAL_10:
            return f"{int.from_bytes(uid[-4:], 'big'):010d}"
        case UidForm.WIEGAND_26:
            return f"{uid[-3:][0]:03d}{how.uid_separator}{int.from_bytes(uid[-2:], 'big'):05d}"
        case UidForm.WIEGAND_34:
            return f"{int.from_bytes(uid[-4:-2], 'big'):05d}{how.uid_separator}{int.from_bytes(uid[-2:], 'big'):05d}"
        case UidForm.HEX:
            text = how.uid_separator.join(f"{byte:02X}" for byte in uid)
            return text if how.uid_case is UidCase.UPPER else text.lower()
