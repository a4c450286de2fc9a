"""Tiny configurations of the Flax models of `transformers`, and inputs for them, by family."""

from __future__ import annotations

from typing import Any

import numpy as np

BATCH, LENGTH, VOCABULARY = 2, 12, 99

_ENDS = {"bos_token_id": 98, "eos_token_id": 98}
_TEXT = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
    "intermediate_size": 37, "max_position_embeddings": 64,
}  # fmt: skip
_TRANSLATION = {
    "vocab_size": VOCABULARY, "d_model": 32, "encoder_layers": 2, "decoder_layers": 3,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 37, "decoder_ffn_dim": 40,
    "max_position_embeddings": 64, "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2,
    "decoder_start_token_id": 2,
}  # fmt: skip
_T5 = {
    "vocab_size": VOCABULARY, "d_model": 32, "d_ff": 37, "d_kv": 8, "num_layers": 2, "num_decoder_layers": 3,
    "num_heads": 4, "relative_attention_num_buckets": 8, "decoder_start_token_id": 0,
}  # fmt: skip
_IMAGES = {
    "image_size": 30, "patch_size": 10, "num_channels": 3, "hidden_size": 32, "num_hidden_layers": 3,
    "num_attention_heads": 4, "intermediate_size": 37,
}  # fmt: skip
_CONVOLUTIONS = {"embedding_size": 10, "hidden_sizes": [8, 12, 16, 20], "depths": [1, 1, 2, 1]}
_GPT = {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64, **_ENDS}
_CLIP_TEXT = {**_TEXT, "bos_token_id": 0, "eos_token_id": 98}

CONFIGS: dict[str, dict[str, Any]] = {
    "albert": {**_TEXT, "embedding_size": 16, "num_hidden_groups": 2},
    "bart": _TRANSLATION,
    "beit": {
        **_IMAGES, "vocab_size": VOCABULARY, "use_relative_position_bias": True, "drop_path_rate": 0.1,
    },
    "bert": _TEXT,
    "big_bird": {**_TEXT, "block_size": 2, "num_random_blocks": 3, "use_bias": True},
    "blenderbot": _TRANSLATION,
    "blenderbot_small": _TRANSLATION,
    "bloom": {
        "vocab_size": VOCABULARY, "hidden_size": 32, "n_layer": 3, "n_head": 4, "hidden_dropout": 0.1,
        "attention_dropout": 0.1,
    },
    "clip": {"text_config": _CLIP_TEXT, "vision_config": _IMAGES, "projection_dim": 24},
    "dinov2": {**_IMAGES, "drop_path_rate": 0.1, "use_swiglu_ffn": False, "mlp_ratio": 2},
    "distilbert": {
        "vocab_size": VOCABULARY, "dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 37,
        "max_position_embeddings": 64,
    },
    "electra": {**_TEXT, "embedding_size": 16},
    "gemma": {**_TEXT, "head_dim": 8, "num_key_value_heads": 1},
    "gpt2": _GPT,
    "gpt_neo": {
        "vocab_size": VOCABULARY, "hidden_size": 32, "num_layers": 4, "num_heads": 4, "window_size": 7,
        "attention_types": [[["global", "local"], 2]], "intermediate_size": 37, "max_position_embeddings": 64,
        **_ENDS,
    },
    "gptj": {**_GPT, "rotary_dim": 4},
    "llama": _TEXT,
    "longt5": {**_T5, "local_radius": 5, "global_block_size": 4},
    "marian": _TRANSLATION,
    "mbart": _TRANSLATION,
    "mistral": {**_TEXT, "num_key_value_heads": 2, "sliding_window": 8},
    "mt5": _T5,
    "opt": {
        "vocab_size": VOCABULARY, "hidden_size": 32, "word_embed_proj_dim": 16, "ffn_dim": 37,
        "num_hidden_layers": 3, "num_attention_heads": 4, "max_position_embeddings": 64,
    },
    "pegasus": _TRANSLATION,
    "regnet": {**_CONVOLUTIONS, "groups_width": 4},
    "resnet": _CONVOLUTIONS,
    "roberta": _TEXT,
    "roberta_prelayernorm": _TEXT,
    "roformer": _TEXT,
    "t5": _T5,
    "vit": _IMAGES,
    "wav2vec2": {
        "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 30,
        "vocab_size": 32, "conv_dim": (32, 32, 32), "conv_stride": (4, 4, 4), "conv_kernel": (8, 8, 8),
        "num_feat_extract_layers": 3, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2,
        "feat_extract_norm": "layer", "do_stable_layer_norm": True, "proj_codevector_dim": 16,
        "codevector_dim": 16, "num_codevectors_per_group": 8, "mask_time_length": 2,
    },
    "whisper": {
        "vocab_size": VOCABULARY, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 20,
        "decoder_ffn_dim": 20, "max_source_positions": 30, "max_target_positions": 40, "num_mel_bins": 8,
        **_ENDS, "pad_token_id": 0, "decoder_start_token_id": 85, "dropout": 0.1,
        "suppress_tokens": None, "begin_suppress_tokens": None,
    },
    "xglm": {
        "vocab_size": VOCABULARY, "d_model": 32, "ffn_dim": 37, "num_layers": 3, "attention_heads": 4,
        "max_position_embeddings": 64,
    },
    "xlm_roberta": _TEXT,
}  # fmt: skip
"""By family, in the order in which they are asked about."""

_ENCODER_DECODERS = [family for family, found in CONFIGS.items() if found in (_TRANSLATION, _T5)] + ["longt5"]
_MASKABLE = ("bert", "big_bird", "electra", "roberta", "roberta_prelayernorm", "xlm_roberta")
"""Encoders that some classes make decoders of."""


def config_of(family: str, name: str, kind: Any) -> Any:
    """The configuration of a class, whose configurations are of a kind."""
    given = dict(CONFIGS[family])
    if family == "clip":
        part = "text_config" if "Text" in name else "vision_config" if "Vision" in name else None
        return kind(**(given[part] if part else given))
    if name.endswith("CausalLM") and family in _MASKABLE:
        given |= {"is_decoder": True, "bos_token_id": 1, "pad_token_id": 0, "eos_token_id": 98}
        given |= {"attention_type": "original_full"} if family == "big_bird" else {}
    if "MaskedImage" in name:
        given["use_mask_token"] = True
    return kind(**given)


def shape_of(family: str, name: str) -> dict[str, Any]:
    """The shape that a class is initialised on, where its own default does not fit its configuration."""
    if family == "big_bird":
        return {"input_shape": (BATCH, 2, LENGTH) if "MultipleChoice" in name else (BATCH, 2 * LENGTH)}
    return {"input_shape": (1, 8, 60)} if family == "whisper" else {}


def inputs_of(family: str, name: str, config: Any) -> dict[str, Any]:
    """A batch for a class of a family."""
    random = np.random.RandomState(1)

    def tokens(length: int) -> Any:
        return random.randint(4, getattr(config, "vocab_size", VOCABULARY) - 1, (BATCH, length)).astype("i4")

    def images(size: int) -> Any:
        return random.randn(BATCH, 3, size, size).astype("f4")

    if family in ("beit", "dinov2", "vit"):
        masked = {"bool_masked_pos": (random.rand(BATCH, 9) > 0.5).astype("i4")}
        return {"pixel_values": images(30), **(masked if "MaskedImage" in name else {})}
    if family in ("regnet", "resnet"):
        return {"pixel_values": images(32)}
    if family == "wav2vec2":
        return {"input_values": random.randn(BATCH, 1024).astype("f4")}
    if family == "whisper":
        spectrum = {"input_features": random.randn(BATCH, 8, 60).astype("f4")}
        return spectrum if "Classif" in name else {**spectrum, "decoder_input_ids": tokens(LENGTH)}
    length = 2 * LENGTH if family == "big_bird" else LENGTH
    text = {"input_ids": tokens(length), "attention_mask": np.ones((BATCH, length), "i4")}
    text["attention_mask"][1, -3:] = 0
    if family == "clip":
        seen = {"pixel_values": images(30)}
        return text if "Text" in name else seen if "Vision" in name else {**text, **seen}
    if family in _ENCODER_DECODERS and "CausalLM" not in name and "Encoder" not in name:
        return {**text, "decoder_input_ids": tokens(7)}
    return text
