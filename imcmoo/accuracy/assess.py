"""Accuracy of a network in float, with integers, and on chips of one design."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.accuracy.circuit_noise import CircuitNoise
from imcmoo.accuracy.graph import CutNetwork, is_finite
from imcmoo.accuracy.intervals import interval, wilson
from imcmoo.accuracy.labelled_data import LabelledData, Metric, batch_size, joined, run_all
from imcmoo.accuracy.lowering import MappedLayer, Tensors
from imcmoo.accuracy.noisy_network import SAMPLES_CHUNK_SIZE, Disturbance, NoisyNetwork
from imcmoo.accuracy.shares import ExecutedShares, shares
from imcmoo.accuracy.simulation import LayerErrors, Simulation, calibrate, to_decibels
from imcmoo.arrays import Floats, Values
from imcmoo.io.errors import InputError, did_you_mean_or_known
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.predicted_accuracy import predict
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.onnx_import.reading import weights_sha256

FEW_SAMPLES = 200
"""Number of samples below which the interval exceeds most differences between chips."""


MAX_ADC_SHARE = 0.5
"""Share of ADC noise in the worst 1 % of products above which white noise is no valid model."""

COLUMNS = {"in_float": "float", "on_integers": "integer", "chip_yield": "yield"}
"""Output columns whose name differs from the field."""


@dataclass(frozen=True)
class Result:
    """Accuracy of a network on chips of one design.

    Args:
        in_float: score of the float network.
        on_integers: score with integer inputs and weights and exact products.
        accuracy: mean over samples and chips.
        accuracy_low, accuracy_high: 95 % interval over samples; NaN if the metric gives one score
            for all samples.
        chip_min, chip_max: scores of the worst and the best chip.
        chip_yield: share of chips within the allowed drop.
        nsr_out_dB: noise-to-signal ratio at the logits, mean over chips.
        snr_adc_dB, snr_dev_dB, snr_rounding_dB: SNR of all layers of the first chip: inverse of the
            sum over layers of noise over signal.
        worst_layer: layer with the largest noise over signal; if predicted, at the logits.
        worst_layer_share: its share of the sum; if predicted, of the noise at the logits.
        exact_only: True if few large errors dominate the ADC noise, so that only exact execution is
            valid; None if nothing was executed.
    """

    in_float: float
    on_integers: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    chip_min: float
    chip_max: float
    chip_yield: float
    nsr_out_dB: float
    snr_adc_dB: float
    snr_dev_dB: float
    snr_rounding_dB: float
    worst_layer: str
    worst_layer_share: float
    exact_only: bool | None

    def to_row(self) -> dict[str, Any]:
        """Columns of the output of the command."""
        row = asdict(self)
        return {COLUMNS.get(name, name): value for name, value in row.items()}


class Assessment:
    """A network with its data, calibrated once for all designs.

    Create it, then call `on_chips` (execution) or `predicted` for each design::

        result, layers = Assessment(Path("net.onnx"), Path("data.npz")).on_chips(circuit, 10)

    Args:
        path: the ONNX file.
        data: .npz of samples, see `LabelledData.read`.
        metric: one of `METRICS`, or `module:function`.
        output: name of the scored output. If None, the first.
        samples: number of scored samples. If None, all.
        seed: seed of calibration vectors and of the first chip; further chips add 1 each.
        layers_digital: layers on the digital unit.

    Raises:
        InputError: network or data cannot be used, a layer does not exist, or outputs are not
            finite.
    """

    def __init__(
        self,
        path: Path,
        data: Path,
        *,
        metric: str = "top1",
        output: str | None = None,
        samples: int | None = None,
        seed: int = 0,
        layers_digital: Collection[str] = (),
    ) -> None:
        self.path = path
        self.seed = seed
        self.network = CutNetwork(path, output=output)
        self.digital = tuple(layers_digital)
        names = [layer.name for layer in self.network.layers]
        for name in set(layers_digital) - set(names):
            hint = did_you_mean_or_known(name, names)
            raise InputError(f"no layer '{name}' with stored weights; {hint}")
        self._data = LabelledData.read(data, self.network, samples)
        self.data_file = data
        self.metric_name = metric
        self._metric = Metric(metric, self.network.output)
        self._metric.check(self._data.labels)
        self._batch = batch_size(self.network, self._data.scored)
        self._reference = run_all(self.network.run_whole, self._data.scored, self._batch)
        self._check_finite()
        self._integer: dict[tuple[int, int, float], Floats] = {}
        self.float_scores = self._scores(self._reference)
        batches = self._data.calibration.batches(self._batch)
        self.calibration = calibrate(self.network, batches, np.random.default_rng(seed))

    def _check_finite(self) -> None:
        network = self.network
        scored = network.wanted if self._metric.reads_all else [network.output, network.logits]
        for name in scored:
            if is_finite(self._reference[name]):
                continue
            for batch in self._data.scored.batches(self._batch):
                if not is_finite(network.run_whole(batch)[name]):
                    origin = network.origin_of_not_finite(name, batch)
                    raise InputError(
                        f"{self.path}: output '{name}' is not finite in float: the first numbers "
                        f"that are not come from {origin}"
                    )
        if layer := network.layer_not_finite():
            raise InputError(f"{self.path}: {layer}")

    @cached_property
    def weights_sha256(self) -> str:
        """SHA-256 of the files of weights; empty if there are none."""
        return weights_sha256(self.path)

    @cached_property
    def shares(self) -> ExecutedShares:
        """Shares of its weights and multiply-accumulates by unit."""
        one = next(self._data.scored.part(slice(1)).batches(1))
        return shares(self.network, one, self.digital)

    @property
    def samples(self) -> int:
        """Number of samples that are scored."""
        return len(self._data.scored)

    @property
    def float_score(self) -> float:
        """Mean score of the float network."""
        return float(self.float_scores.mean())

    def integer_scores(self, chip: Circuit) -> Floats:
        """Score of each sample with exact products of integers of the chip's precision."""
        precision = (chip.input_bits, chip.weight_bits, chip.weight_clip)
        if precision not in self._integer:
            simulation = Simulation(self.network, chip, self.calibration, self.digital)
            self._integer[precision] = self._scores(self.outputs(simulation.run_integers))
        return self._integer[precision]

    def scores_of_chip(self, chip: Circuit, number: int = 0) -> Floats:
        """Score of each sample on one simulated chip, executed exactly.

        Its cells err as those of chip `number` of `on_chips`; noise of reads and ADCs is another
        draw.

        Args:
            chip: the design.
            number: number of the chip among those of `on_chips`, from 0.
        """
        simulation = Simulation(self.network, chip, self.calibration, self.digital)
        simulation.manufacture(self.seed + number)
        return self._scores(self.outputs(simulation.run))

    def on_chips(
        self,
        chip: Circuit,
        chips: int,
        *,
        allowed_drop: float = 0.01,
        after_each: Callable[[], None] = lambda: None,
    ) -> tuple[Result, list[LayerErrors]]:
        """Execute the network on chips; returns accuracy, and layer errors of the first chip.

        Args:
            chip: the design.
            chips: number of simulated chips.
            allowed_drop: largest drop of the score that counts for the yield.
            after_each: called after each chip.
        """
        simulation = Simulation(self.network, chip, self.calibration, self.digital)
        on_integers = float(self.integer_scores(chip).mean())
        simulation.manufacture(self.seed)
        errors = simulation.analyse()
        scores, nsr = [], []
        for at in range(chips):
            if at:
                simulation.manufacture(self.seed + at)
            outputs = self.outputs(simulation.run)
            scores.append(self._scores(outputs))
            nsr.append(self.noise_to_signal(outputs))
            after_each()
        each = np.array([s.mean() for s in scores])
        low, high = interval(np.array(scores), self.samples)
        return Result(
            in_float=self.float_score,
            on_integers=on_integers,
            accuracy=float(each.mean()),
            accuracy_low=low,
            accuracy_high=high,
            chip_min=float(each.min()),
            chip_max=float(each.max()),
            chip_yield=float((each >= self.float_score - allowed_drop - 1e-9).mean()),
            nsr_out_dB=-to_decibels(float(np.mean(nsr))),
            **_of_layers(errors),
        ), errors

    def noise_for_training(self, chip: Circuit) -> list[dict[str, Any]]:
        """Errors of every layer on the first chip, see `Simulation.for_training`."""
        simulation = Simulation(self.network, chip, self.calibration, self.digital)
        simulation.manufacture(self.seed)
        return simulation.for_training()

    def predicted(
        self, chip: Circuit, data: AccuracyData, noise: CircuitNoise, *, allowed_drop: float
    ) -> tuple[Result, list[LayerErrors]]:
        """Predict the accuracy from accuracy data; returns it and the layer errors.

        Args:
            chip: the design.
            data: accuracy data of the network.
            noise: computes the noise of the layers.
            allowed_drop: largest drop of the score that counts for the yield.

        Raises:
            ValueError: the data lack the precision of the chip.
        """
        nsr = noise(data, chip) * data.analog(self.digital)
        bits = (chip.input_bits, chip.weight_bits)
        prediction = predict(data, nsr, bits, self.digital)
        low, high = wilson(min(max(prediction.accuracy, 0.0), 1.0), data.about["samples"])
        errors = [
            LayerErrors(layer.name, math.nan, float(adc), float(dev))
            for layer, (adc, dev) in zip(data.layers, nsr.T, strict=True)
        ]
        result = Result(
            in_float=data.float_score,
            on_integers=data.rounded[bits],
            accuracy=prediction.accuracy,
            accuracy_low=low,
            accuracy_high=high,
            chip_min=prediction.accuracy,
            chip_max=prediction.accuracy,
            chip_yield=float(data.float_score - prediction.accuracy <= allowed_drop + 1e-9),
            nsr_out_dB=-to_decibels(prediction.nsr),
            **_of_layers(errors)
            | {
                "exact_only": None,
                "worst_layer": data.layers[int(prediction.layers.argmax())].name,
                "worst_layer_share": float(prediction.layers.max() / prediction.nsr),
            },
        )
        return result, errors

    def alone(self, chip: Circuit, layer: str) -> float:
        """Accuracy on one chip with a single layer on it, all others in float."""
        network = CutNetwork(self.path, [layer], output=self.network.output)
        simulation = Simulation(network, chip, self.calibration, self.digital)
        simulation.manufacture(self.seed)
        return float(self._scores(self.outputs(simulation.run)).mean())

    def outputs(self, run: Callable[[Tensors], Tensors], samples: int | None = None) -> Tensors:
        """Outputs and logits of the first samples. If `samples` is None, of all."""
        return run_all(run, self._data.scored.part(slice(samples)), self._batch)

    def noisy_outputs(
        self,
        network: NoisyNetwork,
        disturbed: Mapping[str, Disturbance],
        rng: np.random.Generator,
        samples: slice = slice(None),
    ) -> Tensors:
        """Outputs and logits of samples with errors in some layers."""
        run = partial(network.run, disturbed=disturbed, rng=rng)
        return self.joined([run(batch) for batch in self.batches(samples)])

    def batches(self, samples: slice) -> list[Tensors]:
        """Inputs of samples, as many at once as run with noise."""
        return list(self._data.scored.part(samples).batches(self._at_once))

    def joined(self, outputs: Sequence[Tensors]) -> Tensors:
        """Outputs and logits of all `batches`, with samples on the first axis."""
        return joined(outputs, single=self._at_once == 1 or self._data.scored.inner)

    @property
    def _at_once(self) -> int:
        return min(self._batch, SAMPLES_CHUNK_SIZE)

    def reference(self, samples: int) -> Tensors:
        """Outputs and logits of the float network on the first samples."""
        return {name: v[:samples] for name, v in self._reference.items()}

    def score(self, outputs: Tensors) -> float:
        """Mean score of outputs of the first samples."""
        return float(self._scores(outputs).mean())

    def macs_per_sample(self) -> float:
        """Multiply-accumulates of the mapped layers on one sample."""
        one = next(self._data.scored.part(slice(1)).batches(1))
        macs = 0

        def product(layer: MappedLayer, inputs: Values, tensors: Mapping[str, Values]) -> Values:
            def multiply(vectors: Values) -> Values:
                nonlocal macs
                macs += vectors.shape[1] * layer.weights.size
                return vectors @ layer.weights

            return layer.with_bias(layer.apply(inputs, 0, multiply), tensors)

        self.network.run(one, product)
        return macs

    def _scores(self, outputs: Tensors) -> Floats:
        scored = {name: outputs[name] for name in self.network.outputs}
        n = len(scored[self.network.output])
        labels = None if self._data.labels is None else self._data.labels[:n]
        return self._metric.scores(scored, labels, self.reference(n))

    def noise_to_signal(self, outputs: Tensors) -> float:
        """Noise-to-signal ratio of the logits of the first samples."""
        logits = outputs[self.network.logits]
        ideal = self._reference[self.network.logits][: len(logits)].astype(np.float64)
        error = logits - ideal
        nsr = float((error**2).mean() / (ideal.var(axis=0).mean() or 1.0))
        return nsr if math.isfinite(nsr) else math.inf


def _of_layers(errors: list[LayerErrors]) -> dict[str, Any]:
    adc, dev, rounding = (
        to_decibels(sum(getattr(e, part) for e in errors)) for part in ("adc", "dev", "rounding")
    )
    total = [e.adc + e.dev + e.rounding for e in errors]
    clipped = sum(e.adc * e.worst for e in errors)
    worst = int(np.argmax(total))
    return {
        "snr_adc_dB": adc,
        "snr_dev_dB": dev,
        "snr_rounding_dB": rounding,
        "worst_layer": errors[worst].layer,
        "worst_layer_share": total[worst] / (sum(total) or 1.0),
        "exact_only": clipped > MAX_ADC_SHARE * sum(e.adc for e in errors),
    }
