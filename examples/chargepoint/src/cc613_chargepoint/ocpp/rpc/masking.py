"""What goes over a wire, without its secrets: for logs. Pure.

A secret is known by its name (of a member, a configuration key, a variable, a parameter of an address), by where it stands (in the
credentials of an address, behind ``Authorization: Basic``), or by its form (a private key). What is masked once too often costs a look
into the settings; what is not masked costs the key. A stranger may have written what is looked through: every pattern takes time in
proportion to the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["MASK", "masked", "masked_text"]

MASK = "•••"
PERSONAL_MEMBERS = frozenset({"idtag", "parentidtag"})
_SECRET_NAME = re.compile(r"password|passwd|passphrase|secret|authorizationkey|privatekey|vpnkey|vpnuser|apnuser|simpin", re.IGNORECASE)
"""In names of members, configuration keys (1.6) and variables (2.0.1: SecurityCtrlr, NetworkConfiguration)."""
_TUNNEL = frozenset({"user", "key", "password", "group"})
"""Members of a tunnel's description (2.0.1: VPNType) that let somebody in."""
_VALUES = frozenset({"value", "attributevalue"})
_DEEPEST = 64
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_BEHIND = re.compile(r"(Authorization\W{1,6}(?:Basic|Bearer|Digest)\s+)[^\s\"'<>]+", re.IGNORECASE)
_ADDRESS = re.compile(r"://([^\s\"'<>\\]+)")
_SECRET_QUERY = re.compile(r"pass|pwd|secret|token|sig|key|auth|credential", re.IGNORECASE)
_PORT = re.compile(r"[^:]*|\[[^\]]*\](:\d*)?|[^:]+:\d*")
_TEXT = r'"(?:\\.|[^"\\])*(?:"|\Z)'
_MEMBER = re.compile(rf'("([^"\\]*)"\s*:\s*)({_TEXT}|[^\s,"{{}}\[\]]+)')
_ELEMENT = re.compile(r"(<(?:[\w.-]++:)?+([\w.-]++)[^<>]*+>)([^<>]+)")


def masked(value: Any, *, personal: bool = False) -> Any:
    """A payload without its secrets.

    Args:
        value: of JSON.
        personal: whether identifiers of customers are shortened too.
    """
    return _masked(value, personal, _DEEPEST)


def masked_text(text: str) -> str:
    """A text that is no frame, or whose frame was torn: members of JSON and elements of XML are looked for by their names."""
    if _SECRET_NAME.search(text):
        text = _MEMBER.sub(lambda found: found[1] + f'"{MASK}"' if _hides(found[2]) else found[0], text)
        text = _ELEMENT.sub(lambda found: found[1] + MASK if _hides(found[2]) else found[0], text)
    return _plain(text)


def _hides(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) or name.casefold() in _VALUES


def _masked(value: Any, personal: bool, depth: int) -> Any:
    if depth <= 0:
        return MASK
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        secret = any(_SECRET_NAME.search(name) for name in _names(entries))
        return {name: _member(name, each, secret, personal, depth - 1) for name, each in entries.items()}
    if isinstance(value, list):
        return [_masked(each, personal, depth - 1) for each in cast("Sequence[Any]", value)]
    return _string(value, personal, depth) if isinstance(value, str) else value


def _names(entries: Mapping[str, Any]) -> list[str]:
    """How a configuration key or a variable is called whose value stands beside."""
    variable = entries.get("variable")
    named = entries.get("key"), cast("Mapping[str, Any]", variable).get("name") if isinstance(variable, Mapping) else None
    return [each for each in named if isinstance(each, str)]


def _member(name: str, value: Any, secret: bool, personal: bool, depth: int) -> Any:
    folded = name.casefold()
    if (_SECRET_NAME.search(folded) and isinstance(value, str | int | float)) or (secret and folded in _VALUES):
        return MASK
    if secret and folded == "variableattribute" and isinstance(value, list):  # of a report: the value stands one level below
        attributes = cast("Sequence[Any]", value)
        return [{**each, "value": MASK} if isinstance(each, Mapping) and "value" in each else each for each in attributes]
    if folded == "vpn" and isinstance(value, Mapping):
        tunnel = cast("Mapping[str, Any]", value)
        return {
            inner: MASK if inner.casefold() in _TUNNEL else _member(inner, each, secret, personal, depth) for inner, each in tunnel.items()
        }
    if personal and folded in PERSONAL_MEMBERS and isinstance(value, str):
        return value[:2] + MASK
    return _masked(value, personal, depth)


def _string(text: str, personal: bool, depth: int) -> str:
    if text[:1] in {"{", "["}:  # JSON within JSON, as DataTransfer carries it
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            return masked_text(text)
        hidden = _masked(inner, personal, depth - 1)
        return text if hidden == inner else json.dumps(hidden, ensure_ascii=False, separators=(",", ":"))
    if text[:1] == "<":
        return masked_text(text)
    return _plain(text)


def _plain(text: str) -> str:
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(MASK, text)
    if "://" in text:
        text = _ADDRESS.sub(lambda found: "://" + _without_credentials(found[1]), text)
    return _BEHIND.sub(rf"\g<1>{MASK}", text)


def _without_credentials(rest: str) -> str:
    """What stands behind ``://``. A password may have a slash in it although it must not: then more goes than would have to."""
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        rest = f"{MASK}@{authority.rpartition('@')[2]}{slash}{path}"
    elif "@" in rest and not _PORT.fullmatch(authority):
        rest = f"{MASK}@{rest.rpartition('@')[2]}"
    where, mark, query = rest.partition("?")
    return where + mark + "&".join(_parameter(each) for each in query.split("&"))


def _parameter(text: str) -> str:
    name, equals, value = text.partition("=")
    return f"{name}={MASK}" if equals and value and _SECRET_QUERY.search(name) else text
