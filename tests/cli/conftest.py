"""Fixtures of the tests of commands."""

import pytest

from tests.cli.few_chips import only_few
from tests.cli.helpers import run_quietly
from tests.extras import needs


@pytest.fixture
def _few(monkeypatch):
    only_few(monkeypatch.setattr)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The folder of a small run of `four_workload_rram` without figures; only to be read."""
    out = tmp_path_factory.mktemp("small")
    run_quietly("run", "four_workload_rram", "--budget", 100, "--out", out)
    return out / "four_workload_rram" / "seed-1"


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """A small network and its labelled data; only to be read."""
    needs("dev", "sklearn")
    from experiments.edge_networks.data import write_digits

    return write_digits(tmp_path_factory.mktemp("digits"))
