import pytest

from imcmoo.io.machines import Scheduler, open_executor


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:8786", "tls://far.org:1"]
)
def test_what_is_here_or_encrypted_is_taken(address):
    assert Scheduler(address).address == address


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "tcp://localhost", "http://here:80", ""])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match="is no address such as tcp:"):
        Scheduler(address)


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tcp://127.evil.org:1"])
def test_an_open_port_of_another_machine_is_taken_only_if_trusted(address):
    with pytest.raises(ValueError, match="another machine's and not encrypted"):
        Scheduler(address)
    assert Scheduler(address, trusted=True).trusted


def test_no_more_processes_than_tasks_are_started():
    with open_executor(8, 1) as executor:
        assert executor.workers == 1
