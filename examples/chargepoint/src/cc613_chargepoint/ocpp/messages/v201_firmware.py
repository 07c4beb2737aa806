"""Messages of OCPP 2.0.1: Firmware and display messages (functional blocks L and O)."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text
from cc613_chargepoint.ocpp.messages.v201_types import Extensible, FirmwareToInstall, MessageInfo, StatusInfo
from cc613_chargepoint.ocpp.messages.v201_words import (
    ClearMessageStatus,
    DisplayMessageStatus,
    FirmwareStatus,
    GenericStatus,
    GetDisplayMessagesStatus,
    MessagePriority,
    MessageState,
    PublishFirmwareStatus,
    UnpublishFirmwareStatus,
    UpdateFirmwareStatus,
)

__all__ = [
    "ClearDisplayMessage",
    "ClearDisplayMessageResponse",
    "FirmwareStatusNotification",
    "FirmwareStatusNotificationResponse",
    "GetDisplayMessages",
    "GetDisplayMessagesResponse",
    "NotifyDisplayMessages",
    "NotifyDisplayMessagesResponse",
    "PublishFirmware",
    "PublishFirmwareResponse",
    "PublishFirmwareStatusNotification",
    "PublishFirmwareStatusNotificationResponse",
    "SetDisplayMessage",
    "SetDisplayMessageResponse",
    "UnpublishFirmware",
    "UnpublishFirmwareResponse",
    "UpdateFirmware",
    "UpdateFirmwareResponse",
]


@frozen(kw_only=True)
class UpdateFirmware(Extensible):
    """An image shall be fetched and installed."""

    request_id: int
    firmware: FirmwareToInstall
    retries: int | None = None
    retry_interval: int | None = None


@frozen(kw_only=True)
class UpdateFirmwareResponse(Extensible):
    """What is answered to :class:`UpdateFirmware`."""

    status: UpdateFirmwareStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class FirmwareStatusNotification(Extensible):
    """How far an update is."""

    status: FirmwareStatus
    request_id: int | None = None


@frozen(kw_only=True)
class FirmwareStatusNotificationResponse(Extensible):
    """What is answered to :class:`FirmwareStatusNotification`."""


@frozen(kw_only=True)
class PublishFirmware(Extensible):
    """An image shall be kept for others."""

    location: Annotated[str, Text(512)]
    checksum: Annotated[str, Text(32)]
    request_id: int
    retries: int | None = None
    retry_interval: int | None = None


@frozen(kw_only=True)
class PublishFirmwareResponse(Extensible):
    """What is answered to :class:`PublishFirmware`."""

    status: GenericStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class PublishFirmwareStatusNotification(Extensible):
    """How far the keeping of an image is."""

    status: PublishFirmwareStatus
    location: Annotated[tuple[Annotated[str, Text(512)], ...], Items(1)] | None = None
    request_id: int | None = None


@frozen(kw_only=True)
class PublishFirmwareStatusNotificationResponse(Extensible):
    """What is answered to :class:`PublishFirmwareStatusNotification`."""


@frozen(kw_only=True)
class UnpublishFirmware(Extensible):
    """An image shall be kept no longer."""

    checksum: Annotated[str, Text(32)]


@frozen(kw_only=True)
class UnpublishFirmwareResponse(Extensible):
    """What is answered to :class:`UnpublishFirmware`."""

    status: UnpublishFirmwareStatus


@frozen(kw_only=True)
class SetDisplayMessage(Extensible):
    """A message shall be shown."""

    message: MessageInfo


@frozen(kw_only=True)
class SetDisplayMessageResponse(Extensible):
    """What is answered to :class:`SetDisplayMessage`."""

    status: DisplayMessageStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class GetDisplayMessages(Extensible):
    """Messages on the display shall be told."""

    request_id: int
    id: Annotated[tuple[int, ...], Items(1)] | None = None
    priority: MessagePriority | None = None
    state: MessageState | None = None


@frozen(kw_only=True)
class GetDisplayMessagesResponse(Extensible):
    """What is answered to :class:`GetDisplayMessages`."""

    status: GetDisplayMessagesStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class NotifyDisplayMessages(Extensible):
    """Messages on the display, in parts."""

    request_id: int
    message_info: Annotated[tuple[MessageInfo, ...], Items(1)] | None = None
    tbc: bool | None = None


@frozen(kw_only=True)
class NotifyDisplayMessagesResponse(Extensible):
    """What is answered to :class:`NotifyDisplayMessages`."""


@frozen(kw_only=True)
class ClearDisplayMessage(Extensible):
    """A message shall leave the display."""

    id: int


@frozen(kw_only=True)
class ClearDisplayMessageResponse(Extensible):
    """What is answered to :class:`ClearDisplayMessage`."""

    status: ClearMessageStatus
    status_info: StatusInfo | None = None
