"""Smart Message Language: what German electricity meters say over their optical port, and how signed EDL40 records are packed.

Three steps, each usable alone: frames out of a stream of bytes (:mod:`~cc613hal.sml.transport`), values out of bytes
(:mod:`~cc613hal.sml.values`), lists of readings out of values (:mod:`~cc613hal.sml.messages`). Pure; no I/O.

Source: BSI TR-03109-1, annex IV, "Feinspezifikation Drahtgebundene LMN-Schnittstelle, Teil b: SML - Smart Message Language", version 1.04.
"""

from cc613hal.sml.messages import (
    CLOSE_RESPONSE,
    GET_LIST_RESPONSE,
    OPEN_RESPONSE,
    UNITS,
    Entry,
    Message,
    ValueList,
    encode_message,
    encode_value_list,
    obis_code,
    obis_text,
    parse_file,
    parse_value_list,
    value_lists,
)
from cc613hal.sml.transport import Frames, crc16_x25, decode_frame, encode_frame
from cc613hal.sml.values import SmlError, SmlInt, SmlValue, decode_value, encode_value

__all__ = [
    "CLOSE_RESPONSE",
    "GET_LIST_RESPONSE",
    "OPEN_RESPONSE",
    "UNITS",
    "Entry",
    "Frames",
    "Message",
    "SmlError",
    "SmlInt",
    "SmlValue",
    "ValueList",
    "crc16_x25",
    "decode_frame",
    "decode_value",
    "encode_frame",
    "encode_message",
    "encode_value",
    "encode_value_list",
    "obis_code",
    "obis_text",
    "parse_file",
    "parse_value_list",
    "value_lists",
]
