"""Settings of Sphinx; `make docs` builds the documentation."""

import logging
import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for site_pages
# The theme shows messages of all libraries; figures of tutorials cause many about fonts.
logging.getLogger("fontTools").setLevel(logging.WARNING)

project = "imcmoo"
author = "the imcmoo authors"
version = release = installed("imcmoo")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "site_pages",
]
source_suffix = {".md": "markdown", ".py": "tutorial", ".ipynb": "notebook"}
# `search.html` is the search page of Sphinx; `search.md` is shown as the page `searches`.
exclude_patterns = ["conf.py", "site_pages.py", "diagrams.py", "pictures.py", "search.md"]

html_theme = "furo"
html_title = f"imcmoo {release}"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "svg"

default_role = "literal"  # in docstrings `names` are code
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "exclude-members": "model_config"}
napoleon_numpy_docstring = False
