"""OCPP-S: the messages of 1.5 and 1.6 over SOAP 1.2, as client and as listener; the content is the same plain values as JSON has."""

from __future__ import annotations

from cc613_chargepoint.ocpp.soap.client import Backend, SoapClient
from cc613_chargepoint.ocpp.soap.dialect15 import from_15, to_15
from cc613_chargepoint.ocpp.soap.errors import FaultCode, SoapError, SoapFault, SoapInvalid, SoapUnanswered, SoapUnreachable
from cc613_chargepoint.ocpp.soap.listener import Asked, Handler, Listening, SoapListener
from cc613_chargepoint.ocpp.soap.schema import Payload, Schema, Service, schema_of
from cc613_chargepoint.ocpp.soap.wire import SoapEndpoint, SoapWire, Spoken, soap_connected

__all__ = [
    "Asked",
    "Backend",
    "FaultCode",
    "Handler",
    "Listening",
    "Payload",
    "Schema",
    "Service",
    "SoapClient",
    "SoapEndpoint",
    "SoapError",
    "SoapFault",
    "SoapInvalid",
    "SoapListener",
    "SoapUnanswered",
    "SoapUnreachable",
    "SoapWire",
    "Spoken",
    "from_15",
    "schema_of",
    "soap_connected",
    "to_15",
]
