"""Language models: counts of published models and of other tools, tables, and refusals."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from imcmoo.io.errors import InputError
from imcmoo.networks.language_families import FAMILIES
from imcmoo.networks.language_model import Generation, LanguageModel, import_language_model
from imcmoo.networks.operands import generic_operands, operand_bits
from imcmoo.networks.workloads import FURTHER, Workload, WorkloadSet
from tests.networks.language_models import CONFIGS, REPOSITORIES


def model(name, **changes):
    return LanguageModel.from_config(CONFIGS[name] | changes)


def generation(name, prompt, generate, batch=1):
    return Generation(model=model(name), prompt=prompt, generate=generate, batch=batch, name=name)


def macs(workload):
    """Multiply-accumulates with stored weights, and of attention."""
    products, dynamic = workload.shapes.prod(axis=1), np.array(workload.dynamic)
    return products[~dynamic].sum(), products[dynamic].sum()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("smollm_135m", 134_515_008),
        ("gpt2", 124_439_808),
        ("qwen25_05b", 494_032_768),
        ("llama32_1b", 1_235_814_400),
        ("llama3_8b", 8_030_261_248),
        ("mixtral_8x7b", 46_702_792_704),
        ("opt_125m", 125_239_296),
        ("gpt2_medium", 354_823_168),
        ("gemma_2b", 2_506_172_416),
        ("phi_1", 1_418_270_720),
        ("mistral_7b", 7_241_732_096),
        ("tinyllama_1b", 1_100_048_384),
        ("qwen3_06b", 596_049_920),
        ("phi_2", 2_779_683_840),
        ("opt_1b", 1_315_758_080),
        ("gemma_7b", 8_537_680_896),
    ],
)
def test_parameters_are_those_of_the_published_model(name, parameters):
    assert model(name).parameters == parameters


@pytest.mark.parametrize(
    ("name", "weights", "cache_words"),
    [
        ("smollm_135m", 134_479_872, 11_520),
        ("gpt2", 123_532_032, 18_432),
        ("qwen25_05b", 493_961_216, 6_144),
        ("llama32_1b", 1_235_746_816, 16_384),
        ("llama3_8b", 7_504_658_432, 65_536),
        ("mixtral_8x7b", 46_571_454_464, 65_536),
    ],
)
def test_weights_in_products_and_words_of_the_cache(name, weights, cache_words):
    assert (model(name).weights, model(name).cache_words) == (weights, cache_words)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("smollm_135m", (448, 128, 1)),
        ("smollm_135m", (1, 2, 8)),
        ("gpt2", (448, 512, 3)),
        ("mistral_7b", (6000, 128, 1)),
        ("mistral_7b", (4000, 256, 2)),
        ("phi_1", (64, 1024, 8)),
    ],
)
def test_totals_are_those_of_the_tables(name, numbers):
    made = generation(name, *numbers)
    summary = made.summary()
    for totals, table in ((summary, made.prefill), (summary["step"], made.step)):
        assert totals["layers"] == len(table)
        assert (totals["macs"], totals["macs_dynamic"]) == (sum(macs(table)), macs(table)[1])
        assert totals["weights"] == table.weights == made.model.weights
    seen = [made.model.seen(made.prompt + i) for i in range(1, made.generate)]
    assert summary["keys"] == math.ceil(sum(seen) / len(seen)) == made.step.shapes[1, 1]
    assert summary["steps"] == len(seen)
    assert summary["experts_used"] is None


def test_the_tables_of_a_small_model_are_those_of_the_worked_example():
    made = generation("smollm_135m", 448, 128)
    assert (made.steps, made.keys) == (127, 512)
    assert sum(macs(made.prefill)) == 54_528_049_152
    assert macs(made.step) == (134_479_872, 17_694_720)
    cached = np.array(made.step.cache)
    words = np.where(cached == "keys", made.step.shapes[:, 0], made.step.shapes[:, 1])
    words = (words * made.step.shapes[:, 6])[cached != ""]
    appended, reserved = (v[cached != ""] for v in (made.step.appended, made.step.reserved))
    assert (words * (512 - appended)).sum() == 5_886_720
    assert (words * appended).sum() == 11_520
    assert (words * reserved).sum() == 6_624_000
    assert made.step.layers[:7] == (
        *("0.qkv", "0.scores", "0.mix", "0.out", "0.up", "0.down"),
        "1.qkv",
    )
    assert made.prefill.shapes[:6].tolist() == [
        [576, 960, 448, 1, 1, 1, 1, 1],
        [64, 448, 448 * 3, 1, 1, 1, 3, 1],
        [448, 64, 448 * 3, 1, 1, 1, 3, 1],
        [576, 576, 448, 1, 1, 1, 1, 1],
        [576, 3072, 448, 1, 1, 1, 1, 1],
        [1536, 576, 448, 1, 1, 1, 1, 1],
    ]
    assert made.prefill.shapes[-1].tolist() == [576, 49152, 1, 1, 1, 1, 1, 1]
    assert set(made.step.kinds) == {"linear", "attention"}
    assert set(made.step.input_statistics + made.step.weight_statistics) == {"default"}


def test_a_window_bounds_what_is_seen_appended_and_reserved():
    prefill = generation("mistral_7b", 6000, 128).prefill
    assert (prefill.appended[1], prefill.shapes[1, 1], prefill.reserved[1]) == (4096, 4096, 4096)
    step = generation("mistral_7b", 4000, 256).step
    assert (step.shapes[1, 1], step.reserved[1]) == (4079, 4096)
    assert model("mistral_7b", sliding_window=None).window is None
    config = {k: v for k, v in CONFIGS["mistral_7b"].items() if k != "sliding_window"}
    assert LanguageModel.from_config(config).window == 4096


def test_a_token_uses_some_experts_and_a_step_of_eight_most():
    made = generation("mixtral_8x7b", 448, 128, batch=8)
    step = made.summary()["step"]
    assert step["weights"] == 46_571_454_464
    assert step["macs"] == 8 * 12_748_587_008 + step["macs_dynamic"]
    assert made.summary()["experts_used"] == pytest.approx(7.199, abs=5e-4)
    for phase in ("prefill", "step"):
        with pytest.raises(ValueError, match="8 experts: counted with --summary, not costed"):
            getattr(made, phase)


def test_attention_of_llama_equals_that_of_accelforge():
    llama = model("llama3_8b")
    vocabulary = llama.vocabulary * llama.width
    macs, attention = llama.products(1, 2048, 8)
    assert llama.weights - vocabulary == 6_979_321_856
    assert macs - attention - 8 * vocabulary == 55_834_574_848
    assert attention == 4_294_967_296
    assert llama.cache_words * 2048 * 8 == 1_073_741_824


def test_a_step_of_opt_equals_that_of_zigzag():
    opt = model("opt_125m")
    macs, attention = opt.products(1, 1537, 8)
    assert (macs - attention) // 8 - opt.vocabulary * opt.width == 84_934_656
    assert attention // 8 == 28_329_984


def test_a_prefill_of_gpt2_equals_its_onnx_but_for_the_vocabulary():
    prefill, onnx = generation("gpt2_medium", 256, 2).prefill, Workload.load("gpt2_medium_onnx")
    assert (prefill.shapes[:-1] == onnx.shapes[:-1]).all()
    assert prefill.dynamic == onnx.dynamic
    assert prefill.shapes[-1].tolist() == [1024, 50257, 1, 1, 1, 1, 1, 1]
    assert onnx.shapes[-1].tolist() == [1024, 50257, 256, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("phase", ["prefill", "step"])
def test_a_table_reads_back_as_it_was_written(phase, tmp_path):
    table = getattr(generation("gpt2", 100, 20, batch=3), phase)
    path = tmp_path / f"{table.name}.csv"
    with path.open("w", newline="") as stream:
        table.write_csv(stream)
    again = Workload.read_csv(path)
    for field, value in vars(table).items():
        assert np.array_equal(getattr(again, field), value), field
    assert again.images == 3
    assert again.provenance["phase"] == phase
    assert WorkloadSet((again,)).fingerprint == WorkloadSet((table,)).fingerprint
    with pytest.raises(ValueError, match="is of batch 3: import it with --batch"):
        again.of_batch(2)


@pytest.mark.parametrize(("line", "value"), [("steps", "199"), ("phase", "prefill")])
def test_equal_layers_of_other_requests_have_another_fingerprint(line, value):
    step = generation("gpt2", 100, 20).step
    other = replace(step, provenance={**step.provenance, line: value})
    assert WorkloadSet((other,)).fingerprint != WorkloadSet((step,)).fingerprint


def test_the_fingerprint_of_a_table_without_a_phase_does_not_depend_on_its_provenance():
    network = Workload.load("alexnet")
    other = replace(network, provenance={"source": "x.onnx", "steps": "199"})
    stored = "226facabb5fb75a8cd056c4fd1ef52200417b4f1c6ed6f4defc6f4a23831162f"
    assert WorkloadSet((network,)).fingerprint == WorkloadSet((other,)).fingerprint == stored


def test_operands_are_those_of_layers_without_histograms():
    table = generation("gpt2", 8, 8).step
    assert generic_operands(table)
    assert operand_bits(table).signed.all()


def test_a_batch_of_a_table_by_hand_has_a_cache_of_each_sequence(tmp_path):
    (tmp_path / "net.csv").write_text(
        "name,C,M,P,Q,G,dynamic,cache,appended,reserved\na,4,9,3,1,2,1,keys,1,12\n"
    )
    net = Workload.read_csv(tmp_path / "net.csv").of_batch(5)
    assert net.shapes[0].tolist() == [4, 9, 3, 1, 1, 1, 10, 1]
    assert net.cache == ("keys",)


@pytest.mark.parametrize(
    ("name", "published"),
    [("smollm", "smollm_135m"), ("gpt2", "gpt2"), ("qwen2.5-0.5b", "qwen25_05b")],
)
def test_shipped_tables_are_those_of_the_published_sizes(name, published):
    made = generation(published, 448, 128)
    for table, phase in ((made.prefill, "prefill"), (made.step, "decode")):
        shipped = Workload.load(f"{name}_{phase}")
        for field in vars(table).keys() - {"name", "provenance"}:
            assert np.array_equal(getattr(shipped, field), getattr(table, field)), field
        expected = {**table.provenance, "source": shipped.provenance["source"]}
        assert shipped.provenance == expected
        assert REPOSITORIES[published] in shipped.provenance["source"]


def test_the_shipped_speech_recogniser_has_the_published_number_of_parameters():
    network = Workload.load("wav2vec2_base")
    assert network.name in FURTHER
    of_norms = 2 * 512 + 2 * 512 + 2 * 768 + 12 * 4 * 768
    of_biases = 768 + 768 + 12 * (5 * 768 + 3072) + 32
    beside = 128 + 768  # magnitudes of the convolution of positions, and the masked frame
    assert network.weights + of_norms + of_biases + beside == 94_396_320
    frames = network.shapes[network.layers.index("letters"), 2]
    assert frames == 249  # of 80,000 samples; one for 20 ms
    attention = np.array(network.dynamic)
    assert network.shapes[attention].prod(axis=1).sum() == 12 * 2 * 768 * frames**2


def config(**changes):
    return {k: v for k, v in (CONFIGS["smollm_135m"] | changes).items() if v is not ...}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must be a JSON object"),
        (config(model_type="lama"), "model_type 'lama' is not modelled; did you mean 'llama'?"),
        (config(model_type=...), "model_type None is not modelled; known: llama, mistral, mixtral"),
        (config(model_type=["llama"]), "is not modelled"),
        (config(hidden_size=...), "hidden_size is missing; state a whole number of at least 1"),
        (config(vocab_size=None), "vocab_size is missing"),
        (config(num_hidden_layers=0), "num_hidden_layers must be a whole number of at least 1"),
        (config(num_hidden_layers=10**6), "num_hidden_layers must be at most 10000"),
        (config(intermediate_size=1.5), "intermediate_size must be a whole number of at least 1"),
        (config(intermediate_size=True), "intermediate_size must be a whole number of at least 1"),
        (config(num_key_value_heads=2), "num_attention_heads 9 is no multiple of num_key_value_h"),
        (config(hidden_size=577), "hidden_size 577 is no multiple of num_attention_heads 9; state"),
        (config(max_position_embeddings=574), "prompt + generate - 1 = 575 positions, but max_pos"),
        (config(tie_word_embeddings="yes"), "tie_word_embeddings must be true or false"),
        (config(use_sliding_window=True), "use_sliding_window is true: its blocks differ"),
        (config(layer_types=["full_attention", "chunked"]), "layer_types has 'chunked', which is"),
        (config(layer_types="chunked"), "layer_types has 'chunked', which is not modelled"),
        (config(is_encoder_decoder=True), "is_encoder_decoder is true: only decoders"),
        (config(text_config={"a": 1}), "text_config: not understood; import the config of its"),
        (config(auto_map={"a": "b"}), "auto_map: not understood; its code may differ"),
        (CONFIGS["opt_125m"] | {"word_embed_proj_dim": 512}, "word_embed_proj_dim differs from"),
        (CONFIGS["mistral_7b"] | {"sliding_window": 1}, "sliding_window must be a whole number of"),
        (CONFIGS["mistral_7b"] | {"num_key_value_heads": None}, "num_key_value_heads is missing"),
        (CONFIGS["gpt2"] | {"n_head": None}, "n_head is missing"),
        (CONFIGS["opt_125m"] | {"ffn_dim": None}, "ffn_dim is missing"),
        (CONFIGS["mixtral_8x7b"] | {"num_local_experts": None}, "num_local_experts is missing"),
        (CONFIGS["mixtral_8x7b"] | {"num_experts_per_tok": 9}, "num_experts_per_tok must be at mo"),
    ],
)
def test_a_model_that_is_not_modelled_is_refused_in_one_line(content, message, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"config\.json: ") as caught:
        import_language_model(path, prompt=448, generate=128)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe{", b"{", b"[" * 10**5, b"\xef\xbb\xbf"])
def test_a_file_that_is_no_json_is_named(content, tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"config\.json: not JSON: ") as caught:
        import_language_model(path, prompt=448, generate=128)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 2, 1), "prompt must be at least 1, got 0"),
        ((1, 2, 0), "batch must be at least 1, got 0"),
        ((1, 2, 65537), "batch must be at most 65536, got 65537"),
        ((1, 1, 1), "generate must be at least 2, got 1: the prefill gives the first token"),
        ((2000, 50, 1), "prompt + generate - 1 = 2049 positions, but max_position_embeddings is"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, message):
    prompt, generate, batch = numbers
    with pytest.raises(ValueError, match=r"at least|at most|positions") as caught:
        generation("smollm_135m", prompt, generate, batch)
    assert message in str(caught.value)


def test_a_layer_of_too_many_products_is_refused():
    huge = Generation(model=model("gpt2", vocab_size=1 << 60), prompt=1, generate=2, batch=8)
    with pytest.raises(ValueError, match=r"layer 'vocabulary': more than 2\^62"):
        _ = huge.prefill


def test_rules_of_a_family_are_its_fields_not_its_name(monkeypatch):
    families = {
        "wide": replace(FAMILIES["gpt2"], fields={**FAMILIES["gpt2"].fields}),
        "projected": replace(FAMILIES["opt"]),
    }
    monkeypatch.setattr("imcmoo.networks.language_model.FAMILIES", families)
    assert model("gpt2", model_type="wide").inner_width == 4 * 768
    with pytest.raises(ValueError, match="word_embed_proj_dim differs from hidden_size"):
        model("opt_125m", model_type="projected", word_embed_proj_dim=512)


def test_empty_parts_and_defaults_are_accepted_and_quantization_is_a_warning(tmp_path):
    path = tmp_path / "tiny.json"
    config = CONFIGS["smollm_135m"] | {"text_config": {}, "auto_map": None, "layer_types": None}
    config |= {"head_dim": None, "tie_word_embeddings": None, "quantization_config": {"bits": 4}}
    path.write_text(json.dumps(config))
    made = import_language_model(path, prompt=4, generate=4)
    assert made.model.head_width == 64
    assert not made.model.tied
    assert made.warnings == ("quantization_config is ignored: a study states the precision",)
    assert made.step.name == "tiny_decode"
    assert model("gemma_2b", head_dim=None).head_width == 256
    assert model("llama3_8b", num_key_value_heads=None).key_heads == 32
    assert model("gpt2", n_inner=100).inner_width == 100
    assert model("opt_125m", word_embed_proj_dim=None).parameters == 125_239_296
