"""A checkpoint of `train.py` as a model file that whisper.cpp reads.

In: the checkpoint, and the ggml model that training began with. Out: the file.
"""
import argparse
import pathlib

import numpy as np
import torch

import ggml


def main():
    parser = argparse.ArgumentParser(description="Writes a checkpoint as a ggml model.")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--model", required=True, help="ggml model that training began with")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--kind", default="q4_0", choices=sorted(ggml.KINDS), help="of the matrices; training knows of q4_0 (default: %(default)s)")
    options = parser.parse_args()
    state = torch.load(options.checkpoint, map_location="cpu")
    tensors = {name: value.float().numpy() for name, value in state["net"].items()}
    if broken := [name for name, tensor in tensors.items() if not np.isfinite(tensor).all()]:
        raise SystemExit(f"`{options.checkpoint}` holds weights that are no numbers ({broken[0]}): the training went wrong")
    source = ggml.read(options.model)
    part = options.out.with_suffix(".part")
    ggml.write(part, ggml.File(source.shape, source.mel_filters, source.tokens, tensors), options.kind)
    part.replace(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
