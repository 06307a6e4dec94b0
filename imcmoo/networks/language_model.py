"""Language models: the prefill and the step of a `config.json`, as two networks.

The prefill takes the whole prompt and gives the first token. Each step takes the last token of
every sequence and gives the next. Keys and values of earlier positions are in the cache.

Source of the fields and their defaults: huggingface/transformers,
    `src/transformers/models/*/configuration_*.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.checksums import sha256
from imcmoo.io.errors import InputError, did_you_mean, input_errors
from imcmoo.io.reading import read_json
from imcmoo.networks.language_families import (
    FAMILIES,
    Family,
    field_name,
    read_experts,
    read_sizes,
    read_truth,
    read_window,
    refuse_other_parts,
)
from imcmoo.networks.layers import BITS, DEFAULT_DENSITIES, DIMENSIONS, layer_class
from imcmoo.networks.workload_csv import DEFAULT, KEYS, VALUES, size_fault
from imcmoo.networks.workloads import BATCH, LARGEST_BATCH, PHASE, STEPS_OF_REQUEST, Workload
from imcmoo.version import __version__

_C, _M = map(DIMENSIONS.index, "CM")

PREFILL, STEP = "prefill", "step"
"""Values of the line `#phase` of a table."""


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """Sizes of a language model. Read one with `LanguageModel.from_config`.

    Args:
        family: properties of its `model_type`.
        width, blocks, query_heads, key_heads, head_width, inner_width, vocabulary: sizes.
        longest: most positions of a sequence.
        tied: input embeddings and vocabulary projection are one matrix.
        window: latest positions that a query sees. If None, all.
        experts: inner parts of a block, and those that a token uses; 1 each without experts.
    """

    family: Family
    width: int
    blocks: int
    query_heads: int
    key_heads: int
    head_width: int
    inner_width: int
    vocabulary: int
    longest: int
    tied: bool
    window: int | None = None
    experts: tuple[int, int] = (1, 1)

    @classmethod
    def from_config(cls, config: object) -> LanguageModel:
        """Read the sizes from the content of a `config.json`.

        Raises:
            ValueError: the model is not of a known family, has parts that are not modelled, or a
                size is missing or impossible; names the field and the remedy.
        """
        if not isinstance(config, dict):
            raise ValueError("must be a JSON object, as the config.json of a model is")
        kind = config.get("model_type")
        if not isinstance(kind, str) or kind not in FAMILIES:
            raise ValueError(
                f"model_type {kind!r} is not modelled; {did_you_mean(kind, FAMILIES)}known: "
                f"{', '.join(FAMILIES)}"
            )
        family = FAMILIES[kind]
        refuse_other_parts(config)
        sizes = read_sizes(config, family)
        embedded = config.get("word_embed_proj_dim")
        if family.projects_embeddings and embedded not in (None, sizes["width"]):
            raise ValueError(
                "word_embed_proj_dim differs from hidden_size: models that project their "
                "embeddings are not modelled"
            )
        return cls(
            family=family,
            **sizes,
            tied=read_truth(config, "tie_word_embeddings", default=family.tied),
            window=read_window(config, family),
            experts=read_experts(config, family),
        )

    @property
    def _attention_words(self) -> int:
        """Weights of a block that make queries, keys, values and the output of attention."""
        queries = self.query_heads * self.head_width
        return self.width * (2 * queries + 2 * self.key_heads * self.head_width)

    @property
    def _inner_words(self) -> int:
        """Weights of the inner part of a block; of one expert."""
        return (3 if self.family.gated else 2) * self.width * self.inner_width

    def _product_words(self, experts: int) -> int:
        """Weights in products, with so many experts in each block."""
        router = self.width * self.experts[0] * self.family.experts
        block = self._attention_words + experts * self._inner_words + router
        return self.blocks * block + self.vocabulary * self.width

    @property
    def weights(self) -> int:
        """Weights in products, those of all experts and of the vocabulary projection included."""
        return self._product_words(self.experts[0])

    @property
    def parameters(self) -> int:
        """All parameters: weights, untied embeddings, learned positions, biases and norms."""
        family, width = self.family, self.width
        embeddings = 0 if self.tied else self.vocabulary * width
        learned = family.extra_positions
        positions = 0 if learned is None else (self.longest + learned) * width
        biases = 0
        if family.key_biases or family.biases:
            biases += (self.query_heads + 2 * self.key_heads) * self.head_width
        if family.biases:
            biases += 2 * width + (2 if family.gated else 1) * self.inner_width
        norms = family.norms * family.norm_words * width + 2 * self.head_width * family.head_norms
        last = family.norm_words * width + self.vocabulary * family.vocabulary_bias
        return self.weights + embeddings + positions + self.blocks * (biases + norms) + last

    @property
    def cache_words(self) -> int:
        """Words of the cache for a position of a sequence."""
        return 2 * self.blocks * self.key_heads * self.head_width

    def seen(self, positions: int) -> int:
        """Keys that a query at the last of some positions sees."""
        return positions if self.window is None else min(positions, self.window)

    def mean_keys(self, prompt: int, steps: int) -> int:
        """Keys that a step sees, averaged over the steps after a prompt, rounded up."""
        window = self.longest if self.window is None else self.window
        growing = min(max(window - prompt, 0), steps)
        total = growing * prompt + growing * (growing + 1) // 2 + (steps - growing) * window
        return -(-total // steps)

    def products(self, new: int, keys: int, batch: int) -> tuple[int, int]:
        """Multiply-accumulates of an inference, and those of attention among them.

        Args:
            new: positions of each sequence that are computed.
            keys: keys that each of them sees.
            batch: sequences.
        """
        vocabulary = self.vocabulary * self.width
        words = new * (self._product_words(self.experts[1]) - vocabulary) + vocabulary
        attention = 2 * self.blocks * self.query_heads * self.head_width * keys * new
        return batch * (words + attention), batch * attention

    def experts_used(self, tokens: int) -> float | None:
        """Experts of a block that some tokens use if routing is uniform; None without experts."""
        experts, used = self.experts
        return experts * (1 - (1 - used / experts) ** tokens) if self.family.experts else None

    def rows(self, new: int, keys: int, batch: int, room: int) -> Iterator[dict[str, Any]]:
        """Layers of an inference, by column of a table.

        Args:
            new, keys, batch: see `products`.
            room: positions of a sequence that the cache must hold at most.
        """
        width, heads, head = self.width, self.query_heads, self.head_width
        inner = (2 if self.family.gated else 1) * self.inner_width
        linear = {"kind": "linear", "P": new, "N": batch}
        cached = {
            "kind": "attention",
            "P": new * heads // self.key_heads,
            "G": self.key_heads * batch,
            "appended": self.seen(new),
            "reserved": self.seen(room),
        }
        queries_keys_values = (heads + 2 * self.key_heads) * head
        for i in range(self.blocks):
            yield {"name": f"{i}.qkv", "C": width, "M": queries_keys_values, **linear}
            yield {"name": f"{i}.scores", "C": head, "M": keys, "cache": KEYS, **cached}
            yield {"name": f"{i}.mix", "C": keys, "M": head, "cache": VALUES, **cached}
            yield {"name": f"{i}.out", "C": heads * head, "M": width, **linear}
            yield {"name": f"{i}.up", "C": width, "M": inner, **linear}
            yield {"name": f"{i}.down", "C": self.inner_width, "M": width, **linear}
        yield {"name": "vocabulary", "C": width, "M": self.vocabulary, **linear, "P": 1}


LAYERS_OF_BLOCK = 6
"""Layers of a block in a table; all its experts count as one inner part."""


@dataclass(frozen=True, kw_only=True)
class Generation:
    """Generation with a language model: prefill, and mean step.

    Args:
        model: the sizes.
        prompt: positions of the prompt.
        generate: generated tokens of each sequence; the prefill gives the first.
        batch: sequences that are generated at once.
        name: begin of the names of both networks.
        provenance: origin of the sizes.
        warnings: notes for the reader, one sentence each.

    Raises:
        ValueError: a number is too small, or the model does not see so many positions.
    """

    model: LanguageModel
    prompt: int
    generate: int
    batch: int = 1
    name: str = "model"
    provenance: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, number in (("prompt", self.prompt), ("batch", self.batch)):
            if number < 1:
                raise ValueError(f"{what} must be at least 1, got {number}")
        if self.batch > LARGEST_BATCH:
            raise ValueError(f"batch must be at most {LARGEST_BATCH}, got {self.batch}")
        if self.generate < 2:
            raise ValueError(
                f"generate must be at least 2, got {self.generate}: the prefill gives the first "
                "token"
            )
        if self.positions > self.model.longest:
            raise ValueError(
                f"the last step sees prompt + generate - 1 = {self.positions} positions, but "
                f"{field_name(self.model.family, 'longest')} is {self.model.longest}: shorten the "
                "prompt or generate less"
            )

    @property
    def positions(self) -> int:
        """Positions of a sequence that the last step sees."""
        return self.prompt + self.generate - 1

    @property
    def steps(self) -> int:
        """Number of steps after the prefill."""
        return self.generate - 1

    @property
    def keys(self) -> int:
        """Keys that the step of the table sees: the mean over the steps, rounded up."""
        return self.model.mean_keys(self.prompt, self.steps)

    @property
    def prefill(self) -> Workload:
        """The network that takes the prompt.

        Raises:
            ValueError: the model has experts, or a layer is too large.
        """
        return self._table(PREFILL, "prefill", self.prompt, self.model.seen(self.prompt))

    @property
    def step(self) -> Workload:
        """The network that takes the last token of each sequence; raises as `prefill`."""
        return self._table(STEP, "decode", 1, self.keys)

    def summary(self) -> dict[str, Any]:
        """Totals: of the prefill, of the step (`step`), and of the model."""

        def of(new: int, keys: int) -> dict[str, int]:
            macs, attention = model.products(new, keys, self.batch)
            return {
                "layers": LAYERS_OF_BLOCK * model.blocks + 1,
                "macs": macs,
                "macs_dynamic": attention,
                "weights": model.weights,
            }

        model = self.model
        return {
            **of(self.prompt, model.seen(self.prompt)),
            "step": of(1, self.keys),
            "parameters": model.parameters,
            "cache_words": model.cache_words,
            "steps": self.steps,
            "keys": self.keys,
            "experts_used": model.experts_used(self.batch),
        }

    def _table(self, phase: str, suffix: str, new: int, keys: int) -> Workload:
        if self.model.family.experts:
            raise ValueError(f"{self.model.experts[0]} experts: counted with --summary, not costed")
        rows = list(self.model.rows(new, keys, self.batch, self.positions))
        shapes = [[row.get(name, 1) for name in DIMENSIONS] for row in rows]
        for row, sizes in zip(rows, shapes, strict=True):
            if fault := size_fault(sizes):
                raise ValueError(f"layer '{row['name']}': {fault}")
        n, dynamic = len(rows), tuple("cache" in row for row in rows)
        classes = [
            layer_class(row["kind"], np.array(sizes), dynamic=d)
            for row, sizes, d in zip(rows, shapes, dynamic, strict=True)
        ]
        densities = np.array([DEFAULT_DENSITIES[c] for c in classes]).reshape(n, 2, BITS)
        return Workload(
            name=f"{self.name}_{suffix}",
            layers=tuple(row["name"] for row in rows),
            kinds=tuple(row["kind"] for row in rows),
            shapes=np.array(shapes, dtype=np.int64),
            strides=np.ones((n, 2), np.int64),
            input_bits=densities[:, 0],
            weight_bits=densities[:, 1],
            dynamic=dynamic,
            cache=tuple(row.get("cache", "") for row in rows),
            appended=np.array([row.get("appended", 0) for row in rows], np.int64),
            reserved=np.array([row.get("reserved", 0) for row in rows], np.int64),
            input_statistics=(DEFAULT,) * n,
            weight_statistics=(DEFAULT,) * n,
            provenance={
                **self.provenance,
                PHASE: phase,
                "prompt": str(self.prompt),
                "generate": str(self.generate),
                BATCH: str(self.batch),
                STEPS_OF_REQUEST: str(self.steps),
            },
            images=self.batch,
        )


def keys_of_steps(step: Workload) -> dict[str, int]:
    """Keys that the `first`, the `mean` and the `last` step of a request see, from the table of the
    mean step; empty if the table does not state the request."""
    cached, prompt = np.array(step.cache) == KEYS, step.provenance.get("prompt", "")
    if step.phase != STEP or not cached.any() or not (prompt.isascii() and prompt.isdigit()):
        return {}
    mean, last = (int(v[cached].max()) for v in (step.shapes[:, _M], step.reserved))
    return {"first": min(int(prompt) + 1, last), "mean": mean, "last": last}


def step_that_sees(step: Workload, keys: int) -> Workload:
    """The step of a request that sees so many keys, from the table of the mean step."""
    cache, shapes = np.array(step.cache), step.shapes.copy()
    shapes[cache == KEYS, _M] = keys
    shapes[cache == VALUES, _C] = keys
    return replace(step, shapes=shapes)


def import_language_model(
    path: Path, *, prompt: int, generate: int, batch: int = 1, name: str | None = None
) -> Generation:
    """Read a language model from its `config.json`; no weights are needed.

        generation = import_language_model(Path("config.json"), prompt=448, generate=128)
        generation.prefill, generation.step  # the networks
        generation.summary()  # counts

    Args:
        path: the `config.json`, as of huggingface/transformers.
        prompt: positions of the prompt.
        generate: generated tokens of each sequence; the prefill gives the first.
        batch: sequences that are generated at once.
        name: begin of the names of both networks. If None, the stem of the file.

    Raises:
        InputError: the file is no such JSON, the model is not modelled, or a number does not fit
            it; one line.
        OSError: the file cannot be read.
    """
    with input_errors():
        config = read_json(path)
    with input_errors(f"{path}: "):
        model = LanguageModel.from_config(config)
    ignored = "quantization_config is ignored: a study states the precision"
    source = {"source": path.name, "sha256": sha256(path), "importer": f"imcmoo {__version__}"}
    try:
        return Generation(
            model=model,
            prompt=prompt,
            generate=generate,
            batch=batch,
            name=path.stem if name is None else name,
            provenance=source,
            warnings=(ignored,) if config.get("quantization_config") else (),
        )
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
