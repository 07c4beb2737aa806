"""The words of ``cc613hal ocmf verify`` beside those of the findings."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "en": {
        "verified": "verified",
        "refused": "REFUSED",
        "unreadable": "UNREADABLE",
        "no-key": "NO KEY",
        "line": "line",
        "transaction": "transaction",
        "records": "records",
        "transactions": "transactions",
        "energy": "energy",
        "nothing": "there is no record in it",
    },
    "de": {
        "verified": "geprüft",
        "refused": "ABGELEHNT",
        "unreadable": "UNLESBAR",
        "no-key": "OHNE SCHLÜSSEL",
        "line": "Zeile",
        "transaction": "Ladevorgang",
        "records": "Datensätze",
        "transactions": "Ladevorgänge",
        "energy": "Energie",
        "nothing": "kein Datensatz darin",
    },
}
