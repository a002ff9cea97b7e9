"""A checkpoint of `train.py` as a model file that whisper.cpp reads.

In: the checkpoint, and the ggml model that training took its tokens from. Out: the file. Tokens that training never used share one row.
"""
import argparse
import pathlib

import numpy as np
import torch

import ggml
import model as network
import tokens as whisper


def main():
    parser = argparse.ArgumentParser(description="Writes a checkpoint as a ggml model.")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--model", required=True, help="ggml model whose tokens and mel filters are taken")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--kind", default="q5_0", choices=sorted(ggml.KINDS), help="of the matrices (default: %(default)s)")
    options = parser.parse_args()
    state = torch.load(options.checkpoint, map_location="cpu")
    tensors = {name: value.float().numpy() for name, value in state["net"].items() if not name.startswith(("letters.", "reader."))}
    if broken := [name for name, tensor in tensors.items() if not np.isfinite(tensor).all()]:
        raise SystemExit(f"`{options.checkpoint}` holds weights that are no numbers ({broken[0]}): the training went wrong")
    rows = tensors.pop("decoder.token_embedding.weight")
    every = rows[-1][None].repeat(whisper.COUNT, 0)
    every[state["used"]] = rows[:-1]
    tensors["decoder.token_embedding.weight"] = every
    width, audio_layers, text_layers = state["shape"]
    heads = width // network.HEAD
    shape = ggml.Shape(whisper.COUNT, network.AUDIO_POSITIONS, width, heads, audio_layers, network.TEXT_POSITIONS, width, heads, text_layers, network.MELS)
    source = ggml.read(options.model)
    part = options.out.with_suffix(".part")
    ggml.write(part, ggml.File(shape, source.mel_filters, source.tokens, tensors), options.kind)
    part.replace(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
