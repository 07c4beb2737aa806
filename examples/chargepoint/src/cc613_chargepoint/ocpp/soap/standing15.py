"""What a conversation in 1.5 remembers and answers by itself: statuses that its coarser words repeat, and the keys that only 1.5 has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cc613_chargepoint.ocpp.soap.schema import Payload

__all__ = ["IDENTITY_KEY", "Configuration15", "Statuses15"]

IDENTITY_KEY = "ChargePointId"
"""The key of 1.5 that tells the station's identity; read-only here."""
_NEWER = ("supportedfeatureprofiles", "chargeprofile", "chargingschedule", "maxchargingprofiles", "connectorswitch3to1")
"""How keys begin that speak of what 1.5 does not have; folded."""


class Statuses15:
    """Remembers how each connector was told to be: what is ``Occupied`` four times in a row was told once."""

    def __init__(self) -> None:
        self._told: dict[int, Payload] = {}

    def is_new(self, content: Mapping[str, Any]) -> bool:
        """Whether a status, in the words of 1.5, says something new."""
        return self._told.get(content["connectorId"]) != _without_time(content)

    def note(self, action: str, content: Mapping[str, Any]) -> None:
        """Something was told and answered. A boot makes everything new."""
        if action == "BootNotification":
            self._told.clear()
        elif action == "StatusNotification":
            self._told[content["connectorId"]] = _without_time(content)


def _without_time(content: Mapping[str, Any]) -> Payload:
    return {name: value for name, value in content.items() if name != "timestamp"}


class Configuration15:
    """The keys that only 1.5 has, and those that it must not see.

    Args:
        identity: of the station.
    """

    def __init__(self, identity: str) -> None:
        self._identity = identity

    def answered(self, action: str, content: Mapping[str, Any]) -> Payload | None:
        """The answer where the station need not be asked; ``None`` where it must.

        Args:
            action: what is asked.
            content: in the words of 1.5.
        """
        if action == "ChangeConfiguration":
            key = str(content["key"])
            return {"status": "Rejected"} if _is_own(key) else {"status": "NotSupported"} if _is_newer(key) else None
        if action == "GetConfiguration" and (keys := content.get("key")):
            left = [each for each in keys if not _is_own(each) and not _is_newer(each)]
            return None if left else self.completed(content, {})
        return None

    def asked(self, content: Mapping[str, Any]) -> Payload:
        """What the station is asked of a GetConfiguration."""
        keys = [each for each in content.get("key") or () if not _is_own(each) and not _is_newer(each)]
        return {"key": keys} if keys else {}

    def completed(self, content: Mapping[str, Any], answer: Mapping[str, Any]) -> Payload:
        """The answer to a GetConfiguration with the keys of 1.5 in it.

        Args:
            content: what was asked.
            answer: of the station, in the words of 1.5; empty where it was not asked.
        """
        keys = list(content.get("key") or ())
        found = [each for each in answer.get("configurationKey") or () if not _is_newer(each["key"])]
        if not keys or any(_is_own(each) for each in keys):
            found.append({"key": IDENTITY_KEY, "readonly": True, "value": self._identity})
        unknown = [*(answer.get("unknownKey") or ()), *(each for each in keys if _is_newer(each))]
        return {name: entries for name, entries in {"configurationKey": found, "unknownKey": unknown}.items() if entries}


def _is_own(key: str) -> bool:
    return key.casefold() == IDENTITY_KEY.casefold()


def _is_newer(key: str) -> bool:
    return key.casefold().startswith(_NEWER)
