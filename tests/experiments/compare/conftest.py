"""A small study and its exact answer."""

import pytest

from imcmoo.cli.main import main
from tests.study.files import SMALL_RRAM, written


@pytest.fixture(scope="session")
def answered(tmp_path_factory):
    """The file of a study, and results with its exact answer; only to be read."""
    out = tmp_path_factory.mktemp("answered")
    file = written(out, SMALL_RRAM)
    assert main(["enumerate", file, "--out", str(out), "--quiet", "--workers", "1"]) == 0
    return file, out
