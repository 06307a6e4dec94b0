"""Stored noise of circuits: used if it is intact, else worked out again."""

import os

import numpy as np
import pytest

from imcmoo.accuracy import circuit_noise
from imcmoo.accuracy.circuit_noise import CircuitNoise
from imcmoo.io.checksums import write_sealed
from imcmoo.model.physical.circuit import Circuit
from tests.networks.accuracy_data import DATA

CHIP = Circuit(
    rows=64, active_rows=64, input_slice_bits=2, bits_per_cell=2, differential=True, adc_bits=5
)


@pytest.fixture
def executed(monkeypatch):
    """Resolutions of each execution of layers, which takes no time here."""
    calls = []

    def execute(data, chip, bits):
        calls.append(list(bits))
        return np.array([[[2.0**-b] * len(data.layers), [0.01, 0.02]] for b in bits])

    monkeypatch.setattr(circuit_noise, "_executed", execute)
    return calls


@pytest.fixture
def stored(executed, tmp_path):
    """The noise of `CHIP`, and the file that holds it."""
    first = CircuitNoise(tmp_path)(DATA, CHIP)
    executed.clear()
    return first, tmp_path / f"{CircuitNoise(tmp_path)._key(DATA, CHIP)}{circuit_noise.SUFFIX}"


def test_an_intact_file_is_used(stored, executed, tmp_path):
    first, file = stored
    assert file.is_file()
    np.testing.assert_array_equal(CircuitNoise(tmp_path)(DATA, CHIP), first)
    assert executed == []


def flipped(file):
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(content)


def of_another_circuit(file):
    others = [path for path in file.parent.iterdir() if path != file]
    file.write_bytes(others[0].read_bytes())


def of_no_array(file):
    file.unlink()
    file.mkdir()


def of_a_pipe(file):
    file.unlink()
    os.mkfifo(file)


def of_a_device(file):
    file.unlink()
    file.symlink_to("/dev/zero")


def huge(file):
    os.truncate(file, 1 << 40)


def a_header_that_claims_terabytes(file):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1000000000000), }\n"
    file.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


def sealed(values):
    def damage(file):
        write_sealed(file, file.stem, np.array(values).tobytes())

    return damage


DAMAGES = {
    "one flipped bit": flipped,
    "empty": lambda file: file.write_bytes(b""),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"\0"),
    "an array file": lambda file: np.save(file.open("wb"), np.zeros((2, 2))),
    "another circuit": of_another_circuit,
    "a folder": of_no_array,
    "a pipe": of_a_pipe,
    "a device": of_a_device,
    "a terabyte": huge,
    "a forged header": a_header_that_claims_terabytes,
    "not finite": sealed([np.nan, 1.0, 1.0, np.inf]),
    "negative": sealed([-1.0, 1.0, 1.0, 1.0]),
    "too few layers": sealed([1.0, 1.0]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_worked_out_again(stored, executed, tmp_path, damage):
    first, file = stored
    damage(file)
    np.testing.assert_array_equal(CircuitNoise(tmp_path)(DATA, CHIP), first)
    assert executed == [list(circuit_noise.RESOLUTIONS)]
    if not file.is_dir():
        np.testing.assert_array_equal(CircuitNoise(tmp_path)(DATA, CHIP), first)
        assert len(executed) == 1


def test_a_folder_that_cannot_be_made_stores_nothing(executed, tmp_path):
    place = tmp_path / "file"
    place.write_text("mine")
    for _ in range(2):
        assert CircuitNoise(place)(DATA, CHIP).shape == (2, 2)
    assert len(executed) == 2
    assert place.read_text() == "mine"
