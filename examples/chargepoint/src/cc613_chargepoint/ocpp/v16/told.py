"""The keys that only tell what the station can: they follow from the board and from the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.local_list import LIST_LIMIT, SEND_LIMIT
from cc613_chargepoint.ocpp.v16.keys import MAX_KEYS

__all__ = ["told_keys"]

PROFILES = "Core,LocalAuthListManagement,Reservation,RemoteTrigger"


def told_keys(engine: Engine) -> Mapping[str, Callable[[], str]]:
    """Key → its value now."""
    locks = any(engine.operations.locks(number) for number in engine.operations.connectors)
    return {
        "GetConfigurationMaxKeys": lambda: str(MAX_KEYS),
        "NumberOfConnectors": lambda: str(len(engine.operations.connectors)),
        "SupportedFeatureProfiles": lambda: PROFILES,
        # a vehicle that unplugs at its side has ended the charge: nothing else may be billed (German calibration law; errata 3.80)
        "StopTransactionOnEVSideDisconnect": lambda: "true",
        # a fixed cable cannot be unlocked (errata 3.84); a socket's plug is released with the end of the charge
        "UnlockConnectorOnEVSideDisconnect": lambda: "true" if locks else "false",
        "ConnectorPhaseRotationMaxLength": lambda: "16",
        "MeterValuesAlignedDataMaxLength": lambda: "16",
        "MeterValuesSampledDataMaxLength": lambda: "16",
        "StopTxnAlignedDataMaxLength": lambda: "16",
        "StopTxnSampledDataMaxLength": lambda: "16",
        "SupportedFeatureProfilesMaxLength": lambda: "8",
        "LocalAuthListMaxLength": lambda: str(LIST_LIMIT),
        "SendLocalListMaxLength": lambda: str(SEND_LIMIT),
    }
