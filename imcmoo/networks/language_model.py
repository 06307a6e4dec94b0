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
from imcmoo.networks.layers import BITS, DEFAULT_DENSITIES, DIMENSIONS, layer_class
from imcmoo.networks.workload_csv import DEFAULT, KEYS, VALUES, size_fault
from imcmoo.networks.workloads import (
    BATCH,
    LARGEST_BATCH,
    PHASE,
    STEPS_OF_REQUEST,
    Workload,
)
from imcmoo.version import __version__

MAX_BLOCKS = 10_000
"""Largest number of blocks; no published model has a tenth of them."""

FEWEST_WINDOW = 2
"""Smallest window: a query sees its own position and an earlier one."""

SIZES = {
    "width": "hidden_size",
    "blocks": "num_hidden_layers",
    "query_heads": "num_attention_heads",
    "key_heads": "num_key_value_heads",
    "head_width": "head_dim",
    "inner_width": "intermediate_size",
    "vocabulary": "vocab_size",
    "longest": "max_position_embeddings",
}
"""Usual field of each size in a `config.json`."""

_C, _M = map(DIMENSIONS.index, "CM")

PREFILL, STEP = "prefill", "step"
"""Values of the line `#phase` of a table."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Properties of all models of one `model_type`.

    Args:
        fields: fields with other names than in `SIZES`.
        gated: three matrices in the inner part of a block instead of two.
        tied: input embeddings and vocabulary projection are one matrix by default.
        head_width: default width of a head. If None, width / query heads.
        one_key_head_each: as many heads of keys as of queries by default.
        key_biases: queries, keys and values have biases.
        biases: all matrices of a block have biases.
        norm_words: words of a norm for each position of the width: weight, or weight and bias.
        norms: norms of a block.
        head_norms: queries and keys have a norm, as wide as a head.
        vocabulary_bias: the vocabulary projection has a bias.
        extra_positions: learned positions beyond the longest sequence. If None, none are learned.
        window: default of `sliding_window`. If None, the family has no such field.
        experts: an inner part is one of several experts.
        inner_factor: default inner width over the width. If None, the inner width must be stated.
        projects_embeddings: embeddings may have a width of their own, `word_embed_proj_dim`; such
            models are refused.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    gated: bool = True
    tied: bool = False
    head_width: int | None = None
    one_key_head_each: bool = False
    key_biases: bool = False
    biases: bool = False
    norm_words: int = 1
    norms: int = 2
    head_norms: bool = False
    vocabulary_bias: bool = False
    extra_positions: int | None = None
    window: int | None = None
    experts: bool = False
    inner_factor: int | None = None
    projects_embeddings: bool = False


_WITH_BIASES: dict[str, Any] = {
    "gated": False,
    "biases": True,
    "norm_words": 2,
    "one_key_head_each": True,
}
FAMILIES = {
    "llama": Family(one_key_head_each=True),
    "mistral": Family(window=4096),
    "mixtral": Family(experts=True),
    "qwen2": Family(key_biases=True),
    "qwen3": Family(head_norms=True, head_width=128),
    "gemma": Family(tied=True, head_width=256),
    "gpt2": Family(
        **_WITH_BIASES,
        fields={
            "width": "n_embd",
            "blocks": "n_layer",
            "query_heads": "n_head",
            "inner_width": "n_inner",
            "longest": "n_positions",
        },
        tied=True,
        extra_positions=0,
        inner_factor=4,
    ),
    "opt": Family(
        **_WITH_BIASES,
        fields={"inner_width": "ffn_dim"},
        tied=True,
        extra_positions=2,
        projects_embeddings=True,
    ),
    "phi": Family(**_WITH_BIASES, norms=1, vocabulary_bias=True),
}
"""Known families by `model_type`."""


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
    def from_config(cls, config: Any) -> LanguageModel:
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
        _refuse_other_parts(config)
        sizes = _sizes(config, family)
        embedded = config.get("word_embed_proj_dim")
        if family.projects_embeddings and embedded not in (None, sizes["width"]):
            raise ValueError(
                "word_embed_proj_dim differs from hidden_size: models that project their "
                "embeddings are not modelled"
            )
        return cls(
            family=family,
            **sizes,
            tied=_truth(config, "tie_word_embeddings", default=family.tied),
            window=_window(config, family),
            experts=_experts(config, family),
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
                f"{_field(self.model.family, 'longest')} is {self.model.longest}: shorten the "
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
    warnings = []
    if config.get("quantization_config"):
        warnings.append("quantization_config is ignored: a study states the precision")
    try:
        return Generation(
            model=model,
            prompt=prompt,
            generate=generate,
            batch=batch,
            name=path.stem if name is None else name,
            provenance={
                "source": path.name,
                "sha256": sha256(path),
                "importer": f"imcmoo {__version__}",
            },
            warnings=tuple(warnings),
        )
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _refuse_other_parts(config: Mapping[str, Any]) -> None:
    """Refuse models with parts that the tables do not have."""
    for name, remedy in (
        ("text_config", "import the config of its language model alone"),
        ("auto_map", "its code may differ; take a model that transformers defines"),
    ):
        if config.get(name):
            raise ValueError(f"{name}: not understood; {remedy}")
    if config.get("is_encoder_decoder"):
        raise ValueError("is_encoder_decoder is true: only decoders are modelled; import its ONNX")
    if config.get("use_sliding_window"):
        raise ValueError(
            "use_sliding_window is true: its blocks differ, which is not modelled; set it to false "
            "to let all of them see all positions"
        )
    kinds = config.get("layer_types") or []
    others = [k for k in kinds if k != "full_attention"] if isinstance(kinds, list) else [kinds]
    if others:
        raise ValueError(
            f"layer_types has {others[0]!r}, which is not modelled; set all entries to "
            "full_attention to let all blocks see all positions"
        )


def _field(family: Family, size: str) -> str:
    """Name of the field of a size."""
    return family.fields.get(size, SIZES[size])


def _whole(config: Mapping[str, Any], name: str, at_least: int = 1) -> int:
    """A whole number of a field.

    Raises:
        ValueError: it is missing, no whole number, or too small.
    """
    value = config.get(name)
    if value is None:
        raise ValueError(f"{name} is missing; state a whole number of at least {at_least}")
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} must be a whole number of at least {at_least}, got {value!r}")
    return value


def _sizes(config: Mapping[str, Any], family: Family) -> dict[str, int]:
    """All sizes, with defaults of the family."""
    named = {size: _field(family, size) for size in SIZES}
    stated = {size: config.get(name) is not None for size, name in named.items()}
    optional = {
        "head_width": True,
        "key_heads": family.one_key_head_each,
        "inner_width": family.inner_factor is not None,
    }
    sizes = {
        size: _whole(config, name)
        for size, name in named.items()
        if stated[size] or not optional.get(size, False)
    }
    width, heads = sizes["width"], sizes["query_heads"]
    if "head_width" not in sizes:
        if family.head_width is None and width % heads:
            raise ValueError(
                f"{named['width']} {width} is no multiple of {named['query_heads']} {heads}; "
                f"state {named['head_width']}"
            )
        sizes["head_width"] = family.head_width or width // heads
    if family.inner_factor is not None:
        sizes.setdefault("inner_width", family.inner_factor * width)
    sizes.setdefault("key_heads", heads)
    if heads % sizes["key_heads"]:
        raise ValueError(
            f"{named['query_heads']} {heads} is no multiple of {named['key_heads']} "
            f"{sizes['key_heads']}; each head of keys serves equally many queries"
        )
    if sizes["blocks"] > MAX_BLOCKS:
        raise ValueError(f"{named['blocks']} must be at most {MAX_BLOCKS}, got {sizes['blocks']}")
    return sizes


def _window(config: Mapping[str, Any], family: Family) -> int | None:
    if family.window is None:
        return None
    if "sliding_window" not in config:
        return family.window
    if config["sliding_window"] is None:
        return None
    return _whole(config, "sliding_window", FEWEST_WINDOW)


def _experts(config: Mapping[str, Any], family: Family) -> tuple[int, int]:
    if not family.experts:
        return 1, 1
    number, used = (_whole(config, n) for n in ("num_local_experts", "num_experts_per_tok"))
    if used > number:
        raise ValueError(f"num_experts_per_tok must be at most num_local_experts, {number}")
    return number, used


def _truth(config: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = config.get(name)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {value!r}")
    return default if value is None else value
