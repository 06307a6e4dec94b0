import os
import signal
import uuid

import pytest

from tests.io.processes import marked


@pytest.fixture
def mark(monkeypatch):
    """A text in the environment of all processes started by a test; what is left of them ends."""
    text = f"test-{uuid.uuid4()}"
    monkeypatch.setenv("IMCMOO_TEST", text)
    yield text
    for pid in marked(text):
        os.kill(pid, signal.SIGKILL)
