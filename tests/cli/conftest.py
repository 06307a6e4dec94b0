"""Fixtures of the tests of commands."""

import pytest

from imcmoo.cli.main import main
from tests.cli.few_chips import only_few


@pytest.fixture
def _few(monkeypatch):
    only_few(monkeypatch.setattr)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The folder of a small run of `four_workload_rram` without figures; only to be read."""
    out = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imcmoo.cli.run_command.draw_figures", lambda *_: None)
        command = ["run", "four_workload_rram", "--budget", "100", "--out", str(out), "--quiet"]
        assert main(command) == 0
    return out / "four_workload_rram" / "seed-1"


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """A small network and its labelled data; only to be read."""
    pytest.importorskip("sklearn", reason="the small network is trained on scikit-learn's digits")
    from experiments.edge_networks.digits import write_digits

    return write_digits(tmp_path_factory.mktemp("digits"))
