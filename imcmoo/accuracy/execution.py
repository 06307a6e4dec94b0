"""Networks with accuracy data, executed on simulated chips; scores are stored on disk.

network = ExecutedNetwork(data, folder, macs=1e6, cache=cache_folder())
execution, loss = network.until_clear(circuit, allowed=0.01)
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imcmoo.accuracy import accuracy_packages
from imcmoo.accuracy.circuit_noise import VERSION
from imcmoo.accuracy.verdict import STAGES, Loss
from imcmoo.arrays import Floats
from imcmoo.io.checksums import read_sealed, sha256, write_sealed
from imcmoo.io.errors import InputError
from imcmoo.io.own_code import own_code
from imcmoo.io.stamp import Stamp
from imcmoo.model.physical.circuit import Circuit
from imcmoo.networks.accuracy_data import AccuracyData

if TYPE_CHECKING:
    from imcmoo.accuracy.assess import Assessment

MACS = 3e9
"""Approximate multiply-accumulates executed per chip; sets the number of samples."""
FEWEST_SAMPLES, MOST_SAMPLES = 25, 600
SUFFIX = ".scores"
"""Suffix of stored files: an array after a checksum."""


@dataclass(frozen=True, eq=False)
class Execution:
    """Scores of the samples of a network on simulated chips of a circuit.

    Args:
        in_float, on_integers: scores of the network in float and with integers, shape (n,).
        scores: scores on each chip, shape (chips, n).
        samples: number of samples; n, or more if the metric gives one score for all.
        seed: seed of the first chip; further chips add 1 each.
    """

    in_float: Floats
    on_integers: Floats
    scores: Floats
    samples: int
    seed: int

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all scores."""
        return hashlib.sha256(self._array.tobytes()).hexdigest()

    @property
    def _array(self) -> Floats:
        return np.vstack([self.in_float, self.on_integers, self.scores])

    @property
    def loss(self) -> Loss:
        """Loss below the lower score of float and integers."""
        return Loss.of_scores(self.scores, self.in_float, self.on_integers)

    def first(self, chips: int) -> Execution:
        """The execution on the first chips only."""
        scores = self.scores[:chips]
        return Execution(self.in_float, self.on_integers, scores, self.samples, self.seed)

    def to_bytes(self) -> bytes:
        """Content of a file for `of_bytes`."""
        stream = io.BytesIO()
        np.save(stream, self._array, allow_pickle=False)
        return stream.getvalue()

    @classmethod
    def of_bytes(cls, content: bytes, samples: int, seed: int) -> Execution | None:
        """What `to_bytes` gave; None if it is anything else."""
        try:
            array = np.load(io.BytesIO(content), allow_pickle=False)
        except (ValueError, EOFError):
            return None
        if array.dtype != np.float64 or array.ndim != 2 or len(array) < 2:
            return None
        return cls(array[0], array[1], array[2:], samples, seed)


class ExecutedNetwork:
    """A network that its accuracy data name, executed on simulated chips.

    Args:
        data: accuracy data of the network.
        folder: folder of the file of these, which the paths in them are relative to.
        macs: multiply-accumulates of a sample.
        digital: layers on the digital unit.
        cache: folder for stored scores. If None, nothing is read or stored.
    """

    def __init__(
        self,
        data: AccuracyData,
        folder: Path,
        *,
        macs: float,
        digital: Collection[str] = (),
        cache: Path | None,
    ) -> None:
        self.data = data
        self._paths = {kind: folder / data.about[kind] for kind in ("network", "data")}
        self._digital = tuple(sorted(digital))
        self._cache = cache
        affordable = max(FEWEST_SAMPLES, int(MACS / max(macs, 1.0)))
        self.samples = min(affordable, MOST_SAMPLES, data.about["samples"])
        self._known: dict[Circuit, Execution] = {}

    @cached_property
    def fault(self) -> str:
        """Why the network cannot be executed; empty if it can."""
        try:
            return self._fault()
        except (InputError, OSError) as error:
            return str(error)

    def _fault(self) -> str:
        for kind, path in self._paths.items():
            if not path.is_file() or sha256(path) != self.data.about[f"{kind}_sha256"]:
                return f"{path} is not there, or another file"
        if stated := self.data.about.get("weights_sha256"):
            with accuracy_packages():  # imported here: it takes a second
                from imcmoo.networks.onnx_import.reading import weights_sha256
            if stated != weights_sha256(self._paths["network"]):
                return f"the weights beside {self._paths['network']} are others"
        return ""

    def until_clear(self, circuit: Circuit, allowed: float) -> tuple[Execution, Loss]:
        """Execute the network on chips of a circuit until it is clear whether it works.

        Args:
            circuit: the circuit.
            allowed: largest loss of the score.
        """
        for chips in STAGES:
            execution = self.on_chips(circuit, chips)
            if execution.loss.is_clear(allowed):
                break
        return execution, execution.loss

    def on_chips(self, circuit: Circuit, chips: int) -> Execution:
        """Execute the network on chips of a circuit, or read the stored scores."""
        if circuit.rows % circuit.active_rows == 0:  # then all blocks have as many rows
            circuit = replace(circuit, rows=circuit.active_rows)
        known = self._known.get(circuit) or self._stored(circuit)
        if known is None or len(known.scores) < chips:
            known = self._executed(circuit, chips, known)
            self._store(circuit, known)
        self._known[circuit] = known
        return known.first(chips)

    def _executed(self, circuit: Circuit, chips: int, known: Execution | None) -> Execution:
        assessed = self._assessed
        scores = [] if known is None else list(known.scores)
        scores += [assessed.scores_of_chip(circuit, at) for at in range(len(scores), chips)]
        in_float, on_integers = assessed.float_scores, assessed.integer_scores(circuit)
        return Execution(in_float, on_integers, np.array(scores), self.samples, assessed.seed)

    @cached_property
    def _assessed(self) -> Assessment:
        # Imported here: it takes a second, and is not needed if all scores are stored.
        with accuracy_packages():
            from imcmoo.accuracy.assess import Assessment

        return Assessment(
            self._paths["network"],
            self._paths["data"],
            metric=self.data.about["metric"],
            output=self.data.about["output"],
            samples=self.samples,
            seed=self.data.about["seed"],
            layers_digital=self._digital,
        )

    def _stored(self, circuit: Circuit) -> Execution | None:
        """Stored scores; None if there are none or they are damaged."""
        if self._cache is None:
            return None
        key = self._key(circuit)
        content = read_sealed(self._cache / f"{key}{SUFFIX}", key)
        seed = self.data.about["seed"]
        return None if content is None else Execution.of_bytes(content, self.samples, seed)

    def _store(self, circuit: Circuit, execution: Execution) -> None:
        if self._cache is None:
            return
        key = self._key(circuit)
        with suppress(OSError):  # a folder that cannot be written stores nothing
            self._cache.mkdir(parents=True, exist_ok=True)
            write_sealed(self._cache / f"{key}{SUFFIX}", key, execution.to_bytes())

    def _key(self, circuit: Circuit) -> str:
        """Digest of all that the scores depend on; also the name of their file."""
        about = dict(self.data.about)
        metric = str(about["metric"])
        settings = (repr(circuit), self._digital, self.samples, sorted(about.items()))
        stamp = Stamp(
            {
                "versions": {"execution of layers": VERSION},
                "data": self.data.fingerprint,
                "settings": repr(settings),
                "own code": own_code([metric.partition(":")[0]] if ":" in metric else []),
            }
        )
        return stamp.digest()
