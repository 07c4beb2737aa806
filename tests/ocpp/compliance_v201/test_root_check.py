"""2.0.1: AdditionalRootCertificateCheck: one root of the central system and one to fall back on, each new one signed by the one before."""

from __future__ import annotations

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.settings import Actor
from tests.ocpp.authority import Authority
from tests.ocpp.bench_v201 import Bench201, case

SECURE = {"ocpp__security_profile": 2, "ocpp__password": "0123456789abcdef0123456789abcdef", "ocpp__url": "wss://central.example/ocpp"}


async def served(it: Bench201, old: Authority) -> None:
    """The station is connected to a central system whose root is in the file of the settings."""
    (it.place / "root.pem").write_text(old.pem)
    it.settings["ocpp.ca_file"] = str(it.place / "root.pem")
    await it.central.serve(old.server(it.place))
    await it.power_up()
    await it.central.expect("BootNotification", 120.0)
    await it.standing("Available")


async def install(it: Bench201, root: Authority) -> str:
    answer = await it.central.ask("InstallCertificate", certificateType="CSMSRootCertificate", certificate=root.pem)
    status: str = answer["status"]
    return status


async def installed(it: Bench201) -> int:
    answer = await it.central.ask("GetInstalledCertificateIds", certificateType=["CSMSRootCertificate"])
    return len(answer.get("certificateHashDataChain", []))


async def reconnected(it: Bench201, root: Authority) -> None:
    """The central system goes away and comes back with a certificate of a root; the station finds it."""
    requests = len(it.central.requests)
    await it.central.hang_up()
    await it.central.serve(root.server(it.place))
    await it.central.connected(120.0)
    assert len(it.central.requests) > requests
    assert (await it.get("SecurityCtrlr", "AdditionalRootCertificateCheck"))["attributeValue"] == "true"


@case(boot=False, **SECURE, ocpp__root_check=True)
async def test_tc_m_09_cs(it: Bench201) -> None:
    old = Authority("Old")
    await served(it, old)
    assert await install(it, Authority("Stranger")) == "Rejected"
    await it.central.expect("SecurityEventNotification", type="InvalidCentralSystemCertificate")
    assert await installed(it) == 0
    new = Authority("New", by=old)
    assert await install(it, new) == "Accepted"
    assert await install(it, Authority("Stranger", by=old)) == "Rejected", "it is signed by the root before the last one"
    assert await installed(it) == 1
    await reconnected(it, old)


@case(boot=False, **SECURE, ocpp__root_check=True)
async def test_tc_m_30_cs(it: Bench201) -> None:
    old = Authority("Old")
    new = Authority("New", by=old)
    await served(it, old)
    assert await install(it, new) == "Accepted"
    await reconnected(it, new)
    newest = Authority("Newest", by=new)
    assert await install(it, newest) == "Accepted"
    await reconnected(it, newest)
    last = Authority("Last", by=newest)
    assert await install(it, last) == "Accepted"
    assert await installed(it) == 2, "the last one, and the one to fall back on"


@case(boot=False, **SECURE, ocpp__root_check=True)
async def test_tc_m_31_cs(it: Bench201) -> None:
    first = Authority("First")
    old = Authority("Old", by=first)
    new = Authority("New", by=old)
    await served(it, first)
    assert await install(it, old) == "Accepted"
    await reconnected(it, old)
    assert await install(it, new) == "Accepted"
    await reconnected(it, old)  # the central system does not use the new one yet
    await reconnected(it, new)
    await reconnected(it, old)


@case()
async def test_the_check_is_the_installers(it: Bench201) -> None:
    assert (await it.get("SecurityCtrlr", "AdditionalRootCertificateCheck"))["attributeValue"] == "false"
    assert await it.put("SecurityCtrlr", "AdditionalRootCertificateCheck", "true") == "Rejected"
    assert await install(it, Authority("Any")) == "Accepted"
    assert await install(it, Authority("Another")) == "Accepted"
    assert it.kept is not None
    await it.kept.set({"ocpp.root_check": True}, actor=Actor(name="installer", role=Role.INSTALLER))
    assert await install(it, Authority("A third")) == "Rejected"
