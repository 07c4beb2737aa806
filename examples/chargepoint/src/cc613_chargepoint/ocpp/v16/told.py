"""The keys that only tell what the station can: they follow from the board and from the program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from cc613_chargepoint.ocpp.engine.asked.local_list import LIST_LIMIT, SEND_LIMIT
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.v16.keys import MAX_KEYS, VALUE_LIMIT

__all__ = ["told_keys"]

PROFILES = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"


def told_keys(engine: Engine) -> Mapping[str, Callable[[], str | None]]:
    """Key → its value now; ``None`` where the station has none."""
    meters: Mapping[str, Callable[[], str | None]] = {
        f"MeterPublicKey{number}": functools.partial(engine.signing.key_of, number, VALUE_LIMIT) for number in engine.operations.connectors
    }
    return {
        **meters,
        "GetConfigurationMaxKeys": lambda: str(MAX_KEYS),
        "NumberOfConnectors": lambda: str(len(engine.operations.connectors)),
        "SupportedFeatureProfiles": lambda: PROFILES,
        # a vehicle that unplugs at its side has ended the charge: nothing else may be billed (German calibration law; errata 3.80)
        "StopTransactionOnEVSideDisconnect": lambda: "true",
        "ConnectorPhaseRotationMaxLength": lambda: "16",
        "MeterValuesAlignedDataMaxLength": lambda: "16",
        "MeterValuesSampledDataMaxLength": lambda: "16",
        "StopTxnAlignedDataMaxLength": lambda: "16",
        "StopTxnSampledDataMaxLength": lambda: "16",
        "SupportedFeatureProfilesMaxLength": lambda: "8",
        "ChargeProfileMaxStackLevel": lambda: str(engine.charging.keeper.rules.max_stack_level),
        "ChargingScheduleAllowedChargingRateUnit": lambda: "Current,Power",
        "ChargingScheduleMaxPeriods": lambda: str(engine.charging.keeper.rules.max_periods),
        "MaxChargingProfilesInstalled": lambda: str(engine.charging.keeper.rules.max_profiles),
        "ConnectorSwitch3to1PhaseSupported": lambda: "false",
        "SupportedFileTransferProtocols": lambda: "FTP,FTPS,HTTP,HTTPS,SFTP",
        "CertificateSignedMaxChainSize": lambda: "10000",
        "CertificateStoreMaxLength": lambda: "20" if engine.security is None else str(engine.security.roots.max_length),
        "LocalAuthListMaxLength": lambda: str(LIST_LIMIT),
        "SendLocalListMaxLength": lambda: str(SEND_LIMIT),
    }
