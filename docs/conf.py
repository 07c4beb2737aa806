"""Sphinx configuration. Pages under reference/generated are made from the code before every build."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generate import write_all

from cc613hal import __version__

project = "cc613hal"
author = "the cc613hal authors"
copyright = "the cc613hal authors, Apache-2.0"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"cc613hal {__version__}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_class_signature = "separated"
napoleon_use_ivar = True
suppress_warnings = ["ref.python", "autodoc.mocked_object"]
nitpicky = False

write_all(Path(__file__).parent / "reference" / "generated")
