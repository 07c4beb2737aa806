"""A SOAP client that somebody else has written (zeep): asks a station's listener. Arguments: WSDL, address, identity, calls as JSON.

A sixth argument says as JSON how to connect: ``ca``, ``cert`` (files), ``user`` and ``password``, ``deflate`` (questions go out packed).
Prints one JSON list: for each call its result, ``{"fault": …}``, or ``{"refused": …}`` where no answer of SOAP came.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from datetime import datetime
from typing import ClassVar

import requests
from zeep import Client, Transport
from zeep.exceptions import Fault, TransportError
from zeep.helpers import serialize_object

wsdl, address, identity, calls = sys.argv[1:5]
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT")


def with_moments(value):
    if isinstance(value, dict):
        return {name: with_moments(each) for name, each in value.items()}
    if isinstance(value, list):
        return [with_moments(each) for each in value]
    return datetime.fromisoformat(value) if isinstance(value, str) and MOMENT.match(value) else value


class Packed(requests.adapters.HTTPAdapter):
    """Packs what is asked, and notes whether answers come packed."""

    answers: ClassVar[list[str]] = []

    def send(self, request, **more):
        if "deflate" in how:
            request.body = zlib.compress(request.body)
            request.headers.update({"Content-Encoding": "deflate", "Content-Length": str(len(request.body))})
        answer = super().send(request, **more)
        self.answers.append(answer.headers.get("Content-Encoding", ""))
        return answer


how = json.loads(sys.argv[5]) if len(sys.argv) > 5 else {}
session = requests.Session()
session.mount("http://", Packed())
session.mount("https://", Packed())
session.trust_env = False
session.verify, session.cert = how.get("ca", True), how.get("cert")
if "user" in how:
    session.auth = (how["user"], how["password"])
client = Client(wsdl, transport=Transport(session=session))
(binding,) = list(client.wsdl.bindings)
service = client.create_service(binding, address)
results = []
for action, content in json.loads(calls):
    try:
        result = getattr(service, action)(**with_moments(content), _soapheaders={"ChargeBoxIdentity": identity})
        results.append(serialize_object(result, dict))
    except Fault as fault:
        codes = [str(each) for each in (fault.subcodes or [])]
        results.append({"fault": fault.message, "code": str(fault.code), "subcodes": codes})
    except TransportError as error:
        results.append({"refused": str(error.status_code)})
    except requests.exceptions.ConnectionError as error:
        results.append({"refused": type(error).__name__})
if "answers" in how:
    results.append(Packed.answers)
print(json.dumps(results, default=lambda value: value.isoformat() if hasattr(value, "isoformat") else str(value)))
