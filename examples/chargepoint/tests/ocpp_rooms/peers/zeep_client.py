"""A SOAP client that somebody else has written (zeep): asks a station's listener. Arguments: WSDL, address, identity, calls as JSON.

Prints one JSON list: for each call its result, or ``{"fault": …}``.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime

from zeep import Client
from zeep.exceptions import Fault
from zeep.helpers import serialize_object

wsdl, address, identity, calls = sys.argv[1:5]
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT")


def with_moments(value):
    if isinstance(value, dict):
        return {name: with_moments(each) for name, each in value.items()}
    if isinstance(value, list):
        return [with_moments(each) for each in value]
    return datetime.fromisoformat(value) if isinstance(value, str) and MOMENT.match(value) else value


client = Client(wsdl)
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
print(json.dumps(results, default=lambda value: value.isoformat() if hasattr(value, "isoformat") else str(value)))
