import os
import signal
import uuid

import pytest

from tests.io.processes import EARLIER, marked, pids_of_children


@pytest.fixture
def mark(monkeypatch):
    """A text in the environment of all processes started by a test; what is left of them ends."""
    text = f"test-{uuid.uuid4()}"
    monkeypatch.setenv("IMCMOO_TEST", text)
    EARLIER[text] = pids_of_children()
    yield text
    for pid in marked(text):
        os.kill(pid, signal.SIGKILL)
