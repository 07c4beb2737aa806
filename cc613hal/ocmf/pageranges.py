"""Which pages were seen, as ranges: small for an honest file, however long it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from cc613hal.ocmf.fields import PageContext
from cc613hal.ocmf.values import Page

__all__ = ["PageRanges"]


class PageRanges:
    """Pages per file, meter and context."""

    def __init__(self) -> None:
        self._ranges: dict[tuple[str, str, PageContext], tuple[list[int], list[int]]] = {}

    def add(self, meter: str, page: Page, source: str = "") -> bool:
        """Note a page of a meter in a file; ``False`` if it was there already."""
        firsts, lasts = self._ranges.setdefault((source, meter, page.context), ([], []))
        number = page.number
        after = bisect_right(firsts, number)
        if after and number <= lasts[after - 1]:
            return False
        joins_before = after > 0 and lasts[after - 1] == number - 1
        joins_after = after < len(firsts) and firsts[after] == number + 1
        if joins_before and joins_after:
            lasts[after - 1] = lasts[after]
            del firsts[after], lasts[after]
        elif joins_before:
            lasts[after - 1] = number
        elif joins_after:
            firsts[after] = number
        else:
            firsts.insert(after, number)
            lasts.insert(after, number)
        return True

    def gaps(self) -> Iterator[tuple[str, Page, Page]]:
        """Meter, last page before and first page behind each gap."""
        for (_, meter, context), (firsts, lasts) in self._ranges.items():
            for last, first in zip(lasts, firsts[1:], strict=False):
                yield meter, Page(context, last), Page(context, first)
