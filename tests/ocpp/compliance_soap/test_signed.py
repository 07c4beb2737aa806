"""Signed meter values over SOAP, in 1.5 and in 1.6: the same values, the same keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cc613_chargepoint.ocpp.soap import Spoken
from tests.ocpp.bench import Bench
from tests.ocpp.signed import Signature, checked, signatures16, station_that_signs
from tests.ocpp.soap_central import play

REGISTER = "Energy.Active.Import.Register"
KEYS = {
    "SampledDataSignReadings": True, "SampledDataSignStartedReadings": True, "SampledDataSignUpdatedReadings": True,
    "StartTxnSampledData": REGISTER, "MeterValueSampleInterval": 20,
}  # fmt: skip


def signed(payload: dict[str, Any], spoken: Spoken) -> list[Signature]:
    """What MeterValues or StopTransaction tells signed; 1.5 has other names around the same values."""
    if spoken is Spoken.V16:
        return signatures16(payload.get("transactionData") or payload["meterValue"])
    values = payload["values"] if "values" in payload else [value for each in payload["transactionData"] for value in each["values"]]
    return signatures16([{"timestamp": each["timestamp"], "sampledValue": each["value"]} for each in values])


@pytest.mark.parametrize("bare", [False, True], ids=["container", "bare"])
@pytest.mark.parametrize("spoken", list(Spoken), ids=lambda spoken: spoken.name)
def test_begin_values_in_between_and_end_are_signed(spoken: Spoken, bare: bool, tmp_path: Path) -> None:
    async def story(it: Bench) -> None:
        await it.configure(**KEYS)
        it.plug()
        await it.remote_start()
        await it.central.expect("StartTransaction")
        await it.sleep(50.0)
        await it.central.ask("RemoteStopTransaction", transactionId=it.central.transaction)
        await it.central.expect("StopTransaction", transactionId=it.central.transaction)
        key = await it.key("MeterPublicKey1")
        told = []
        for each in it.central.heard:
            if each.action in {"MeterValues", "StopTransaction"}:
                told += signed(each.payload, spoken)
        assert [checked(each, key) for each in told] == ["B", "C", "C", "B", "E"]
        assert [bool(each.key) for each in told] == [not bare] * 5

    play(story, spoken, board=station_that_signs(tmp_path), settings={"ocpp.signed_bare": bare})
