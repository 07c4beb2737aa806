"""The ids of OCPP 2.0.1 that count here, and the page that says of each whether it passes.

Core, Advanced Security, Local Authorization List Management and Smart Charging. Ids and titles: Open Charge Alliance, OCPP 2.0.1 edition 3, part 5
"Certification profiles", section 4, public; ``M`` is mandatory for the profile, ``C`` conditional on a feature that the station declares.
Run as a program it writes the page.
"""

# ruff: noqa: E501  # titles are as long as they are

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "ocpp201-compliance.md"

CASES: dict[str, tuple[str, str]] = {
    "TC_A_01": ("M", "Basic Authentication: Valid username/password combination"),
    "TC_A_09": ("M", "Update Charging Station Password for HTTP Basic Authentication: Accepted"),
    "TC_A_10": ("M", "Update Charging Station Password for HTTP Basic Authentication: Rejected"),
    "TC_A_04": ("M", "TLS - server-side certificate: Valid certificate"),
    "TC_A_05": ("M", "TLS - server-side certificate: Invalid certificate"),
    "TC_A_06": ("M", "TLS - server-side certificate: TLS version too low"),
    "TC_A_19": ("M", "Upgrade Charging Station Security Profile: Accepted"),
    "TC_A_20": ("C", "Upgrade Charging Station Security Profile: No valid CSMSRootCertificate installed"),
    "TC_A_22": ("M", "Upgrade Charging Station Security Profile: Downgrade security profile - Rejected"),
    "TC_B_01": ("M", "Cold Boot Charging Station: Accepted"),
    "TC_B_02": ("M", "Cold Boot Charging Station: Pending"),
    "TC_B_03": ("M", "Cold Boot Charging Station: Rejected"),
    "TC_B_30": ("M", "Cold Boot Charging Station: Pending/Rejected - SecurityError"),
    "TC_B_51": ("M", "Status change during offline period: longer than Offline Threshold"),
    "TC_B_52": ("M", "Status change during offline period: shorter than Offline Threshold"),
    "TC_B_06": ("M", "Get Variables: single value"),
    "TC_B_07": ("M", "Get Variables: multiple values"),
    "TC_B_32": ("M", "Get Variables: Unknown component"),
    "TC_B_33": ("M", "Get Variables: Unknown variable"),
    "TC_B_34": ("M", "Get Variables: Not supported attribute type"),
    "TC_B_09": ("M", "Set Variables: single value"),
    "TC_B_10": ("M", "Set Variables: multiple values"),
    "TC_B_35": ("M", "Set Variables: Unknown component"),
    "TC_B_36": ("M", "Set Variables: Unknown variable"),
    "TC_B_37": ("M", "Set Variables: Not supported attribute type"),
    "TC_B_11": ("M", "Set Variables: invalidly formatted values"),
    "TC_B_39": ("M", "Set Variables: Read-only"),
    "TC_B_12": ("M", "Get Base Report: ConfigurationInventory"),
    "TC_B_13": ("M", "Get Base Report: FullInventory"),
    "TC_B_15": ("C", "Get Base Report: Not Supported base report"),
    "TC_B_53": ("M", "Get Base Report: Test mandatory DM variables via FullInventory"),
    "TC_B_20": ("M", "Reset Charging Station: Without ongoing transaction - OnIdle"),
    "TC_B_21": ("M", "Reset Charging Station: With Ongoing Transaction - OnIdle"),
    "TC_B_22": ("M", "Reset Charging Station: With Ongoing Transaction - Immediate"),
    "TC_B_23": ("M", "Reset Charging Station: Unavailable persists reset"),
    "TC_B_41": ("C", "Reset Charging Station: With multiple ongoing transactions - OnIdle"),
    "TC_B_25": ("C", "Reset EVSE: Without ongoing transaction"),
    "TC_B_26": ("C", "Reset EVSE: With Ongoing Transaction - OnIdle"),
    "TC_B_27": ("C", "Reset EVSE: With Ongoing Transaction - Immediate"),
    "TC_B_28": ("C", "Reset EVSE: Not Supported"),
    "TC_B_29": ("C", "Reset EVSE: With ongoing transaction - Not Supported"),
    "TC_B_43": ("M", "Set new NetworkConnectionProfile: Rejected"),
    "TC_B_45": ("M", "Migrate to new ConnectionProfile: Success - Same CSMS Root"),
    "TC_B_46": ("M", "Migrate to new ConnectionProfile: Fallback mechanism - Same CSMS Root"),
    "TC_B_47": (
        "C",
        "Migrate to new ConnectionProfile: Fallback after NetworkProfileConnectionAttempts per NetworkConfigurationPriority failed - New CSMS Root - New CSMS",
    ),
    "TC_B_49": (
        "C",
        "Migrate to new ConnectionProfile: Fallback after NetworkProfileConnectionAttempts per NetworkConfigurationPriority failed - Same CSMS Root",
    ),
    "TC_B_50": ("M", "Migrate to new ConnectionProfile: Success - New CSMS Root - New CSMS"),
    "TC_B_57": ("M", "Network Reconnection: After connection loss"),
    "TC_C_02": ("C", "Local start transaction: Authorization Invalid/Unknown"),
    "TC_C_06": ("C", "Local start transaction: Authorization Restricted"),
    "TC_C_07": ("C", "Local start transaction: Authorization Expired"),
    "TC_E_38": ("C", "Local start transaction: EV not ready"),
    "TC_C_56": ("C", "Local start transaction: Authorization Unknown"),
    "TC_C_05": ("C", "Local start transaction: Authorization invalid - Cable lock"),
    "TC_C_04": ("C", "Local Stop Transaction: Different idToken"),
    "TC_E_06": ("C", "Local Stop Transaction: Accepted"),
    "TC_C_39": ("C", "Authorization by GroupId: Success"),
    "TC_C_45": ("C", "Authorization by GroupId: Master pass - Not able to start transaction + groupld"),
    "TC_C_42": ("C", "Authorization by GroupId: Not stopped by GroupId"),
    "TC_C_26": ("C", "Offline Authorization: Unknown Id"),
    "TC_C_47": ("C", "Stop Transaction with a Master Pass: With UI - All transactions"),
    "TC_C_48": ("C", "Stop Transaction with a Master Pass: With UI - Specific transactions"),
    "TC_C_49": ("C", "Stop Transaction with a Master Pass: Without UI"),
    "TC_C_32": ("C", "Store Authorization Data in the Authorization Cache: Persistent over reboot"),
    "TC_C_33": ("C", "Store Authorization Data in the Authorization Cache: Update on AuthorizeResponse"),
    "TC_C_34": ("C", "Store Authorization Data in the Authorization Cache: Update on TransactionResponse"),
    "TC_C_36": ("C", "Store Authorization Data in the Authorization Cache: AuthCacheCtrl.LocalPreAuthorize = false"),
    "TC_C_46": ("C", "Store Authorization Data in the Authorization Cache: AuthCacheLifeTime"),
    "TC_C_37": ("C", "Clear Authorization Data in Authorization Cache: Accepted"),
    "TC_C_38": ("C", "Clear Authorization Data in Authorization Cache: Rejected"),
    "TC_C_41": ("C", "Authorization by GroupId: Success with Authorization Cache"),
    "TC_C_44": ("C", "Authorization by GroupId: Invalid status with Authorization Cache"),
    "TC_C_08": ("C", "Authorization through authorization cache: Accepted"),
    "TC_C_09": ("C", "Authorization through authorization cache: Invalid & Not Accepted"),
    "TC_C_12": ("C", "Authorization through authorization cache: Invalid & Accepted"),
    "TC_C_10": ("C", "Authorization through authorization cache: Blocked"),
    "TC_C_11": ("C", "Authorization through authorization cache: Expired"),
    "TC_C_13": ("C", "Authorization through authorization cache: Accepted but cable not connected yet."),
    "TC_C_15": ("C", "Authorization through authorization cache: StopTxOnInvalidId = false, MaxEnergyOnInvalidId > 0"),
    "TC_C_16": ("C", "Authorization through authorization cache: StopTxOnInvalidId = true"),
    "TC_C_17": ("C", "Authorization through authorization cache: StopTxOnInvalidId = false"),
    "TC_C_18": ("C", "Authorization through authorization cache: StopTxOnInvalidId = true, MaxEnergyOnInvalidId > 0"),
    "TC_C_57": ("C", "Authorization through authorization cache: AuthCacheDisablePostAuthorize"),
    "TC_E_03": ("C", "Local start transaction - Cable plugin first: Success"),
    "TC_E_04": ("C", "Local start transaction - Authorization first: Success"),
    "TC_E_05": ("C", "Local start transaction - Authorization first: Cable plugin timeout"),
    "TC_E_52": ("C", "Local start transaction - Authorization first: DisableRemoteAuthorization"),
    "TC_E_09": ("C", "Start transaction options: EVConnected"),
    "TC_E_10": ("C", "Start transaction options: Authorized - Local"),
    "TC_E_13": ("C", "Start transaction options: Authorized - Remote"),
    "TC_E_11": ("C", "Start transaction options: DataSigned"),
    "TC_E_01": ("C", "Start transaction options: PowerPathClosed"),
    "TC_E_02": ("C", "Start transaction options: EnergyTransfer"),
    "TC_E_12": ("C", "Start transaction options: ParkingBayOccupied"),
    "TC_E_14": ("C", "Stop transaction options: EVDisconnected - Charging Station side"),
    "TC_E_20": ("C", "Stop transaction options: EVDisconnected - EV side (able to charge IEC 61851-1 EV)"),
    "TC_E_54": ("C", "Stop transaction options: EVDisconnected - EV side (not able to charge IEC 61851-1 EV)"),
    "TC_E_15": ("C", "Stop transaction options: StopAuthorized - Local"),
    "TC_E_21": ("C", "Stop transaction options: StopAuthorized - Remote"),
    "TC_E_16": ("C", "Stop transaction options: Deauthorized - Invalid idToken"),
    "TC_E_17": ("C", "Stop transaction options: Deauthorized - EV side disconnect"),
    "TC_E_39": ("M", "Stop transaction options: Deauthorized - timeout"),
    "TC_E_07": ("C", "Stop transaction options: PowerPathClosed - Local stop"),
    "TC_E_35": ("C", "Stop transaction options: PowerPathClosed - Remote stop"),
    "TC_E_37": ("C", "Stop transaction options: PowerPathClosed - EV side disconnect"),
    "TC_E_08": ("C", "Stop transaction options: EnergyTransfer stopped - StopAuthorized"),
    "TC_E_22": ("C", "Stop transaction options: EnergyTransfer stopped - SuspendedEV"),
    "TC_E_19": ("C", "Stop transaction options: ParkingBayUnoccupied"),
    "TC_E_24": ("C", "Disconnect cable on EV-side: Deauthorize transaction - UnlockOnEVSideDisconnect is true"),
    "TC_E_25": ("C", "Disconnect cable on EV-side: Deauthorize transaction - UnlockOnEVSideDisconnect is false"),
    "TC_E_26": ("C", "Disconnect cable on EV-side: Suspend transaction"),
    "TC_E_27": ("C", "Disconnect cable on EV-side: Suspend transaction - Fixed cable connection timeout"),
    "TC_E_41": ("M", "Retry sending transaction message when failed: Max retry count reached"),
    "TC_E_42": ("M", "Retry sending transaction message when failed: Success before reaching the max retry count"),
    "TC_E_50": ("M", "Retry sending transaction message when failed: Max retry count reached - CallError"),
    "TC_E_51": ("M", "Retry sending transaction message when failed: Success before reaching the max retry count - CallError"),
    "TC_E_40": ("M", "Offline Behaviour: Connection loss during transaction"),
    "TC_E_43": ("C", "Offline Behaviour: Transaction during offline period"),
    "TC_E_44": ("C", "Offline Behaviour: Stop transaction during offline period"),
    "TC_E_45": ("C", "Offline Behaviour: Stop transaction during offline period - Same GroupId"),
    "TC_E_28": ("M", "Check Transaction status: TransactionId unknown"),
    "TC_E_29": ("M", "Check Transaction status: Transaction with id ongoing - with message in queue"),
    "TC_E_30": ("M", "Check Transaction status: Transaction with id ongoing - without message in queue"),
    "TC_E_31": ("C", "Check Transaction status: Transaction with id ended - with message in queue"),
    "TC_E_32": ("M", "Check Transaction status: Transaction with id ended - without message in queue"),
    "TC_E_33": ("M", "Check Transaction status: Without transactionId - with message in queue"),
    "TC_E_34": ("M", "Check Transaction status: Without transactionId - without message in queue"),
    "TC_F_01": ("C", "Remote start transaction: Cable plugin first"),
    "TC_F_02": ("C", "Remote start transaction: Remote start first - AuthorizationRemoteStart is true"),
    "TC_F_03": ("C", "Remote start transaction: Remote start first - AuthorizationRemoteStart is false"),
    "TC_F_04": ("M", "Remote start transaction: Remote start first - Cable plugin timeout"),
    "TC_F_08": ("M", "Remote stop transaction: Success"),
    "TC_F_09": ("M", "Remote stop transaction: Rejected"),
    "TC_F_05": ("C", "Remote unlock Connector: With ongoing transaction"),
    "TC_F_06": ("C", "Remote unlock Connector: Without ongoing transaction - Accepted"),
    "TC_F_07": ("C", "Remote unlock Connector: Without ongoing transaction - No cable connected"),
    "TC_F_10": ("C", "Remote unlock Connector: Without ongoing transaction - UnknownConnector"),
    "TC_F_11": ("C", "Trigger message: MeterValues - Specific EVSE"),
    "TC_F_12": ("C", "Trigger message: MeterValues - All EVSE"),
    "TC_F_13": ("C", "Trigger message: TransactionEvent - Specific EVSE"),
    "TC_F_14": ("C", "Trigger message: TransactionEvent - All EVSE"),
    "TC_F_15": ("C", "Trigger message: LogStatusNotification - Idle"),
    "TC_F_16": ("C", "Trigger message: LogStatusNotification - Uploading"),
    "TC_F_17": ("C", "Trigger message: FirmwareStatusNotification - Specific EVSE not relevant"),
    "TC_F_18": ("C", "Trigger message: FirmwareStatusNotification - Idle"),
    "TC_F_19": ("C", "Trigger message: FirmwareStatusNotification - Downloading"),
    "TC_F_20": ("M", "Trigger message: Heartbeat"),
    "TC_F_23": ("C", "Trigger message: StatusNotification - Specific EVSE - Available"),
    "TC_F_24": ("C", "Trigger message: StatusNotification - Specific EVSE - Occupied"),
    "TC_F_26": ("C", "Trigger message: BootNotification - Rejected"),
    "TC_F_27": ("C", "Trigger message: NotImplemented"),
    "TC_G_01": ("M", "Connector status Notification: Available to Occupied"),
    "TC_G_02": ("M", "Connector status Notification: Occupied to Available"),
    "TC_G_03": ("M", "Change Availability EVSE: Operative to inoperative"),
    "TC_G_09": ("M", "Change Availability EVSE: Operative to operative"),
    "TC_G_04": ("M", "Change Availability EVSE: Inoperative to operative"),
    "TC_G_10": ("M", "Change Availability EVSE: Inoperative to inoperative"),
    "TC_G_11": ("M", "Change Availability EVSE: With ongoing transaction"),
    "TC_G_18": ("M", "Change Availability EVSE: state persists across reboot"),
    "TC_G_05": ("M", "Change Availability Charging Station: Operative to inoperative"),
    "TC_G_12": ("M", "Change Availability Charging Station: Operative to operative"),
    "TC_G_06": ("M", "Change Availability Charging Station: Inoperative to operative"),
    "TC_G_13": ("M", "Change Availability Charging Station: Inoperative to inoperative"),
    "TC_G_21": ("M", "Change Availability Charging Station: state persists across reboot"),
    "TC_G_14": ("M", "Change Availability Charging Station: With ongoing transaction"),
    "TC_G_07": ("M", "Change Availability Connector: Operative to inoperative"),
    "TC_G_15": ("M", "Change Availability Connector: Operative to operative"),
    "TC_G_08": ("M", "Change Availability Connector: Inoperative to operative"),
    "TC_G_16": ("M", "Change Availability Connector: Inoperative to inoperative"),
    "TC_G_17": ("M", "Change Availability Connector: With ongoing transaction"),
    "TC_G_19": ("M", "Change Availability Connector: state persists across reboot"),
    "TC_J_01": ("M", "Clock-aligned Meter Values: No transaction ongoing"),
    "TC_J_02": ("M", "Clock-aligned Meter Values: Transaction ongoing"),
    "TC_J_03": ("M", "Clock-aligned Meter Values: EventType Ended"),
    "TC_J_04": ("C", "Clock-aligned Meter Values: Signed"),
    "TC_J_06": ("C", "Clock-aligned Meter Values: No Meter Values during transaction"),
    "TC_J_07": ("M", "Sampled Meter Values: EventType Started - EVSE known"),
    "TC_J_08": ("C", "Sampled Meter Values: Context Transaction.Start - EVSE not known"),
    "TC_J_09": ("M", "Sampled Meter Values: EventType Updated"),
    "TC_J_10": ("M", "Sampled Meter Values: EventType Ended"),
    "TC_J_11": ("C", "Sampled Meter Values: Signed"),
    "TC_K_38": ("C", "Remote start transaction with charging profile: Ignore chargingProfile"),
    "TC_L_01": ("M", "Secure Firmware Update: Installation successful"),
    "TC_L_02": ("M", "Secure Firmware Update: InstallScheduled"),
    "TC_L_03": ("M", "Secure Firmware Update: DownloadScheduled"),
    "TC_L_05": ("M", "Secure Firmware Update: InvalidCertificate"),
    "TC_L_06": ("M", "Secure Firmware Update: InvalidSignature"),
    "TC_L_07": ("M", "Secure Firmware Update: DownloadFailed"),
    "TC_L_08": ("M", "Secure Firmware Update: InstallVerificationFailed or InstallationFailed"),
    "TC_L_10": ("C", "Secure Firmware Update: AcceptedCanceled"),
    "TC_L_11": ("C", "Secure Firmware Update: Unable to cancel"),
    "TC_L_18": ("M", "Secure Firmware Update: Missing firmware signing certificate and signature"),
    "TC_L_12": (
        "C",
        "Secure Firmware Update: Unable to download/install firmware with ongoing transaction - AllowNewSessionsPendingFirmwareUpdate is true",
    ),
    "TC_L_13": (
        "C",
        "Secure Firmware Update: Unable to download/install firmware with ongoing transaction - AllowNewSessionsPendingFirmwareUpdate is false",
    ),
    "TC_L_14": (
        "C",
        "Secure Firmware Update: Unable to install and activate firmware with ongoing transaction - AllowNewSessionsPendingFirmwareUpdate is true",
    ),
    "TC_L_15": (
        "C",
        "Secure Firmware Update: Unable to install firmware with ongoing transaction - AllowNewSessionsPendingFirmwareUpdate is false",
    ),
    "TC_L_16": ("C", "Secure Firmware Update: Able to update firmware with ongoing transaction"),
    "TC_M_12": ("M", "Retrieve certificates from Charging Station: CSMSRootCertificate"),
    "TC_M_13": ("M", "Retrieve certificates from Charging Station: ManufacturerRootCertificate"),
    "TC_M_17": ("M", "Retrieve certificates from Charging Station: CSMSRootCertificate & ManufacturerRootCertificate"),
    "TC_M_18": ("M", "Retrieve certificates from Charging Station: All certificateTypes"),
    "TC_M_19": ("M", "Retrieve certificates from Charging Station: No matching certificate found"),
    "TC_M_20": ("M", "Delete a certificate from a Charging Station: Success"),
    "TC_M_22": ("M", "Delete a certificate from a Charging Station: No matching certificate found"),
    "TC_M_01": ("M", "Install CA certificate: CSMSRootCertificate"),
    "TC_M_02": ("M", "Install CA certificate: ManufacturerRootCertificate"),
    "TC_M_07": ("M", "Install CA certificate: Rejected - Certificate invalid"),
    "TC_M_09": ("C", "Install CA certificate: AdditionalRootCertificateCheck - Rejected"),
    "TC_M_30": ("C", "Install CA certificate: AdditionalRootCertificateCheck - Reconnect using new CSMS Root - Success"),
    "TC_M_31": ("C", "Install CA certificate: AdditionalRootCertificateCheck - Reconnect using new CSMS Root - Failback mechanism"),
    "TC_N_25": ("M", "Retrieve Log Information: Diagnostics Log - Success"),
    "TC_N_26": ("M", "Retrieve Log Information: Diagnostics Log - Upload failed"),
    "TC_N_35": ("M", "Retrieve Log Information: Security Log - Success"),
    "TC_N_36": ("C", "Retrieve Log Information: Second Request"),
    "TC_N_27": ("C", "Get Customer Information: Accepted + data"),
    "TC_N_28": ("C", "Get Customer Information: Accepted + no data"),
    "TC_N_30": ("C", "Clear Customer Information: Clear and report + data"),
    "TC_N_31": ("C", "Clear Customer Information: Clear and report + no data"),
    "TC_N_32": ("M", "Clear Customer Information: Clear and no report"),
    "TC_N_62": ("C", "Clear Customer Information: Clear and report - customerIdentifier"),
    "TC_P_01": ("M", "Data Transfer to the Charging Station: Rejected / Unknown VendorId / Unknown MessagingId"),
    "TC_P_03": ("M", "CustomData: Receive custom data"),
    "TC_A_07": ("M", "TLS - Client-side certificate: valid certificate"),
    "TC_A_11": ("M", "Update Charging Station Certificate by request of CSMS: Success - Charging Station Certificate"),
    "TC_A_14": ("M", "Update Charging Station Certificate by request of CSMS: Invalid certificate"),
    "TC_A_15": ("M", "Update Charging Station Certificate by request of CSMS: SignCertificateRequest Rejected"),
    "TC_A_23": ("C", "Update Charging Station Certificate by request of CSMS: CertificateSignedRequest Timeout"),
    "TC_A_21": ("C", "Upgrade Charging Station Security Profile: No valid ChargingStationCertificate installed"),
    "TC_M_23": ("M", "Delete a certificate from a Charging Station: Unable to delete the Charging Station Certificate"),
    "TC_C_21": ("M", "Offline authorization through local authorization list: Accepted"),
    "TC_C_22": ("M", "Offline authorization through local authorization list: Invalid"),
    "TC_C_23": ("M", "Offline authorization through local authorization list: Blocked"),
    "TC_C_24": ("M", "Offline authorization through local authorization list: Expired"),
    "TC_C_25": ("M", "Offline authorization through local authorization list: Local Authorization List > Authorization Cache"),
    "TC_C_27": ("M", "Online authorization through local authorization list: Accepted"),
    "TC_C_28": ("M", "Online authorization through local authorization list: Invalid & Not Accepted"),
    "TC_C_31": ("M", "Online authorization through local authorization list: Invalid & Accepted"),
    "TC_C_29": ("M", "Online authorization through local authorization list: Blocked"),
    "TC_C_30": ("M", "Online authorization through local authorization list: Expired"),
    "TC_C_58": ("C", "Online authorization through local authorization list: LocalAuthListDisablePostAuthorize"),
    "TC_C_40": ("M", "Authorization by GroupId: Success with Local Authorization List"),
    "TC_C_43": ("M", "Authorization by GroupId: Invalid status with Local Authorization List"),
    "TC_D_01": ("M", "Send Local Authorization List: Full"),
    "TC_D_02": ("M", "Send Local Authorization List: Differential Update"),
    "TC_D_03": ("M", "Send Local Authorization List: Differential Remove"),
    "TC_D_04": ("M", "Send Local Authorization List: Full with empty list"),
    "TC_D_05": ("M", "Send Local Authorization List: Differential with empty list"),
    "TC_D_06": ("M", "Send Local Authorization List: VersionMismatch"),
    "TC_D_07": ("M", "Send Local Authorization List: Persistent over reboot"),
    "TC_D_08": ("M", "Get Local List Version: Success"),
    "TC_D_10": ("M", "Get Local List Version: Function disabled"),
    "TC_K_01": ("M", "Set Charging Profile: TxDefaultProfile - Specific EVSE"),
    "TC_K_02": ("M", "Set Charging Profile: TxProfile without ongoing transaction on the specified EVSE"),
    "TC_K_03": ("M", "Set Charging Profile: ChargingStationMaxProfile"),
    "TC_K_04": ("M", "Replace charging profile: With chargingProfileId"),
    "TC_K_10": ("C", "Set Charging Profile: TxDefaultProfile - All EVSE"),
    "TC_K_11": ("M", "Set Charging Profile: Unable to set TxProfile on all EVSE at once"),
    "TC_K_12": ("C", "Set Charging Profile: ChargingRateUnit Rejected"),
    "TC_K_13": ("M", "Set Charging Profile: Persistent over reboot"),
    "TC_K_14": ("M", "Set Charging Profile: Unexisting EVSEid"),
    "TC_K_16": ("M", "Set Charging Profile: Unknown transactionId"),
    "TC_K_19": ("M", "Set Charging Profile: ChargingProfileKind is Recurring"),
    "TC_K_21": ("M", "Set Charging Profile: ValidFrom"),
    "TC_K_22": ("M", "Set Charging Profile: ValidTo"),
    "TC_K_23": ("M", "Set Charging Profile: StartSchedule"),
    "TC_K_28": ("M", "Set Charging Profile: TxDefaultProfile with transaction ongoing"),
    "TC_K_60": ("M", "Set Charging Profile: TxProfile with ongoing transaction on the specified EVSE"),
    "TC_K_05": ("M", "Clear Charging Profile: With chargingProfileId"),
    "TC_K_06": ("M", "Clear Charging Profile: With stackLevel/purpose combination for one profile"),
    "TC_K_07": ("M", "Clear Charging Profile: With unknown stackLevel/purpose combination"),
    "TC_K_08": ("M", "Clear Charging Profile: Without previous charging profile"),
    "TC_K_09": ("M", "Clear Charging Profile: Clearing a TxDefaultProfile - With ongoing transaction"),
    "TC_K_24": ("M", "Clear Charging Profile: With stackLevel/purpose combination for multiple profiles"),
    "TC_K_29": ("M", "Get Charging Profile: EvseId 0"),
    "TC_K_30": ("M", "Get Charging Profile: EvseId > 0"),
    "TC_K_31": ("M", "Get Charging Profile: No EvseId"),
    "TC_K_32": ("M", "Get Charging Profile: chargingProfileId"),
    "TC_K_33": ("M", "Get Charging Profile: EvseId > 0 + stackLevel"),
    "TC_K_34": ("M", "Get Charging Profile: EvseId > 0 + chargingLimitSource"),
    "TC_K_35": ("M", "Get Charging Profile: EvseId > 0 + chargingProfilePurpose"),
    "TC_K_36": ("M", "Get Charging Profile: EvseId > 0 + chargingProfilePurpose + stackLevel"),
    "TC_K_37": ("M", "Remote start transaction with charging profile: Success"),
    "TC_K_39": ("M", "Get Composite Schedule: No ChargingProfile installed on Charging Station"),
    "TC_K_40": ("M", "Get Composite Schedule: Stacking ChargingProfiles"),
    "TC_K_41": ("M", "Get Composite Schedule: Combining chargingProfilePurposes"),
    "TC_K_42": ("C", "Get Composite Schedule: chargingRateUnit not supported"),
    "TC_K_47": ("M", "Get Composite Schedule: Unknown EVSEId"),
}
"""Id → mandatory or conditional, and title."""


_BAY = "ParkingBayOccupancy is not among the values of TxStartPoint and TxStopPoint: whoever parks has not begun anything"
_EV_SIDE = "StopTxOnEVSideDisconnect is read-only true, as German calibration law asks"
_NEW_SESSIONS = "AllowNewSessionsPendingFirmwareUpdate is not offered: nobody new begins while an update waits"
_NO_POST = "the variable is not offered: what list or cache say is always checked where the backend can be asked"
_MASTER_PASS = "MasterPassGroupId is not offered; master cards are the station's own"

NOT_APPLICABLE: dict[str, str] = {
    **dict.fromkeys(("TC_B_28", "TC_B_29"), "outlets can be reset alone; those of a second controller cannot, and EVSE.AllowReset says so"),
    **dict.fromkeys(("TC_E_12", "TC_E_19"), _BAY),
    "TC_E_11": "DataSigned is not among the values of TxStartPoint: the begin is signed before the contactor closes",
    "TC_E_54": "vehicles of IEC 61851-1 are charged",
    **dict.fromkeys(("TC_E_26", "TC_E_27"), _EV_SIDE),
    **dict.fromkeys(("TC_C_45", "TC_C_47", "TC_C_48", "TC_C_49"), _MASTER_PASS),
    **dict.fromkeys(("TC_C_57", "TC_C_58"), _NO_POST),
    **dict.fromkeys(("TC_L_12", "TC_L_13", "TC_L_14", "TC_L_15", "TC_L_16"), _NEW_SESSIONS),
    "TC_E_52": "DisableRemoteAuthorization is not offered",
    "TC_J_06": "values on the clock are told during transactions, too",
    **dict.fromkeys(("TC_K_12", "TC_K_42"), "limits are taken and told in A and in W"),
    "TC_K_38": "profiles that come with a start are taken, not ignored",
}  # fmt: skip
"""Id → why the case does not apply."""


def covered() -> dict[str, list[str]]:
    """Id → the tests that are named after it, by module and function; a name may count several: ``test_tc_c_21_to_24_cs``."""
    found: dict[str, list[str]] = {each: [] for each in CASES}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for name in _names(ast.parse(path.read_text("utf-8"))):
            for case in _cases(name):
                if case in found:
                    found[case].append(f"{path.stem}.{name}")
    return found


def _names(module: ast.Module) -> list[str]:
    functions = [each.name for each in module.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    made = [target.id for each in module.body if isinstance(each, ast.Assign) for target in each.targets if isinstance(target, ast.Name)]
    return [name for name in functions + made if name.startswith("test_tc_")]


def _cases(name: str) -> list[str]:
    letter, numbers, found = "", [], []
    for word in name.removeprefix("test_tc_").split("_"):
        if re.fullmatch(r"[a-p]", word):
            letter = word.upper()
        elif word == "to":
            numbers.append("to")
        elif word.isdigit() and letter:
            if numbers and numbers[-1] == "to":
                first = int(found[-1].rpartition("_")[2])
                found += [f"TC_{letter}_{number:02}" for number in range(first + 1, int(word))]
            found.append(f"TC_{letter}_{word}")
            numbers.append(word)
    return found


def page() -> str:
    """The page, in Markdown."""
    tests = covered()
    passed = [each for each in CASES if tests[each]]
    away = [each for each in NOT_APPLICABLE if not tests[each]]
    missing = [each for each in CASES if each not in passed and each not in away]
    mandatory = sum(CASES[each][0] == "M" for each in missing)
    lines = [
        "# OCPP 2.0.1: the certification list",
        "",
        "Each id is a test on the wire, as for [OCPP 1.6](ocpp16-compliance.md): a central system on a real WebSocket against the application on",
        "the simulated board, on a virtual clock. `passed` means that a test of that name is part of the suite and is green. `M` is mandatory",
        "for the profile, `C` conditional on a feature.",
        "",
        f"{len(passed)} passed, {len(away)} not applicable, {len(missing)} open ({mandatory} of them mandatory). Ids and titles: Open Charge",
        "Alliance, OCPP 2.0.1 edition 3, part 5.",
        "",
        "| id | | case | state |",
        "|---|---|---|---|",
    ]
    for case, (need, title) in CASES.items():
        state = "passed" if tests[case] else f"not applicable: {NOT_APPLICABLE[case]}" if case in NOT_APPLICABLE else "open"
        lines.append(f"| {case} | {need} | {title} | {state} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
