"""Train a small network of digits with the errors of a chip, and score it on simulated chips.

    pip install -e ".[training]"
    python examples/noise_aware_training.py --out DIR

A convolutional network is trained plainly, with clipped weights, and with clipped weights and
noise: the errors of the plain network's layers on the chip, from `imcmoo accuracy --export-noise`.
Each network is then executed on ten simulated RRAM chips for each cell error, and DIR/table.csv has
the scores. To train a network of your own, take `Noise` and `clip`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import torch
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from torch import nn

DESIGN = (
    "rows=64,active_rows=64,bits_per_cell=1,input_slice_bits=1,adc_bits=7,"
    "weight_coding=differential,adc_window=least_error"
)
"""An RRAM chip; the cell error is an option of the command."""
TRAINING = 1200
"""Images that train; a quarter of the others calibrates, the rest is scored."""
EPOCHS, BATCH, RATE = 80, 32, 2e-3
CLIP = 2.0
"""Largest weight of an output channel, in root mean squares of its weights."""
LAYERS = {"conv0": (1, 8, 1), "conv1": (8, 16, 2)}
"""Input and output channels and stride of the convolutions."""


class Network(nn.Module):
    """Two convolutions of 3 × 3 and a matrix, named as in the ONNX file."""

    def __init__(self) -> None:
        super().__init__()
        for name, (channels, filters, stride) in LAYERS.items():
            self.add_module(name, nn.Conv2d(channels, filters, 3, stride, padding=1))
        self.classes = nn.Linear(16 * 4 * 4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for name in LAYERS:
            x = torch.relu(self.get_submodule(name)(x))
        return self.classes(x.flatten(1))


class Noise:
    """Adds the errors of a chip to a network while it trains: call it in place of the network.

    Weights get errors in proportion to the largest of their output channel, outputs get noise in
    proportion to their standard deviation, with new draws for each batch.

    Args:
        network: its layers have the names of the file.
        file: a file of `imcmoo accuracy --export-noise`.
    """

    def __init__(self, network: nn.Module, file: Path) -> None:
        self._network = network
        layers = json.loads(file.read_text())["layers"]
        self._weights = {
            f"{layer['layer']}.weight": float(np.hypot(layer["weight_error"], layer["stuck_error"]))
            for layer in layers
        }
        for layer in layers:
            module = network.get_submodule(layer["layer"])
            module.register_forward_hook(self._adder(layer["output_noise"]))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        noisy = {}
        for name, weights in self._network.named_parameters():
            if name in self._weights:
                error = self._weights[name] * largest(weights)
                noisy[name] = weights + error * torch.randn_like(weights)
        return torch.func.functional_call(self._network, noisy, (x,))

    def _adder(self, share: float):
        def add(module: nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
            if not module.training:
                return output
            return output + share * output.detach().std() * torch.randn_like(output)

        return add


def largest(weights: torch.Tensor) -> torch.Tensor:
    """Largest magnitude of each output channel."""
    axes = tuple(range(1, weights.ndim))
    return weights.detach().abs().amax(axes, keepdim=True)


@torch.no_grad()
def clip(network: nn.Module) -> None:
    """Clip the weights of each output channel: errors of cells go with the largest weight."""
    for weights in network.parameters():
        if weights.ndim > 1:
            bound = CLIP * weights.square().mean(tuple(range(1, weights.ndim)), keepdim=True).sqrt()
            weights.copy_(torch.minimum(torch.maximum(weights, -bound), bound))


def train(images: np.ndarray, labels: np.ndarray, *, clipped: bool, noise: Path | None) -> Network:
    """Train a network from the same start, clipped after each step and with noise if asked."""
    torch.manual_seed(0)
    network = Network()
    run = network if noise is None else Noise(network, noise)
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(run(x[batch]), y[batch]).backward()
            optimizer.step()
            if clipped:
                clip(network)
        schedule.step()
    return network.eval()


def write_onnx(network: Network, path: Path) -> None:
    """Write the network as ONNX."""
    nodes, source = [], "x"
    for name, (_, _, stride) in LAYERS.items():
        read = [source, f"{name}.weight", f"{name}.bias"]
        sizes = {"pads": [1] * 4, "strides": [stride] * 2}
        nodes.append(helper.make_node("Conv", read, [f"{name}_y"], name=name, **sizes))
        source = f"{name}_r"
        nodes.append(helper.make_node("Relu", [f"{name}_y"], [source]))
    nodes.append(helper.make_node("Flatten", [source], ["f"]))
    last = ["f", "classes.weight", "classes.bias"]
    nodes.append(helper.make_node("Gemm", last, ["y"], name="classes", transB=1))
    tensors = [numpy_helper.from_array(v.numpy(), n) for n, v in network.state_dict().items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 1, 8, 8))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 10))
    graph = helper.make_graph(nodes, "digits", [x], [y], tensors)
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path)


def accuracy(folder: Path, name: str, sigma: float, chips: int, *options: str) -> pd.Series:
    """Row of `imcmoo accuracy` for a network of the folder on RRAM chips with some cell error."""
    out = folder / f"{name}-{sigma:g}.csv"
    command = [sys.executable, "-m", "imcmoo", "accuracy", str(folder / f"{name}.onnx")]
    command += ["--data", str(folder / "digits.npz"), "--device", "rram", "--design", DESIGN]
    command += ["--sigma", f"{sigma:g}", "--adc-noise", "10", "--chips", str(chips)]
    command += ["--out", str(out), "--force", "--quiet", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return pd.read_csv(out).iloc[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--sigmas", type=float, nargs="+", default=[0.043, 0.1, 0.2, 0.3])
    parser.add_argument("--chips", type=int, default=10)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    np.savez(args.out / "digits.npz", x=images[TRAINING:], labels=labels[TRAINING:])
    images, labels = images[:TRAINING], labels[:TRAINING]
    for name in ("plain", "clipped"):
        network = train(images, labels, clipped=name == "clipped", noise=None)
        write_onnx(network, args.out / f"{name}.onnx")
    rows = []
    for sigma in args.sigmas:
        noise = args.out / f"noise-{sigma:g}.json"
        export = ("--export-noise", str(noise))
        scored = {"plain": accuracy(args.out, "plain", sigma, args.chips, *export)}
        scored["clipped"] = accuracy(args.out, "clipped", sigma, args.chips)
        network = train(images, labels, clipped=True, noise=noise)
        write_onnx(network, args.out / f"noisy-{sigma:g}.onnx")
        scored["noisy"] = accuracy(args.out, f"noisy-{sigma:g}", sigma, args.chips)
        row = {"cell_error": sigma, "chips": args.chips, "samples": scored["plain"]["samples"]}
        for name, of_chips in scored.items():
            row |= {f"{name}_float": of_chips["float"], name: of_chips["accuracy"]}
            row[f"{name}_worst"] = of_chips["chip_min"]
        rows.append(row)
        print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)
    table = pd.DataFrame(rows)
    table.to_csv(args.out / "table.csv", index=False, float_format="%.6g", lineterminator="\n")


if __name__ == "__main__":
    main()
