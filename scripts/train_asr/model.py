"""The network: Whisper's, with two helpers for training, a head for letters and a reader of phonemes (see `reading.py`).

In: log-mel spectra (Radford et al. 2022, as in openai/whisper) and tokens. Out: encoded frames, 50 a second; token scores; letter scores. Names are
whisper.cpp's, so that the weights go to a file as they are.

What a plain start lacks, as it stays on a plateau for tens of thousands of utterances: (1) a position table of sines with periods of 4 to 160 frames in the
first 64 dimensions, which the second convolution leaves free at first; (2) the heads of the first three encoder layers begin as shifts in
time, as in a time-delay network; (3) the helper head, which learns letters by CTC (Graves et al. 2006); (4) attention guided along the diagonal
(Tachibana et al. 2018), on half of the decoder's heads. See `train.py` for the last two.
"""
import functools
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

HEAD = 64  # dimensions of a head, and of the position table
LETTERS = " abcdefghijklmnopqrstuvwxyz'0123456789"
SHIFTS = ((-3, -1, 1, 3), (-6, -2, 2, 6), (-12, -4, 4, 12))
AUDIO_POSITIONS, TEXT_POSITIONS, MELS = 1_500, 448, 80


def log_mel(sound, filters):
    """Spectra of sounds, batch x samples to batch x mels x frames (100 a second). `filters`: for all, or a batch of them."""
    window = torch.hann_window(400, device=sound.device)
    power = torch.stft(sound, 400, 160, window=window, return_complex=True)[..., :-1].abs() ** 2
    mel = (filters @ power).clamp(min=1e-10).log10()
    return (torch.maximum(mel, mel.amax(dim=(-1, -2), keepdim=True) - 8) + 4) / 4


def frequencies():
    return 2 * math.pi / torch.exp(torch.linspace(math.log(4.0), math.log(160.0), HEAD // 2))


def positions(count, width):
    angle = torch.arange(count)[:, None] * frequencies()[None]
    table = torch.zeros(count, width)
    table[:, 0:HEAD:2], table[:, 1:HEAD:2] = angle.sin(), angle.cos()
    return table


@functools.cache
def half(kind):
    """Whether that kind of device is faster with bfloat16: two and a half times, where a processor has it. torch 1.13's convolutions give NaN with it."""
    return kind == "cuda" or torch.__version__ >= "2" and "bf16" in pathlib.Path("/proc/cpuinfo").read_text()


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.heads = width // HEAD
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.weights = None  # of the last pass to other frames, for the guide

    def forward(self, x, other=None, causal=False):
        source = x if other is None else other
        batch, length, width = x.shape
        split = lambda y: y.view(batch, -1, self.heads, HEAD).transpose(1, 2)
        query, key, value = split(self.query(x)), split(self.key(source)), split(self.value(source))
        # torch's own attention takes twice as long on a processor.
        scores = (query * HEAD**-0.5) @ key.transpose(-1, -2)
        if causal:
            scores = scores.masked_fill(torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1), float("-inf"))
        weights = scores.softmax(-1)
        if other is not None:
            self.weights = weights
        return self.out((weights @ value).transpose(1, 2).reshape(batch, length, width))

    def begin_as_shifts(self, shifts):
        """Each head looks so many frames away."""
        with torch.no_grad():
            self.query.bias.zero_()
            for head in range(self.heads):
                shift = shifts[head % len(shifts)]
                query, key = torch.zeros(HEAD, self.query.in_features), torch.zeros(HEAD, self.query.in_features)
                for j, frequency in enumerate(frequencies().tolist()):
                    # sin(w(t + d)) and cos(w(t + d)) from those of t.
                    cos, sin = math.cos(frequency * shift), math.sin(frequency * shift)
                    query[2 * j, 2 * j], query[2 * j, 2 * j + 1] = cos, sin
                    query[2 * j + 1, 2 * j + 1], query[2 * j + 1, 2 * j] = cos, -sin
                    key[2 * j, 2 * j] = key[2 * j + 1, 2 * j + 1] = 1
                rows = slice(head * HEAD, (head + 1) * HEAD)
                self.query.weight[rows] = query * 1.5 + torch.randn_like(query) * 0.01
                self.key.weight[rows] = key * 1.5 + torch.randn_like(key) * 0.01


class Block(nn.Module):
    def __init__(self, width, cross):
        super().__init__()
        self.attn, self.attn_ln = Attention(width), nn.LayerNorm(width)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x, other=None, causal=False):
        x = x + self.attn(self.attn_ln(x), causal=causal)
        if other is not None:
            x = x + self.cross_attn(self.cross_attn_ln(x), other)
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    def __init__(self, width, layers):
        super().__init__()
        self.conv1 = nn.Conv1d(MELS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        nn.init.normal_(self.conv1.weight, std=(2 / (3 * MELS)) ** 0.5)
        nn.init.normal_(self.conv2.weight, std=(2 / (3 * width)) ** 0.5)
        with torch.no_grad():
            self.conv2.weight[:HEAD] *= 0.02
            self.conv2.bias[:HEAD] = 0
        self.register_buffer("positional_embedding", positions(AUDIO_POSITIONS, width))
        self.blocks = nn.ModuleList(Block(width, False) for _ in range(layers))
        for block, shifts in zip(self.blocks, SHIFTS):
            block.attn.begin_as_shifts(shifts)
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel):
        mel = mel.to(self.conv1.weight.dtype)
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, width, layers, tokens):
        super().__init__()
        self.token_embedding = nn.Embedding(tokens, width)
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        self.positional_embedding = nn.Parameter(torch.randn(TEXT_POSITIONS, width) * 0.01)
        self.blocks = nn.ModuleList(Block(width, True) for _ in range(layers))
        self.ln = nn.LayerNorm(width)

    def forward(self, tokens, encoded):
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, encoded, causal=True)
        return self.ln(x) @ self.token_embedding.weight.t()


class Reader(nn.Module):
    """Phonemes, each with its neighbours, to what the encoder makes of sound."""

    def __init__(self, width, phonemes):
        super().__init__()
        self.near = nn.ModuleList(nn.Embedding(phonemes, width) for _ in range(3))
        self.mlp = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.ln = nn.LayerNorm(width)

    def forward(self, frames, positions):
        """`frames`: batch x frames x 3."""
        x = sum(near(frames[..., n]) for n, near in enumerate(self.near)) + positions[: frames.shape[1]]
        return self.ln(x + self.mlp(x))


class Model(nn.Module):
    """`tokens` rows: those that training uses, and one for all others. `phonemes`: how many, with silence."""

    def __init__(self, width, audio_layers, text_layers, tokens, phonemes):
        super().__init__()
        self.encoder = Encoder(width, audio_layers)
        self.decoder = Decoder(width, text_layers, tokens)
        self.letters = nn.Linear(width, len(LETTERS) + 1)  # 0 is CTC's blank
        self.reader = Reader(width, phonemes)

    def read(self, frames):
        """Encoded frames of a text."""
        return self.reader(frames, self.encoder.positional_embedding)

    def cross_attention(self):
        """The decoder's attention to the sound in the last pass: a tensor for each layer, batch x heads x tokens x frames."""
        return [block.cross_attn.weights for block in self.decoder.blocks]
