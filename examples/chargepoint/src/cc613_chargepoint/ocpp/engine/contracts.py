"""Plug & Charge towards the backend: what the side that speaks with vehicles may ask, whatever the version of the protocol."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from attrs import frozen

from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.ocpp.certificates import HashData

__all__ = ["Contracts", "OcspQuestion", "VehicleCertificate"]


@frozen(kw_only=True)
class OcspQuestion:
    """A certificate whose state is asked for.

    Attributes:
        name: of the certificate, as OCSP has it.
        responder: address of who knows.
    """

    name: HashData
    responder: str


@frozen(kw_only=True)
class VehicleCertificate:
    """What the backend has for a vehicle that wants a contract certificate.

    Attributes:
        accepted: whether there is one.
        exi: the answer for the vehicle, base64, as it came.
    """

    accepted: bool
    exi: str


class Contracts(Protocol):
    """What is asked of the backend. Every function raises :class:`~cc613hal.errors.HalError` where it cannot be asked, or says nonsense."""

    @abstractmethod
    async def authorize_contract(self, emaid: str, *, chain: str | None = None, questions: tuple[OcspQuestion, ...] = ()) -> KnownToken:
        """Whether a contract may charge.

        Args:
            emaid: of the contract, without separators.
            chain: its certificates, PEM, where the station cannot judge them itself.
            questions: certificates whose state shall be looked at, at most 4.
        """

    @abstractmethod
    async def vehicle_certificate(self, exi: str, *, schema: str, update: bool) -> VehicleCertificate:
        """Pass a vehicle's request for a contract certificate on.

        Args:
            exi: the request, base64, as the vehicle said it.
            schema: ISO 15118's name of the messages.
            update: whether it has a certificate already.
        """

    @abstractmethod
    async def ocsp(self, question: OcspQuestion) -> str | None:
        """The OCSP answer for a certificate, base64 of DER; ``None`` if there is none."""

    @abstractmethod
    async def sign_v2g(self) -> bool:
        """Ask for a certificate for the station's side towards vehicles; whether the backend will have it signed."""
