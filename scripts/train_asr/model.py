"""The network: Whisper's (Radford et al. 2022, openai/whisper).

In: log-mel spectra and tokens. Out: encoded frames, 50 a second, and token scores. Names are whisper.cpp's, so that the weights go to a file as they are.
"""
import functools
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

HEAD = 64  # dimensions of a head


def log_mel(sound, filters):
    """Spectra of sounds, batch x samples to batch x mels x frames (100 a second). `filters`: for all, or a batch of them."""
    window = torch.hann_window(400, device=sound.device)
    power = torch.stft(sound, 400, 160, window=window, return_complex=True)[..., :-1].abs() ** 2
    mel = (filters @ power).clamp(min=1e-10).log10()
    return (torch.maximum(mel, mel.amax(dim=(-1, -2), keepdim=True) - 8) + 4) / 4


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

    def forward(self, x, other=None, causal=False):
        source = x if other is None else other
        batch, length, width = x.shape
        split = lambda y: y.view(batch, -1, self.heads, HEAD).transpose(1, 2)
        query, key, value = split(self.query(x)), split(self.key(source)), split(self.value(source))
        # torch's own attention takes twice as long on a processor.
        scores = (query * HEAD**-0.5) @ key.transpose(-1, -2)
        if causal:
            scores = scores.masked_fill(torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1), float("-inf"))
        return self.out((scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, width))


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
    def __init__(self, shape):
        super().__init__()
        self.conv1 = nn.Conv1d(shape.mels, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", torch.zeros(shape.audio_positions, shape.width))
        self.blocks = nn.ModuleList(Block(shape.width, False) for _ in range(shape.audio_layers))
        self.ln_post = nn.LayerNorm(shape.width)

    def forward(self, mel):
        mel = mel.to(self.conv1.weight.dtype)
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.token_embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.positional_embedding = nn.Parameter(torch.zeros(shape.text_positions, shape.width))
        self.blocks = nn.ModuleList(Block(shape.width, True) for _ in range(shape.text_layers))
        self.ln = nn.LayerNorm(shape.width)

    def forward(self, tokens, encoded, where):
        """Scores of every token that may follow, for the positions that `where` marks: a row for each."""
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, encoded, causal=True)
        return self.ln(x)[where] @ self.token_embedding.weight.t()


class Model(nn.Module):
    """With the weights of a `ggml.File`. Those of the tokens stay as they are: it knows words that no training text holds."""

    def __init__(self, file):
        super().__init__()
        self.encoder, self.decoder = Encoder(file.shape), Decoder(file.shape)
        sizes = {name: tensor.shape for name, tensor in self.state_dict().items()}
        self.load_state_dict({name: torch.from_numpy(array.copy()).reshape(sizes[name]) for name, array in file.tensors.items()})
        self.decoder.token_embedding.requires_grad_(False)
