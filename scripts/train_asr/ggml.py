"""Whisper models in whisper.cpp's ggml format: read and written.

In and out: a file and a dictionary of arrays by whisper.cpp's names. Source: whisper.cpp's `models/convert-pt-to-ggml.py` for the layout, ggml's
`quantize_row_q4_0_ref`, `quantize_row_q5_0_ref` and `quantize_row_q8_0_ref` for the blocks.
"""
import dataclasses
import struct

import numpy as np

MAGIC = 0x67676D6C
BLOCK = 32
# Name: type of a tensor, type of a file.
KINDS = {"f32": (0, 0), "f16": (1, 1), "q4_0": (2, 2002), "q5_0": (6, 2008), "q8_0": (8, 2007)}
BLOCK_BYTES = {2: 18, 6: 22, 8: 34}


@dataclasses.dataclass
class Shape:
    """The numbers at the head of a file, in their order there."""

    vocabulary: int
    audio_positions: int
    width: int
    audio_heads: int
    audio_layers: int
    text_positions: int
    text_width: int
    text_heads: int
    text_layers: int
    mels: int


@dataclasses.dataclass
class File:
    """A model file."""

    shape: Shape
    mel_filters: np.ndarray  # mels x 201
    tokens: list  # bytes of each token, by its number
    tensors: dict  # name: array of float32


def read(path):
    """Reads a model, unpacking what is quantised. Raises ValueError for a file that is none."""
    data = open(path, "rb").read()
    at = 0

    def numbers(form):
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values

    try:
        if numbers("i")[0] != MAGIC:
            raise ValueError(f"{path} is no ggml model")
        shape = Shape(*numbers("10i"))
        numbers("i")
        rows, columns = numbers("2i")
        mel_filters = np.frombuffer(data, np.float32, rows * columns, at).reshape(rows, columns)
        at += 4 * rows * columns
        tokens = []
        for _ in range(numbers("i")[0]):
            (length,) = numbers("i")
            tokens.append(data[at : at + length])
            at += length
        tensors = {}
        while at < len(data):
            dimensions, name_length, kind = numbers("3i")
            sizes = numbers(f"{dimensions}i")[::-1]
            name = data[at : at + name_length].decode()
            at += name_length
            tensors[name], at = unpacked(data, at, kind, sizes)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is cut short or damaged: {error}") from error
    return File(shape, mel_filters, tokens, tensors)


def unpacked(data, at, kind, sizes):
    """The array at `at`, and where the next one begins."""
    count = int(np.prod(sizes))
    if kind in (0, 1):
        kind = np.float32 if kind == 0 else np.float16
        array = np.frombuffer(data, kind, count, at).astype(np.float32)
        return array.reshape(sizes), at + count * np.dtype(kind).itemsize
    if kind not in BLOCK_BYTES:
        raise ValueError(f"tensors of kind {kind} are not read")
    width = BLOCK_BYTES[kind]
    raw = np.frombuffer(data, np.uint8, count // BLOCK * width, at).reshape(-1, width)
    scale = raw[:, :2].copy().view(np.float16).astype(np.float32)
    if kind == 8:
        values = raw[:, 2:].view(np.int8).astype(np.float32)
    elif kind == 2:
        values = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    else:
        high = raw[:, 2:6].copy().view(np.uint32)
        bits = (high >> np.arange(BLOCK, dtype=np.uint32)) & 1
        low = np.concatenate([raw[:, 6:] & 15, raw[:, 6:] >> 4], axis=1)
        values = (low | (bits << 4).astype(np.uint8)).astype(np.float32) - 16
    return (values * scale).reshape(sizes), at + count // BLOCK * width


def q8_0(array):
    blocks = array.reshape(-1, BLOCK)
    scale = np.abs(blocks).max(1) / 127
    inverse = np.where(scale > 0, 1 / np.maximum(scale, 1e-30), 0)
    out = np.zeros((len(blocks), BLOCK_BYTES[8]), np.uint8)
    out[:, :2] = scale.astype(np.float16)[:, None].view(np.uint8)
    out[:, 2:] = np.round(blocks * inverse[:, None]).astype(np.int8).view(np.uint8)
    return out.tobytes()


def by_extreme(array, most):
    """Blocks' scales, by which what is farthest from zero becomes 0, and their numbers, 0 to 2 * `most` - 1."""
    blocks = array.reshape(-1, BLOCK)
    extreme = blocks[np.arange(len(blocks)), np.abs(blocks).argmax(1)]
    scale = extreme / -most
    inverse = np.where(scale != 0, 1 / np.where(scale == 0, 1, scale), 0)
    values = np.clip(np.floor(blocks * inverse[:, None] + (most + 0.5)), 0, 2 * most - 1).astype(np.uint8)
    return scale.astype(np.float16)[:, None].view(np.uint8), values


def q4_0(array):
    scale, values = by_extreme(array, 8)
    return np.concatenate([scale, values[:, :16] | (values[:, 16:] << 4)], axis=1).tobytes()


def q5_0(array):
    scale, values = by_extreme(array, 16)
    high = ((values >> 4).astype(np.uint32) << np.arange(BLOCK, dtype=np.uint32)).sum(1, dtype=np.uint32)
    low = (values[:, :16] & 15) | ((values[:, 16:] & 15) << 4)
    return np.concatenate([scale, high[:, None].view(np.uint8), low], axis=1).tobytes()


def packed(name, array):
    """Whether a tensor is a matrix, of the kind that a file is said to be."""
    return array.ndim == 2 and name.endswith(".weight")


def write(path, model, kind):
    """Writes `model`; matrices as `kind`, convolutions as f16, the rest as f32."""
    matrix, file_kind = KINDS[kind]
    with open(path, "wb") as file:
        file.write(struct.pack("<12i", MAGIC, *dataclasses.astuple(model.shape), file_kind))
        file.write(struct.pack("<2i", *model.mel_filters.shape))
        file.write(model.mel_filters.astype(np.float32).tobytes())
        file.write(struct.pack("<i", len(model.tokens)))
        for token in model.tokens:
            file.write(struct.pack("<i", len(token)) + token)
        for name, array in model.tensors.items():
            if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
                array = array.reshape(-1, 1)
            tensor = matrix if packed(name, array) else int(array.ndim == 3)
            file.write(struct.pack("<3i", array.ndim, len(name), tensor))
            file.write(struct.pack(f"<{array.ndim}i", *array.shape[::-1]) + name.encode())
            pack = {0: lambda a: a.astype(np.float32).tobytes(), 1: lambda a: a.astype(np.float16).tobytes(), 2: q4_0, 6: q5_0, 8: q8_0}
            file.write(pack[tensor](np.ascontiguousarray(array, np.float32)))
