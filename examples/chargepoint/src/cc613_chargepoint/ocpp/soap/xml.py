"""XML from strangers: no document types, no entities, no network, bounded; and back to bytes."""

from __future__ import annotations

import functools
import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cc613_chargepoint.ocpp.soap.errors import SoapInvalid

__all__ = ["Element", "children", "etree", "local", "parsed", "serialised", "space"]

Element = Any
"""An element of lxml, which has no types."""
LONGEST_BYTES = 1024 * 1024
"""Of a document. The longest list of identifiers that anybody sends is shorter."""


@functools.cache
def etree() -> Any:
    """lxml, imported when the first envelope comes: who speaks JSON does not pay for it."""
    return importlib.import_module("lxml.etree")


@functools.cache
def _nothing_else() -> Any:
    """Gives nothing to whatever a document would have loaded beside itself."""

    class Nothing(etree().Resolver):  # type: ignore[misc]
        def resolve(self, system_url: str, public_id: str, context: Any) -> Any:
            del system_url, public_id
            return self.resolve_empty(context)

    return Nothing()


def parsed(data: bytes) -> Element:
    """The root element.

    Args:
        data: the document.

    Raises:
        SoapInvalid: it is no XML, has a document type, is too long or too deep.
    """
    if len(data) > LONGEST_BYTES:
        raise SoapInvalid(f"a document of {len(data)} bytes is too long", hint=f"at most {LONGEST_BYTES}")
    # libxml2 keeps every name that it ever met for as long as the thread lives: strangers could fill the memory with names
    with ThreadPoolExecutor(1, "document") as apart:
        return apart.submit(_parsed, data).result()


def _parsed(data: bytes) -> Element:
    parser = etree().XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )  # collect_ids=False is not for strangers' documents: libxml2 2.14 then opens whatever file their document type names
    parser.resolvers.add(_nothing_else())
    try:
        root = etree().fromstring(data, parser)
    except (etree().XMLSyntaxError, ValueError, LookupError) as error:
        raise SoapInvalid(f"this is no XML: {str(error)[:200]}") from error
    if root is None:
        raise SoapInvalid("the document is empty")
    if root.getroottree().docinfo.internalDTD is not None:
        raise SoapInvalid("a document with a document type is not read")
    return root


def serialised(root: Element) -> bytes:
    """The document, UTF-8, with its declaration in front."""
    data: bytes = etree().tostring(root, xml_declaration=True, encoding="UTF-8")
    return data


def local(element: Element) -> str:
    """The name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def space(element: Element) -> str:
    """The namespace; empty for none."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def children(element: Element) -> list[Element]:
    """The elements within; whatever else stands there is left out."""
    return [each for each in element if isinstance(each.tag, str)]
