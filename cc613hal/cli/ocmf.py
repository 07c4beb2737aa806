"""``cc613hal ocmf``: check bills, look into records, and the public key with its QR code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.ocmf_words import WORDS
from cc613hal.cli.plain import plain
from cc613hal.cli.terminal import bad, bold, faint, good

if TYPE_CHECKING:
    from cc613hal.ocmf import Checker, Finding, PublicKey, RecordVerdict, SignedValue, Status, TransactionVerdict

HELP = "check signed meter values (OCMF, EDL40), look into them, and print the public key with its QR code"
EXAMPLE = "cc613hal ocmf verify bill.xml"

_EXIT_CODES = """
exit status of verify: 0 every record and transaction is verified, 1 something is refused, 2 unreadable or no key
"""
_MAX_KEYS = 20
"""Public keys named at the end of the text; a period of a site has one per meter."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own verbs and their arguments."""
    verbs = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    verify = verbs.add_parser(
        "verify", help="check files", description="Check files of signed values, record by record.", epilog=_EXIT_CODES
    )
    verify.add_argument("files", nargs="+", metavar="FILE", help="XML for the transparency software, or bare records; - is standard input")
    verify.add_argument(
        "--key",
        action="append",
        default=[],
        help="public key you trust, as text or in a file; several may be given (default: the file's own)",
    )
    verify.add_argument("--lang", choices=("en", "de"), default="en", help="language of the explanations (default: en)")
    verify.add_argument(
        "--energy-only", action="store_true", help="the tariff counts energy and not time: a clock that was not set is only noted"
    )
    verify.add_argument("--records", action="store_true", help="check each record by itself, and say nothing about transactions")
    verify.add_argument("--complete", action="store_true", help="the files shall hold every record of their meters: a missing page refuses")
    verify.add_argument("--quiet", action="store_true", help="show only what is not verified, and the sums")
    _add_json(verify)
    show = verbs.add_parser("show", help="look into records", description="Show what records say; nothing is checked.")
    show.add_argument("files", nargs="+", metavar="FILE", help="as for verify")
    _add_json(show)
    key = verbs.add_parser(
        "key", help="the public key and its QR code", description="Print a public key in every spelling, and draw its QR code."
    )
    key.add_argument("key", help="a public key as text, a file with one, or the private key file of a station")
    key.add_argument("--create", action="store_true", help="make a new private key file first; it must not exist")
    key.add_argument("--curve", default="secp256r1", help="curve of a new key (default: secp256r1)")
    key.add_argument("--qr", metavar="FILE", help="draw the QR code for the housing label: .svg or .png")
    _add_json(key)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked."""
    if arguments.what == "verify":
        return _verify(arguments)
    return _show(arguments) if arguments.what == "show" else _key(arguments)


def _verify(arguments: argparse.Namespace) -> int:
    from cc613hal.ocmf import Checker, RecordVerdict, Rules

    rules = Rules(energy_only=arguments.energy_only, records_only=arguments.records, complete=arguments.complete)
    checker = Checker([_public_key(text) for text in arguments.key], rules)
    problems: list[str] = []
    shown = _JsonList("verdicts") if arguments.json else None
    keys: dict[str, str] = {}
    for verdict in checker.check(_values(arguments.files, problems)):
        for finding in verdict.findings:
            if finding.code.value == "key-from-file" and len(keys) < _MAX_KEYS:
                keys[finding.values["found"]] = finding.explain(arguments.lang)
        quiet = arguments.quiet and verdict.status.value == "verified"
        if shown is not None:
            if not quiet:
                shown.add(_as_data(verdict, arguments.lang))
        elif not quiet:
            (_print_record if isinstance(verdict, RecordVerdict) else _print_transaction)(verdict, arguments.lang)  # type: ignore[arg-type]
    status = _exit_code(checker, problems)
    if shown is not None:
        shown.end({"summary": _counts(checker), "problems": problems, "status": _overall(checker, problems)})
    else:
        for text in keys.values():
            print(faint(text))
        _print_sums(checker, problems, arguments.lang)
    return status


def _values(files: list[str], problems: list[str]) -> Iterator[SignedValue]:
    """The values of all files; what cannot be read any further is told, and the next file is taken."""
    from cc613hal.ocmf import RecordUnreadable, read_values

    for name in files:
        found = False
        try:
            with _opened(name) as stream:
                for value in read_values(stream):
                    found = True
                    yield attrs.evolve(value, source=name if len(files) > 1 else "")
        except OSError as error:
            problems.append(f"{name}: {error.strerror or error}")
        except RecordUnreadable as error:
            problems.append(f"{name}: {error}")
        else:
            if not found:
                problems.append(f"{name}: there is no record in it")


def _opened(name: str) -> BinaryIO:
    return sys.stdin.buffer if name == "-" else Path(name).open("rb")


def _overall(checker: Checker, problems: list[str]) -> str:
    status = checker.summary.status.value
    return "unreadable" if problems and status != "refused" else status


def _exit_code(checker: Checker, problems: list[str]) -> ExitCode:
    return {"verified": ExitCode.OK, "refused": ExitCode.FAILED}.get(_overall(checker, problems), ExitCode.USAGE)


def _counts(checker: Checker) -> dict[str, dict[str, int]]:
    summary = checker.summary
    return {
        what: {status.value: count for status, count in counted.items()}
        for what, counted in (("records", summary.records), ("transactions", summary.transactions))
    }


def _as_data(verdict: RecordVerdict | TransactionVerdict, language: str) -> dict[str, Any]:
    from cc613hal.ocmf import RecordVerdict

    findings = [
        {
            "code": finding.code.value,
            "severity": finding.severity.value,
            "explanation": finding.explain(language),
            "values": dict(finding.values),
        }
        for finding in verdict.findings
    ]
    if isinstance(verdict, RecordVerdict):
        value, evidence = verdict.value, verdict.evidence
        return {
            "kind": "record",
            "status": verdict.status.value,
            "file": value.source or None,
            "line": value.line,
            "transaction": value.transaction_id or None,
            "format": evidence.format.value if evidence else value.format or None,
            "page": str(evidence.page) if evidence and evidence.page else None,
            "meter": evidence.signer if evidence else None,
            "key": verdict.key.hex if verdict.key else None,
            "findings": findings,
        }
    return {
        "kind": "transaction",
        "status": verdict.status.value,
        "transaction": verdict.transaction,
        "pages": list(verdict.pages),
        "lines": list(verdict.lines),
        "begin": plain(verdict.begin),
        "end": plain(verdict.end),
        "energy_wh": plain(verdict.energy_wh),
        "findings": findings,
    }


class _JsonList:
    """A JSON object whose long list is printed as it grows."""

    def __init__(self, name: str) -> None:
        print(f'{{"{name}": [', end="")
        self._separator = "\n"

    def add(self, item: dict[str, Any]) -> None:
        print(self._separator + json.dumps(item, ensure_ascii=False), end="")
        self._separator = ",\n"

    def end(self, rest: dict[str, Any]) -> None:
        print("\n], " + json.dumps(rest, ensure_ascii=False)[1:])


def _print_record(verdict: RecordVerdict, language: str) -> None:
    words, value, evidence = WORDS[language], verdict.value, verdict.evidence
    parts = [f"{value.source}:" if value.source else "", f"{words['line']} {value.line}"]
    if evidence is not None:
        parts += [evidence.format.value, str(evidence.page or ""), _safe(evidence.signer)]
    print(f"{' '.join(filter(None, parts))}: {_status(verdict.status, words)}")
    _print_findings(verdict.findings, language)


def _print_transaction(verdict: TransactionVerdict, language: str) -> None:
    words = WORDS[language]
    pages = f" ({verdict.pages[0]}–{verdict.pages[-1]})" if len(verdict.pages) > 1 else ""
    energy = f", {words['energy']} {verdict.energy_wh} Wh" if verdict.energy_wh is not None else ""
    print(bold(f"{words['transaction']} {_safe(verdict.transaction)}{pages}") + f": {_status(verdict.status, words)}{energy}")
    _print_findings(verdict.findings, language)


def _print_findings(findings: tuple[Finding, ...], language: str) -> None:
    for finding in findings:
        if finding.code.value == "key-from-file":
            continue  # the same for most records: said once, at the end
        text = f"    {finding.explain(language)}"
        print(faint(text) if finding.severity.value == "note" else text)


def _print_sums(checker: Checker, problems: list[str], language: str) -> None:
    words = WORDS[language]
    for problem in problems:
        print(bad(problem.replace("there is no record in it", words["nothing"])))
    for what, counted in _counts(checker).items():
        shown = ", ".join(f"{count} {words[status]}" for status, count in counted.items() if count)
        if shown:
            print(f"{words[what]}: {shown}")


def _status(status: Status, words: dict[str, str]) -> str:
    word = words[status.value]
    return good(word) if status.value == "verified" else bad(word)


def _safe(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:120])


def _show(arguments: argparse.Namespace) -> int:
    from cc613hal.ocmf import RecordUnreadable
    from cc613hal.ocmf.evidence import evidence_of

    problems: list[str] = []
    shown = _JsonList("records") if arguments.json else None
    for value in _values(arguments.files, problems):
        data: dict[str, Any] = {"file": value.source or None, "line": value.line}
        data |= {"transaction": value.transaction_id or None, "context": value.context or None}
        try:
            evidence = evidence_of(value)
        except RecordUnreadable as error:
            problems.append(f"{value.source + ': ' if value.source else ''}line {value.line}: {error.message}")
            continue
        said = evidence.record.payload if evidence.record else evidence.edl
        data |= {"format": evidence.format.value, "algorithm": str(evidence.algorithm), "record": plain(said)}
        if shown is not None:
            shown.add(data)
        else:
            print(bold(" ".join(filter(None, (value.source, f"line {value.line}", evidence.format.value, str(evidence.algorithm))))))
            _print_tree(data["record"], "  ")
    if shown is not None:
        shown.end({"problems": problems})
    else:
        for problem in problems:
            print(bad(_safe(problem)))
    return ExitCode.USAGE if problems else ExitCode.OK


def _print_tree(value: Any, indent: str) -> None:
    for name, item in value.items() if isinstance(value, dict) else enumerate(value, start=1):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportUnknownMemberType]
        if item in (None, "", [], {}):
            continue
        label = f"{indent}{str(name).replace('_', ' ')}"  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(item, dict) or (isinstance(item, list) and any(isinstance(part, dict) for part in item)):  # pyright: ignore[reportUnknownVariableType]
            print(label)
            _print_tree(item, indent + "  ")
        else:
            print(f"{label}: {_safe(', '.join(map(str, item)) if isinstance(item, list) else str(item))}")  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _key(arguments: argparse.Namespace) -> int:
    from cc613hal.errors import ConfigError
    from cc613hal.ocmf import FileKey, qr_png, qr_svg
    from cc613hal.ocmf.curves import curve_named

    key = FileKey.create(arguments.key, curve_named(arguments.curve)).public_key if arguments.create else _public_key(arguments.key)
    if arguments.qr:
        target = Path(arguments.qr)
        if target.suffix not in {".svg", ".png"}:
            raise ConfigError(f"a QR code is drawn as .svg or .png, not as {target.suffix or target.name}")
        target.write_bytes(qr_svg(key).encode() if target.suffix == ".svg" else qr_png(key))
    data = {"curve": key.curve.value, "fingerprint": key.fingerprint, "hex": key.hex, "base64": key.base64, "qr": arguments.qr}
    if arguments.json:
        print(json.dumps(data, indent=2))
    else:
        for name, text in data.items():
            if text:
                print(f"{name:<12} {text}")
    return ExitCode.OK


def _public_key(text: str) -> PublicKey:
    """A key given as text or in a file; a private key file gives its public half, and is checked like one."""
    from cc613hal.ocmf import Curve, FileKey, KeyUnusable, PublicKey

    place = Path(text)
    try:
        there = len(text) < 1024 and place.is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        return PublicKey.from_text(text, (Curve.SECP192R1, Curve.SECP256R1))
    try:
        with place.open("rb") as file:
            content = file.read(16_384)
    except OSError as error:
        raise KeyUnusable(f"{place} cannot be read: {error.strerror}") from error
    if b"PRIVATE KEY" in content:
        return FileKey.open(place).public_key
    if content[:1] == b"\x30" and not content[:8].isascii():
        return PublicKey.from_der(content)
    return PublicKey.from_text(content.decode("utf-8", "replace"), (Curve.SECP192R1, Curve.SECP256R1))
