"""What lines and places do to a voice, and sounds that are no voice.

In and out: float32 at 16 kHz, between -1 and 1. Pure functions of the sound and a `random.Random`. Sources: the band of ITU-T G.712, the curve of G.711
(mu = 255, continuous), reverberation as noise that decays by 60 dB in 0.1 to 0.6 s.
"""
import functools
import random

import numpy as np

RATE = 16_000


@functools.cache
def noises():
    """Noises of half a minute, made once: to make one for each utterance took longer than all else here."""
    draw = random.Random("noises")
    return [made_noise(draw, 30 * RATE) for _ in range(60)]


def noise_of(draw, length):
    """A piece of a noise, forwards or backwards; its level is 1 (RMS)."""
    noise = draw.choice(noises())
    start = draw.randrange(max(1, len(noise) - length))
    piece = np.resize(noise[start : start + length], length)[:: draw.choice([1, -1])]
    return piece / (np.sqrt(np.mean(piece**2)) + 1e-9)


def made_noise(draw, length):
    """White, pink, brown or street-like noise, hum, chords or clicks; its level is 1 (RMS)."""
    grain = np.random.default_rng(draw.getrandbits(32))
    kind = draw.choice(["coloured", "coloured", "street", "hum", "chords", "clicks"])
    white = grain.standard_normal(length)
    time = np.arange(length) / RATE
    if kind in ("coloured", "street"):
        tilt = draw.choice([0, 0.5, 1]) if kind == "coloured" else 0.8
        spectrum = np.fft.rfft(white)
        sound = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 1) ** tilt, length)
        if kind == "street":
            sound *= 1 + 0.8 * np.sin(2 * np.pi * draw.uniform(0.1, 0.6) * time + draw.uniform(0, 6))
    elif kind == "hum":
        base = draw.choice([50, 60])
        sound = sum(np.sin(2 * np.pi * base * n * time + draw.uniform(0, 6)) / n for n in range(1, 8)) + 0.05 * white
    elif kind == "chords":
        notes = [draw.choice([110, 131, 147, 165, 196, 220, 262, 330]) * 2 ** draw.randint(0, 1) for _ in range(3)]
        beat = 0.4 + 0.6 * (np.sin(2 * np.pi * draw.uniform(1.5, 2.5) * time) > 0)
        sound = beat * sum(np.sin(2 * np.pi * note * n * time) / n for note in notes for n in (1, 2, 3))
    else:
        sound = 0.02 * white
        for _ in range(draw.randint(1, 3) * length // RATE):
            start = draw.randrange(max(1, length - 800))
            burst = min(800, length - start)
            sound[start : start + burst] += grain.standard_normal(burst) * np.exp(-np.arange(burst) / draw.uniform(30, 200)) * draw.uniform(1, 6)
    return (sound / (np.sqrt(np.mean(sound**2)) + 1e-9)).astype(np.float32)


def level(sound):
    """RMS where the sound is audible."""
    parts = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    power = (parts**2).mean(1) if len(parts) else np.zeros(1)
    return float(np.sqrt(power[power > power.max() * 1e-3].mean() + 1e-12))


def quick(length):
    """A length not below this one whose transform is quick."""
    return -(-length // 1_600) * 1_600


def band(sound, low, high):
    """Only what is between two frequencies, with soft edges of 60 Hz."""
    size = quick(len(sound))
    spectrum = np.fft.rfft(sound, size)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    edges = np.clip((hertz - low) / 60 + 0.5, 0, 1) * np.clip((high - hertz) / 60 + 0.5, 0, 1)
    return np.fft.irfft(spectrum * edges, size)[: len(sound)].astype(np.float32)


def telephone(sound, draw):
    """A telephone's band, and mu-law."""
    sound = np.clip(band(sound, draw.uniform(150, 350), draw.uniform(3_200, 3_800)), -1, 1)
    code = np.round(np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256) * 127) / 127
    return (np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255).astype(np.float32)


def reverberated(sound, draw):
    """In a room."""
    decay = draw.uniform(0.1, 0.6)
    length = int(decay * RATE)
    grain = np.random.default_rng(draw.getrandbits(32))
    room = grain.standard_normal(length) * 10 ** (-3 * np.arange(length) / length) * draw.uniform(0.02, 0.08)
    room[0] = 1
    size = quick(len(sound) + length)
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(room, size), size)[: len(sound)].astype(np.float32)


def faster(sound, by):
    """Played faster, and so higher."""
    places = np.arange(0, len(sound) - 1, by)
    return np.interp(places, np.arange(len(sound)), sound).astype(np.float32)


def heard(sound, draw, others):
    """A voice as it comes in. `others` gives other people's speech."""
    sound = sound.astype(np.float32) / 32_768
    if draw.random() < 0.6:
        sound = faster(sound, draw.uniform(0.87, 1.15))
    if draw.random() < 0.1:
        sound = sound[: len(sound) - draw.randint(0, 1_000)]  # the end of the last sound is cut off
    sound = np.concatenate([np.zeros(draw.randint(0, 6_400), np.float32), sound, np.zeros(draw.randint(0, 8_000), np.float32)])
    if draw.random() < 0.2:
        sound = reverberated(sound, draw)
    loud = level(sound)
    if draw.random() < 0.55:
        if draw.random() < 0.25:
            noise = sum(np.resize(other.astype(np.float32) / 32_768, len(sound)) for other in others(draw.randint(1, 6)))
            noise = noise / (np.sqrt(np.mean(noise**2)) + 1e-9)
        else:
            noise = noise_of(draw, len(sound))
        sound = sound + noise * loud * 10 ** (-draw.uniform(3, 35) / 20)
    sound = sound * (10 ** (draw.uniform(-35, -12) / 20) / loud)
    if draw.random() < 0.5:
        sound = telephone(sound, draw)
    return np.clip(sound, -1, 1).astype(np.float32)


def nothing(draw, length):
    """No voice: silence or noise of any level."""
    if draw.random() < 0.3:
        return np.zeros(length, np.float32)
    sound = noise_of(draw, length) * 10 ** (draw.uniform(-75, -15) / 20)
    return np.clip(telephone(sound, draw) if draw.random() < 0.5 else sound, -1, 1).astype(np.float32)
