"""Published language models of which tables are shipped, and generation with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from imcmoo.networks.language_model import Generation, LanguageModel

CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "smollm": (
        "HuggingFaceTB/SmolLM-135M",
        {
            "model_type": "llama",
            "hidden_size": 576,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "intermediate_size": 1536,
            "vocab_size": 49152,
            "max_position_embeddings": 2048,
            "tie_word_embeddings": True,
        },
    ),
    "gpt2": (
        "openai-community/gpt2",
        {
            "model_type": "gpt2",
            "n_embd": 768,
            "n_layer": 12,
            "n_head": 12,
            "n_positions": 1024,
            "vocab_size": 50257,
        },
    ),
    "qwen2.5-0.5b": (
        "Qwen/Qwen2.5-0.5B",
        {
            "model_type": "qwen2",
            "hidden_size": 896,
            "num_hidden_layers": 24,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
            "intermediate_size": 4864,
            "vocab_size": 151936,
            "max_position_embeddings": 32768,
            "tie_word_embeddings": True,
        },
    ),
}
"""Language models by name: repository on huggingface.co, and fields of its config.json that count.
"""

PROMPT, GENERATED = 448, 128
"""Positions of the prompt, and generated tokens, of the tables of language models."""


def generation(name: str, *, batch: int = 1, weight_count: int | None = None) -> Generation:
    """Generation with a model of `CONFIGS`: a prompt of `PROMPT`, and `GENERATED` tokens.

    Args:
        name: the model.
        batch: sequences that are generated at once.
        weight_count: number of weights of a model of another size, exact to one vocabulary row:
            other numbers of blocks and vocabulary rows, in about the same proportion. If None, the
            published model.
    """
    repository, config = CONFIGS[name]
    source = f"config.json of huggingface.co/{repository}"
    model = LanguageModel.from_config(config)
    if weight_count is not None:
        in_blocks = model.weights - model.vocabulary * model.width
        of_block = in_blocks // model.blocks
        blocks = max(1, int(weight_count * in_blocks / model.weights / of_block))
        rows = (weight_count - blocks * of_block) // model.width
        model = replace(model, blocks=blocks, vocabulary=max(1, rows))
        source += f", {blocks} blocks and a vocabulary of {model.vocabulary}"
    return Generation(
        model=model,
        prompt=PROMPT,
        generate=GENERATED,
        batch=batch,
        name=name,
        provenance={"source": source},
    )
