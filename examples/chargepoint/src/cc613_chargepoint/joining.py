"""``cc613-chargepoint pair``: make two controllers one station, one command at each, with a code that counts once."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from cc613_chargepoint.configuring import DATABASE, change
from cc613_chargepoint.pairing.code import PairingCode, fingerprint
from cc613_chargepoint.pairing.identity import DIRECTORY, Identity
from cc613_chargepoint.pairing.invitation import PAIRING_PORT, Terms, accept_invitation, invite
from cc613_chargepoint.settings import Layer, Settings
from cc613_chargepoint.settings import pairing as table
from cc613_chargepoint.store import Store
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError

__all__ = ["add_pair", "pair"]


def add_pair(verbs: Any) -> None:
    """Add the verb to a parser."""
    parser = verbs.add_parser("pair", help="make two controllers one station", description="Pair the two controllers of a station.")
    parser.set_defaults(debug=False, log="text")
    actions = parser.add_subparsers(dest="action", required=True)

    def action(name: str, summary: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
        made.add_argument("--data", type=Path, required=True, metavar="DIR", help="data directory of this controller")
        made.add_argument("--json", action="store_true", help="answer in JSON")
        return made

    master = action("master", "be the master: show a code and wait for the slave")
    master.add_argument("--listen", default="0.0.0.0", metavar="ADDRESS", help="where to wait (default: %(default)s)")  # noqa: S104 - the code guards it
    master.add_argument(
        "--within", type=float, default=600.0, metavar="S", help="how long the code counts, in seconds (default: %(default)g)"
    )
    slave = action("slave", "be the slave of the master that shows the code")
    slave.add_argument("host", help="address or name of the master")
    slave.add_argument("code", help="the code that the master shows")
    for each in (master, slave):
        each.add_argument("--port", type=int, default=PAIRING_PORT, help="of the pairing alone (default: %(default)s)")
        each.add_argument("--again", action="store_true", help="forget the controller that this one is paired with")
    action("show", "whether this controller is paired, and with whom")
    action("forget", "be the only controller again")


def pair(arguments: argparse.Namespace) -> int:
    """Carry out the verb; returns the exit code."""
    _ACTIONS[arguments.action](arguments)
    return 0


def _master(arguments: argparse.Namespace) -> None:
    identity = _unpaired(arguments)
    terms = asyncio.run(_terms(arguments.data))

    def shown(code: PairingCode, port: int) -> None:
        if arguments.json:
            print(json.dumps({"code": str(code), "port": port}), flush=True)
            return
        at = "" if port == PAIRING_PORT else f" --port {port}"
        print(f"at the other controller, within {arguments.within:g} s:\n")
        print(f"    cc613-chargepoint pair slave --data DIR{at} THIS-ADDRESS {code}\n", flush=True)

    asyncio.run(invite(identity, terms, shown, address=arguments.listen, port=arguments.port, within_s=arguments.within))
    _settle(arguments, identity, {table.ROLE.key: "master"})


def _slave(arguments: argparse.Namespace) -> None:
    code = PairingCode.parse(arguments.code)
    identity = _unpaired(arguments)
    terms = asyncio.run(accept_invitation(identity, arguments.host, code, port=arguments.port))
    _settle(arguments, identity, {table.ROLE.key: "slave", table.MASTER.key: arguments.host, table.PORT.key: terms.port})


def _unpaired(arguments: argparse.Namespace) -> Identity:
    identity = Identity.of(arguments.data)
    if identity.peer is not None and not arguments.again:
        raise ConfigError(f"{arguments.data} is paired already", hint="`pair show` says with whom; --again pairs it with another one")
    return identity


async def _terms(data: Path) -> Terms:
    """What this controller's settings say of the link; the factory's values where there are none yet."""
    if not (data / DATABASE).exists():
        return Terms(port=table.PORT.default, connector=table.CONNECTOR.default)
    async with await Store.open(data / DATABASE) as store:
        settings = await Settings.load(store, Clock())
        return Terms(port=settings.get(table.PORT), connector=settings.get(table.CONNECTOR))


def _settle(arguments: argparse.Namespace, identity: Identity, values: dict[str, Any]) -> None:
    if not arguments.json:
        print(f"paired with {_words(identity.peer)}; this is {identity.words()}")
    change({Layer.OPERATOR: values}, False, argparse.Namespace(data=arguments.data, role="manufacturer", json=arguments.json))


def _show(arguments: argparse.Namespace) -> None:
    paired = (arguments.data / DIRECTORY).exists()
    identity = Identity.of(arguments.data) if paired else None
    peer = None if identity is None else identity.peer
    if arguments.json:
        own = None if identity is None else fingerprint(identity.certificate).hex()
        print(json.dumps({"paired": peer is not None, "own": own, "peer": None if peer is None else fingerprint(peer).hex()}))
    elif identity is None or peer is None:
        print("not paired")
    else:
        print(f"paired with {_words(peer)}; this is {identity.words()}")


def _forget(arguments: argparse.Namespace) -> None:
    there = (arguments.data / DIRECTORY).exists() and Identity.of(arguments.data).forget()
    if not arguments.json:
        print("forgotten" if there else "it was not paired")
    change(
        {Layer.OPERATOR: {table.ROLE.key: "none"}}, False, argparse.Namespace(data=arguments.data, role="manufacturer", json=arguments.json)
    )


def _words(certificate: bytes | None) -> str:
    return "nobody" if certificate is None else fingerprint(certificate).hex(":", 2)[:29]


_ACTIONS = {"master": _master, "slave": _slave, "show": _show, "forget": _forget}
