"""The citation is of the version that is installed."""

import re

from imcmoo.version import __version__
from tests import ROOT


def test_the_citation_has_the_version_of_the_package_and_its_maintainers():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", text, re.MULTILINE) == [__version__]
    assert re.search(r'^authors:\n  - name: "The imcmoo maintainers"$', text, re.MULTILINE)
    assert re.search(r"^date-released: \d{4}-\d\d-\d\d$", text, re.MULTILINE)
