"""Settings of all tests."""

import signal

import pytest
from hypothesis import settings

from imcmoo.io.blas import use_one_thread

# Tests run side by side on all cores: threads of linear algebra would only wait for each other.
use_one_thread()

# How long an example takes says how busy the machine is, not whether the code is right. Each run
# draws other examples: few a run are many over all runs.
settings.register_profile("untimed", deadline=None, max_examples=20)
settings.load_profile("untimed")


def pytest_configure():
    """Hear interrupts, which shells let what they start in the background ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure():
    """Ignore interrupts once all results are reported: on a busy machine pytest-xdist sends one to
    a worker that takes 5 s to end, and Python prints it as an exception in `threading`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture(scope="module")
def _shared_noise():
    """Noise takes most of the time of physical models, and tests of a module make many alike."""
    from tests.model.physical.shared_noise import share_noise

    with pytest.MonkeyPatch.context() as patch:
        share_noise(patch)
        yield


@pytest.fixture(autouse=True, scope="module")
def _shared_work(request):
    """Models of equal layers share work, but where the models themselves are tested; a run draws
    figures, which take most of a short run's time, only with `_figures`."""
    from imcmoo.report import figures
    from tests.model.physical.shared_noise import share_noise
    from tests.shared_work import share_models, share_runs_of_layers, share_sums_of_operands

    with pytest.MonkeyPatch.context() as patch:
        share_sums_of_operands(patch)
        if "model" not in request.path.parts:
            share_noise(patch)
        if not {"model", "exact"} & {*request.path.parts}:
            share_models(patch)
        if not {"reference", "exact"} & {*request.path.parts}:  # they change how layers run
            share_runs_of_layers(patch)
        draw_figures = figures.draw_figures
        patch.setattr(figures, "draw_figures", lambda *_: None)
        yield draw_figures


@pytest.fixture(scope="module")
def _figures(_shared_work):
    """Runs of the module draw their figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imcmoo.report.figures.draw_figures", _shared_work)
        yield
