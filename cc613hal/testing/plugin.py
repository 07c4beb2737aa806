"""The pytest plug-in: options, fixtures and markers for tests against a board."""

from __future__ import annotations
