"""Words of OCPP 2.0.1: every value that a text may have (specification edition 3, part 2, chapter 3)."""

from __future__ import annotations

from typing import Literal

__all__ = [
    "ApnAuthentication",
    "AttributeKind",
    "AuthorizationStatus",
    "AuthorizeCertificateStatus",
    "BootReason",
    "CancelReservationStatus",
    "CertificateAction",
    "CertificateSignedStatus",
    "CertificateSigningUse",
    "ChangeAvailabilityStatus",
    "ChargingLimitSource",
    "ChargingProfileKind",
    "ChargingProfilePurpose",
    "ChargingProfileStatus",
    "ChargingRateUnit",
    "ChargingState",
    "ClearCacheStatus",
    "ClearChargingProfileStatus",
    "ClearMessageStatus",
    "ClearMonitoringStatus",
    "ComponentCriterion",
    "Connector",
    "ConnectorStatus",
    "CostKind",
    "CustomerInformationStatus",
    "DataKind",
    "DataTransferStatus",
    "DeleteCertificateStatus",
    "DisplayMessageStatus",
    "EnergyTransferMode",
    "EventNotification",
    "EventTrigger",
    "FirmwareStatus",
    "GenericDeviceModelStatus",
    "GenericStatus",
    "GetCertificateIdUse",
    "GetChargingProfileStatus",
    "GetDisplayMessagesStatus",
    "GetInstalledCertificateStatus",
    "GetVariableStatus",
    "HashAlgorithm",
    "IdTokenKind",
    "InstallCertificateStatus",
    "InstallCertificateUse",
    "Iso15118EVCertificateStatus",
    "Location",
    "LogKind",
    "LogStatus",
    "Measurand",
    "MessageFormat",
    "MessagePriority",
    "MessageState",
    "MessageTrigger",
    "MonitorKind",
    "MonitoringBase",
    "MonitoringCriterion",
    "Mutability",
    "NotifyEVChargingNeedsStatus",
    "OcppInterface",
    "OcppTransport",
    "OcppVersion",
    "OcspStatus",
    "OperationalStatus",
    "Phase",
    "PublishFirmwareStatus",
    "ReadingContext",
    "Reason",
    "RecurrencyKind",
    "RegistrationStatus",
    "ReportBase",
    "RequestStartStopStatus",
    "ReservationUpdateStatus",
    "ReserveNowStatus",
    "ResetKind",
    "ResetStatus",
    "SendLocalListStatus",
    "SetMonitoringStatus",
    "SetNetworkProfileStatus",
    "SetVariableStatus",
    "TransactionEventKind",
    "TriggerMessageStatus",
    "TriggerReason",
    "UnlockStatus",
    "UnpublishFirmwareStatus",
    "Update",
    "UpdateFirmwareStatus",
    "UploadLogStatus",
    "VpnKind",
]

ApnAuthentication = Literal["CHAP", "NONE", "PAP", "AUTO"]
AttributeKind = Literal["Actual", "Target", "MinSet", "MaxSet"]
AuthorizationStatus = Literal[
    "Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation", "NotAtThisTime",
    "Unknown",
]  # fmt: skip
AuthorizeCertificateStatus = Literal[
    "Accepted", "SignatureError", "CertificateExpired", "CertificateRevoked", "NoCertificateAvailable", "CertChainError",
    "ContractCancelled",
]  # fmt: skip
BootReason = Literal[
    "ApplicationReset", "FirmwareUpdate", "LocalReset", "PowerUp", "RemoteReset", "ScheduledReset", "Triggered", "Unknown", "Watchdog",
]  # fmt: skip
CancelReservationStatus = Literal["Accepted", "Rejected"]
CertificateAction = Literal["Install", "Update"]
CertificateSignedStatus = Literal["Accepted", "Rejected"]
CertificateSigningUse = Literal["ChargingStationCertificate", "V2GCertificate"]
ChangeAvailabilityStatus = Literal["Accepted", "Rejected", "Scheduled"]
ChargingLimitSource = Literal["EMS", "Other", "SO", "CSO"]
ChargingProfileKind = Literal["Absolute", "Recurring", "Relative"]
ChargingProfilePurpose = Literal["ChargingStationExternalConstraints", "ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"]
ChargingProfileStatus = Literal["Accepted", "Rejected"]
ChargingRateUnit = Literal["W", "A"]
ChargingState = Literal["Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle"]
ClearCacheStatus = Literal["Accepted", "Rejected"]
ClearChargingProfileStatus = Literal["Accepted", "Unknown"]
ClearMessageStatus = Literal["Accepted", "Unknown"]
ClearMonitoringStatus = Literal["Accepted", "Rejected", "NotFound"]
ComponentCriterion = Literal["Active", "Available", "Enabled", "Problem"]
Connector = Literal[
    "cCCS1", "cCCS2", "cG105", "cTesla", "cType1", "cType2", "s309-1P-16A", "s309-1P-32A", "s309-3P-16A", "s309-3P-32A", "sBS1361",
    "sCEE-7-7", "sType2", "sType3", "Other1PhMax16A", "Other1PhOver16A", "Other3Ph", "Pan", "wInductive", "wResonant", "Undetermined",
    "Unknown",
]  # fmt: skip
ConnectorStatus = Literal["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]
CostKind = Literal["CarbonDioxideEmission", "RelativePricePercentage", "RenewableGenerationPercentage"]
CustomerInformationStatus = Literal["Accepted", "Rejected", "Invalid"]
DataKind = Literal["string", "decimal", "integer", "dateTime", "boolean", "OptionList", "SequenceList", "MemberList"]
DataTransferStatus = Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]
DeleteCertificateStatus = Literal["Accepted", "Failed", "NotFound"]
DisplayMessageStatus = Literal[
    "Accepted", "NotSupportedMessageFormat", "Rejected", "NotSupportedPriority", "NotSupportedState", "UnknownTransaction",
]  # fmt: skip
EnergyTransferMode = Literal["DC", "AC_single_phase", "AC_two_phase", "AC_three_phase"]
EventNotification = Literal["HardWiredNotification", "HardWiredMonitor", "PreconfiguredMonitor", "CustomMonitor"]
EventTrigger = Literal["Alerting", "Delta", "Periodic"]
FirmwareStatus = Literal[
    "Downloaded", "DownloadFailed", "Downloading", "DownloadScheduled", "DownloadPaused", "Idle", "InstallationFailed", "Installing",
    "Installed", "InstallRebooting", "InstallScheduled", "InstallVerificationFailed", "InvalidSignature", "SignatureVerified",
]  # fmt: skip
GenericDeviceModelStatus = Literal["Accepted", "Rejected", "NotSupported", "EmptyResultSet"]
GenericStatus = Literal["Accepted", "Rejected"]
GetCertificateIdUse = Literal[
    "V2GRootCertificate", "MORootCertificate", "CSMSRootCertificate", "V2GCertificateChain", "ManufacturerRootCertificate",
]  # fmt: skip
GetChargingProfileStatus = Literal["Accepted", "NoProfiles"]
GetDisplayMessagesStatus = Literal["Accepted", "Unknown"]
GetInstalledCertificateStatus = Literal["Accepted", "NotFound"]
GetVariableStatus = Literal["Accepted", "Rejected", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"]
HashAlgorithm = Literal["SHA256", "SHA384", "SHA512"]
IdTokenKind = Literal["Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization"]
InstallCertificateStatus = Literal["Accepted", "Rejected", "Failed"]
InstallCertificateUse = Literal["V2GRootCertificate", "MORootCertificate", "CSMSRootCertificate", "ManufacturerRootCertificate"]
Iso15118EVCertificateStatus = Literal["Accepted", "Failed"]
Location = Literal["Body", "Cable", "EV", "Inlet", "Outlet"]
LogKind = Literal["DiagnosticsLog", "SecurityLog"]
LogStatus = Literal["Accepted", "Rejected", "AcceptedCanceled"]
Measurand = Literal[
    "Current.Export", "Current.Import", "Current.Offered", "Energy.Active.Export.Register", "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Register", "Energy.Reactive.Import.Register", "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval", "Energy.Active.Net", "Energy.Reactive.Export.Interval", "Energy.Reactive.Import.Interval",
    "Energy.Reactive.Net", "Energy.Apparent.Net", "Energy.Apparent.Import", "Energy.Apparent.Export", "Frequency",
    "Power.Active.Export", "Power.Active.Import", "Power.Factor", "Power.Offered", "Power.Reactive.Export", "Power.Reactive.Import",
    "SoC", "Voltage",
]  # fmt: skip
MessageFormat = Literal["ASCII", "HTML", "URI", "UTF8"]
MessagePriority = Literal["AlwaysFront", "InFront", "NormalCycle"]
MessageState = Literal["Charging", "Faulted", "Idle", "Unavailable"]
MessageTrigger = Literal[
    "BootNotification", "LogStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues",
    "SignChargingStationCertificate", "SignV2GCertificate", "StatusNotification", "TransactionEvent", "SignCombinedCertificate",
    "PublishFirmwareStatusNotification",
]  # fmt: skip
MonitorKind = Literal["UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned"]
MonitoringBase = Literal["All", "FactoryDefault", "HardWiredOnly"]
MonitoringCriterion = Literal["ThresholdMonitoring", "DeltaMonitoring", "PeriodicMonitoring"]
Mutability = Literal["ReadOnly", "WriteOnly", "ReadWrite"]
NotifyEVChargingNeedsStatus = Literal["Accepted", "Rejected", "Processing"]
OcppInterface = Literal["Wired0", "Wired1", "Wired2", "Wired3", "Wireless0", "Wireless1", "Wireless2", "Wireless3"]
OcppTransport = Literal["JSON", "SOAP"]
OcppVersion = Literal["OCPP12", "OCPP15", "OCPP16", "OCPP20"]
OcspStatus = Literal["Accepted", "Failed"]
OperationalStatus = Literal["Inoperative", "Operative"]
Phase = Literal["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
PublishFirmwareStatus = Literal[
    "Idle", "DownloadScheduled", "Downloading", "Downloaded", "Published", "DownloadFailed", "DownloadPaused", "InvalidChecksum",
    "ChecksumVerified", "PublishFailed",
]  # fmt: skip
ReadingContext = Literal[
    "Interruption.Begin", "Interruption.End", "Other", "Sample.Clock", "Sample.Periodic", "Transaction.Begin", "Transaction.End",
    "Trigger",
]  # fmt: skip
Reason = Literal[
    "DeAuthorized", "EmergencyStop", "EnergyLimitReached", "EVDisconnected", "GroundFault", "ImmediateReset", "Local",
    "LocalOutOfCredit", "MasterPass", "Other", "OvercurrentFault", "PowerLoss", "PowerQuality", "Reboot", "Remote", "SOCLimitReached",
    "StoppedByEV", "TimeLimitReached", "Timeout",
]  # fmt: skip
RecurrencyKind = Literal["Daily", "Weekly"]
RegistrationStatus = Literal["Accepted", "Pending", "Rejected"]
ReportBase = Literal["ConfigurationInventory", "FullInventory", "SummaryInventory"]
RequestStartStopStatus = Literal["Accepted", "Rejected"]
ReservationUpdateStatus = Literal["Expired", "Removed"]
ReserveNowStatus = Literal["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]
ResetKind = Literal["Immediate", "OnIdle"]
ResetStatus = Literal["Accepted", "Rejected", "Scheduled"]
SendLocalListStatus = Literal["Accepted", "Failed", "VersionMismatch"]
SetMonitoringStatus = Literal["Accepted", "UnknownComponent", "UnknownVariable", "UnsupportedMonitorType", "Rejected", "Duplicate"]
SetNetworkProfileStatus = Literal["Accepted", "Rejected", "Failed"]
SetVariableStatus = Literal["Accepted", "Rejected", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType", "RebootRequired"]
TransactionEventKind = Literal["Ended", "Started", "Updated"]
TriggerMessageStatus = Literal["Accepted", "Rejected", "NotImplemented"]
TriggerReason = Literal[
    "Authorized", "CablePluggedIn", "ChargingRateChanged", "ChargingStateChanged", "Deauthorized", "EnergyLimitReached",
    "EVCommunicationLost", "EVConnectTimeout", "MeterValueClock", "MeterValuePeriodic", "TimeLimitReached", "Trigger", "UnlockCommand",
    "StopAuthorized", "EVDeparted", "EVDetected", "RemoteStop", "RemoteStart", "AbnormalCondition", "SignedDataReceived",
    "ResetCommand",
]  # fmt: skip
UnlockStatus = Literal["Unlocked", "UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector"]
UnpublishFirmwareStatus = Literal["DownloadOngoing", "NoFirmware", "Unpublished"]
Update = Literal["Differential", "Full"]
UpdateFirmwareStatus = Literal["Accepted", "Rejected", "AcceptedCanceled", "InvalidCertificate", "RevokedCertificate"]
UploadLogStatus = Literal[
    "BadMessage", "Idle", "NotSupportedOperation", "PermissionDenied", "Uploaded", "UploadFailure", "Uploading", "AcceptedCanceled",
]  # fmt: skip
VpnKind = Literal["IKEv2", "IPSec", "L2TP", "PPTP"]
