"""Families of language models: what their config.json states, and which parts are modelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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


def refuse_other_parts(config: Mapping[str, Any]) -> None:
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


def field_name(family: Family, size: str) -> str:
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


def read_sizes(config: Mapping[str, Any], family: Family) -> dict[str, int]:
    """All sizes, with defaults of the family."""
    named = {size: field_name(family, size) for size in SIZES}
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


def read_window(config: Mapping[str, Any], family: Family) -> int | None:
    """Positions that a query sees; None for all."""
    if family.window is None:
        return None
    if "sliding_window" not in config:
        return family.window
    if config["sliding_window"] is None:
        return None
    return _whole(config, "sliding_window", FEWEST_WINDOW)


def read_experts(config: Mapping[str, Any], family: Family) -> tuple[int, int]:
    """Number of experts, and of those that a token uses; 1 and 1 without experts."""
    if not family.experts:
        return 1, 1
    number, used = (_whole(config, n) for n in ("num_local_experts", "num_experts_per_tok"))
    if used > number:
        raise ValueError(f"num_experts_per_tok must be at most num_local_experts, {number}")
    return number, used


def read_truth(config: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Value of a field that is true or false."""
    value = config.get(name)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {value!r}")
    return default if value is None else value
