#!/usr/bin/env python3
"""Make a tiny Piper-format ONNX voice for Patter's tests.

The voice is no recording and no trained model: it is a deterministic formant
synthesiser written out as an ONNX graph, so it needs no data and has no
licence but the project's own. It sounds like a crude 1980s speech chip, but
it is audible, of speech-like length, and differs from phoneme to phoneme.

It has the interface of a single-speaker Piper voice:

    input          int64   [1, N]     phoneme ids
    input_lengths  int64   [1]        how many of them count
    scales         float32 [3]        noise_scale, length_scale, noise_w
    output         float32 [1, 1, S]  audio at 22050 Hz

Only length_scale has an effect (clamped to 0.1 .. 10); noise_scale and noise_w
are accepted and ignored, so that equal input always gives equal audio.

How the graph works:
  1. Pads are dropped, and each id becomes two segments (a stop's closure and
     burst; the second is empty for other sounds), each a row of a table of
     duration, pitch, formants and noise levels.
  2. Segments are repeated to frames of 256 samples, smoothed over five frames,
     and interpolated to samples.
  3. The voiced part restarts three decaying sines, one a formant, at each
     pitch period; the pitch phase is a running sum, so it never jumps.
     The noisy part mixes four looped bands of fixed noise.

Usage: python3 scripts/make_test_voice.py OUT_DIR   (needs: pip install onnx)
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import NamedTuple

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    if __name__ == "__main__" and {"-h", "--help"} & set(sys.argv[1:]):
        np = onnx = None  # the help needs neither
    else:
        sys.exit(f"make_test_voice.py: {error}; install it with: pip install onnx")

SAMPLE_RATE = 22050
HOP = 256  # samples a frame, 11.6 ms
OPSET = 16
IR_VERSION = 8  # what ONNX Runtime 1.11 and later read
NAME = "test-voice"

PITCH = 118.0  # Hz
BANDWIDTHS = (70.0, 100.0, 150.0)  # Hz, one a formant
SMOOTHING = (0.1, 0.2, 0.4, 0.2, 0.1)  # over frames
GAIN = 0.95  # before the soft limiter
PEAK = 0.85  # what the soft limiter never exceeds

NOISE_LENGTH = 4096  # samples; one loop is longer than any fricative
NOISE_BANDS = {  # Hz
    "breath": (400, 2600),
    "flat": (1200, 8500),
    "hush": (1900, 5200),
    "hiss": (4300, 9500),
}
NEUTRAL = (500, 1500, 2500)


class Segment(NamedTuple):
    """A stretch of steady sound. The fields after `frames` become channels."""

    frames: int
    pitch: float = 1.0  # times PITCH
    formants: tuple = NEUTRAL  # Hz
    levels: tuple = (0.0, 0.0, 0.0)  # of the formants
    noise: tuple = (0.0, 0.0, 0.0, 0.0)  # of the NOISE_BANDS

    def channels(self):
        return [self.pitch * PITCH, *self.formants, *self.levels, *self.noise]


NOTHING = Segment(0)


def hiss(**levels):
    return tuple(levels.get(band, 0.0) for band in NOISE_BANDS)


def pause(frames):
    return [Segment(frames), NOTHING]


def vowel(f1, f2, f3, frames=8):
    # Close vowels are pitched a little higher than open ones.
    pitch = 1.06 - 0.12 * (f1 - 270) / 480
    return [Segment(frames, pitch, (f1, f2, f3), (1.0, 0.6, 0.3)), NOTHING]


def sonorant(f1, f2, f3, levels=(0.7, 0.3, 0.12), frames=6):
    return [Segment(frames, 0.97, (f1, f2, f3), levels), NOTHING]


def nasal(f2):
    return sonorant(250, f2, 2400, (0.7, 0.12, 0.05))


def fricative(voice=0.0, frames=7, **noise):
    formants = (280, 1500, 2500)
    levels = (voice, voice * 0.3, voice * 0.15)
    return [Segment(frames, 0.95, formants, levels, hiss(**noise)), NOTHING]


def stop(locus, voice=0.0, **noise):
    closure = Segment(4, 0.93, (220, locus, 2500), (voice, 0.0, 0.0))
    burst = Segment(2, 0.95, (350, locus, 2500), (voice, voice, 0.0), hiss(**noise))
    return [closure, burst]


PAD, LONG = "_", "ː"
# How far a mark raises the pitch of what follows it.
STRESS = {"ˈ": 1.16, "ˌ": 1.07}

# The ids are the positions in this table, which begins as Piper's own does.
PHONEMES = {
    PAD: pause(0),
    "^": pause(4),
    "$": pause(8),
    " ": pause(2),
    "!": pause(22),
    ",": pause(13),
    ".": pause(22),
    ":": pause(15),
    ";": pause(15),
    "?": pause(22),
    "-": pause(4),
    "—": pause(13),
    "…": pause(22),
    "ˈ": pause(0),
    "ˌ": pause(0),
    LONG: pause(4),  # goes on with the sound before it
    "\u0329": pause(0),  # syllabic mark, as in n̩
    "\u0303": pause(0),  # nasal mark, as in ɑ̃
    # Vowels: a man's average formants.
    "a": vowel(750, 1300, 2500),
    "e": vowel(400, 2100, 2600),
    "i": vowel(270, 2290, 3010),
    "o": vowel(450, 900, 2400),
    "u": vowel(300, 870, 2240),
    "æ": vowel(660, 1720, 2410),
    "ɐ": vowel(620, 1300, 2450, frames=6),
    "ɑ": vowel(730, 1090, 2440),
    "ɒ": vowel(700, 900, 2450),
    "ɔ": vowel(570, 840, 2410),
    "ə": vowel(500, 1500, 2500, frames=6),
    "ɚ": vowel(470, 1350, 1690),
    "ɛ": vowel(530, 1840, 2480),
    "ɜ": vowel(490, 1350, 1690),
    "ɝ": vowel(490, 1350, 1690),
    "ɪ": vowel(390, 1990, 2550, frames=7),
    "ʊ": vowel(440, 1020, 2240, frames=7),
    "ʌ": vowel(640, 1190, 2390),
    "ᵻ": vowel(400, 1800, 2500, frames=6),
    # Glides, liquids and nasals.
    "j": sonorant(280, 2250, 3000),
    "l": sonorant(360, 1100, 2600),
    "ɫ": sonorant(400, 850, 2600),
    "r": sonorant(350, 1150, 1600),
    "ɹ": sonorant(350, 1150, 1600),
    "w": sonorant(300, 700, 2200),
    "ɾ": sonorant(330, 1700, 2600, (0.4, 0.1, 0.05), frames=3),
    "m": nasal(1000),
    "n": nasal(1500),
    "ŋ": nasal(1950),
    # Fricatives.
    "f": fricative(flat=0.2),
    "θ": fricative(flat=0.17),
    "s": fricative(hiss=0.5),
    "ʃ": fricative(hush=0.55),
    "h": fricative(breath=0.35, frames=6),
    "x": fricative(breath=0.3, hush=0.15),
    "v": fricative(0.45, flat=0.1, frames=6),
    "ð": fricative(0.45, flat=0.08, frames=6),
    "z": fricative(0.4, hiss=0.28),
    "ʒ": fricative(0.4, hush=0.3),
    # Stops.
    "p": stop(900, breath=0.7, flat=0.15),
    "t": stop(1800, hiss=0.7, flat=0.2),
    "k": stop(2000, hush=0.6, breath=0.3),
    "b": stop(900, 0.3, breath=0.4),
    "d": stop(1800, 0.3, hiss=0.3, flat=0.15),
    "g": stop(2000, 0.3, hush=0.3, breath=0.15),  # both ways to write it
    "ɡ": stop(2000, 0.3, hush=0.3, breath=0.15),
    "ʔ": pause(4),
}
IDS = {symbol: index for index, symbol in enumerate(PHONEMES)}


def noise_table():
    """Four loops of band-limited noise, int8 [4, NOISE_LENGTH], each of equal power."""
    random = np.random.RandomState(1)  # its stream is frozen across NumPy versions
    frequency = np.fft.rfftfreq(NOISE_LENGTH, 1 / SAMPLE_RATE)
    rows = []
    for low, high in NOISE_BANDS.values():
        middle, width = (low + high) / 2, (high - low) / 2
        magnitude = np.exp(-(((frequency - middle) / width) ** 4))
        phase = random.uniform(0, 2 * math.pi, frequency.size)
        wave = np.fft.irfft(magnitude * np.exp(1j * phase))
        rows.append(np.clip(np.round(wave / wave.std() * 30), -127, 127))
    return np.array(rows, dtype=np.int8)


class Graph:
    """Collects nodes and constants, naming each by a counter."""

    def __init__(self):
        self.nodes = []
        self.constants = []

    def const(self, value, dtype):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype=dtype), name))
        return name

    def ints(self, *values):
        return self.const(values, np.int64)

    def int(self, value):
        return self.const(value, np.int64)

    def float(self, value):
        return self.const(value, np.float32)

    def op(self, kind, *inputs, output=None, **attributes):
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def cast(self, value, to):
        return self.op("Cast", value, to=to)

    def slice(self, value, start, end, axis=0):
        return self.op("Slice", value, self.ints(start), self.ints(end), self.ints(axis))

    def fraction(self, value):
        return self.op("Sub", value, self.op("Floor", value))


def segments(g):
    """Ids to segments: (durations in frames, float [2N]; channels, float [2N, C])."""
    ids = g.op("Reshape", "input", g.ints(-1))
    ids = g.op("Slice", ids, g.ints(0), "input_lengths", g.ints(0))
    is_pad = g.op("Equal", ids, g.int(IDS[PAD]))
    ids = g.op("Compress", ids, g.op("Not", is_pad), axis=0)

    before = g.slice(g.op("Concat", g.ints(IDS["^"]), ids, axis=0), 0, -1)
    sounds = g.op("Where", g.op("Equal", ids, g.int(IDS[LONG])), before, ids)

    frames = [[segment.frames for segment in pair] for pair in PHONEMES.values()]
    channels = [[segment.channels() for segment in pair] for pair in PHONEMES.values()]
    raises = np.ones((len(PHONEMES), 1, len(channels[0][0])))
    for mark, ratio in STRESS.items():
        raises[IDS[mark], 0, 0] = ratio  # channel 0 is the pitch

    frames = g.op("Gather", g.float(frames), ids)
    channels = g.op("Gather", g.float(channels), sounds)
    channels = g.op("Mul", channels, g.op("Gather", g.float(raises), before))
    count = np.shape(raises)[-1]
    return (
        g.op("Reshape", frames, g.ints(-1)),
        g.op("Reshape", channels, g.ints(-1, count)),
        count,
    )


def frames_of(g, durations, channels, count):
    """Repeats each segment for its duration and smooths: float [C, T + 1]."""
    scale = g.op("Gather", "scales", g.int(1))
    scale = g.op("Clip", scale, g.float(0.1), g.float(10.0))
    ends = g.op("CumSum", g.op("Mul", durations, scale), g.int(0))
    ends = g.cast(g.op("Floor", g.op("Add", ends, g.float(0.5))), TensorProto.INT64)
    total = g.slice(ends, -1, 2**31 - 1)

    # A frame belongs to the segment numbered by how many have ended by then.
    zero = numpy_helper.from_array(np.array([0], dtype=np.int64))
    one = numpy_helper.from_array(np.array([1], dtype=np.int64))
    marks = g.op("ConstantOfShape", g.op("Add", total, g.int(1)), value=zero)
    ones = g.op("ConstantOfShape", g.op("Shape", ends), value=one)
    marks = g.op("ScatterElements", marks, ends, ones, axis=0, reduction="add")
    owner = g.op("CumSum", marks, g.int(0))
    # The frame after the last, wanted only to interpolate towards, has no owner.
    last = g.op("Sub", g.op("Shape", ends), g.int(1))
    frames = g.op("Gather", channels, g.op("Min", owner, last))

    frames = g.op("Unsqueeze", g.op("Transpose", frames, perm=[1, 0]), g.ints(0))
    kernel = np.tile(np.array(SMOOTHING), (count, 1, 1))
    side = len(SMOOTHING) // 2
    frames = g.op("Pad", frames, g.ints(0, 0, side, 0, 0, side), mode="edge")
    frames = g.op("Conv", frames, g.float(kernel), group=count)
    return g.op("Squeeze", frames, g.ints(0)), total


def samples_of(g, frames, total, count):
    """Interpolates frames to samples: float [C, T * HOP]."""
    ramp = np.arange(HOP) / HOP
    here = g.op("Unsqueeze", g.slice(frames, 0, -1, axis=1), g.ints(2))
    there = g.op("Unsqueeze", g.slice(frames, 1, 2**31 - 1, axis=1), g.ints(2))
    step = g.op("Mul", g.op("Sub", there, here), g.float(ramp))
    shape = g.op("Concat", g.ints(count), g.op("Mul", total, g.int(HOP)), axis=0)
    return g.op("Reshape", g.op("Add", here, step), shape)


def voiced_part(g, pitch, formants, levels):
    """Three decaying sines, restarted each pitch period: float [1, S]."""
    # Summed as doubles, so that a long text stays in tune.
    step = g.op("Div", g.cast(pitch, TensorProto.DOUBLE), g.const(SAMPLE_RATE, np.float64))
    phase = g.op("CumSum", step, g.int(1))
    phase = g.cast(g.fraction(phase), TensorProto.FLOAT)
    since = g.op("Div", phase, pitch)  # seconds into the period

    turns = g.op("Mul", g.op("Mul", formants, since), g.float(2 * math.pi))
    rates = [[-math.pi * bandwidth] for bandwidth in BANDWIDTHS]
    decay = g.op("Exp", g.op("Mul", since, g.float(rates)))
    sines = g.op("Mul", g.op("Mul", g.op("Sin", turns), decay), levels)
    # Fades to nothing by the period's end, where the sines restart from zero.
    fade = g.op("Sub", g.float(1.0), phase)
    return g.op("Mul", g.op("ReduceSum", sines, g.ints(0), keepdims=1), fade)


def noisy_part(g, levels, total):
    """The noise bands at their levels: float [1, S]."""
    length = g.op("Squeeze", g.op("Mul", total, g.int(HOP)), g.ints(0))
    position = g.op("Range", g.int(0), length, g.int(1))
    position = g.op("Mod", position, g.int(NOISE_LENGTH))
    noise = g.op("Gather", g.const(noise_table(), np.int8), position, axis=1)
    noise = g.op("Mul", g.cast(noise, TensorProto.FLOAT), g.float(1 / 100))
    return g.op("ReduceSum", g.op("Mul", noise, levels), g.ints(0), keepdims=1)


def build_model():
    """The whole voice as a checked onnx.ModelProto."""
    g = Graph()
    durations, channels, count = segments(g)
    frames, total = frames_of(g, durations, channels, count)
    samples = samples_of(g, frames, total, count)

    voiced = voiced_part(
        g,
        g.slice(samples, 0, 1),
        g.slice(samples, 1, 4),
        g.slice(samples, 4, 7),
    )
    noisy = noisy_part(g, g.slice(samples, 7, count), total)
    loud = g.op("Mul", g.op("Add", voiced, noisy), g.float(GAIN / PEAK))
    limited = g.op("Mul", g.op("Tanh", loud), g.float(PEAK))
    g.op("Unsqueeze", limited, g.ints(0), output="output")

    graph = helper.make_graph(
        g.nodes,
        NAME,
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, [1, "phonemes"]),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, "samples"])],
        g.constants,
    )
    model = helper.make_model(
        graph,
        producer_name="make_test_voice.py",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def build_config():
    """The .onnx.json that goes with the model."""
    return {
        "audio": {"sample_rate": SAMPLE_RATE, "quality": "test"},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "num_symbols": len(IDS),
        "num_speakers": 1,
        "speaker_id_map": {},
        "phoneme_id_map": {symbol: [index] for symbol, index in IDS.items()},
    }


def main():
    parser = argparse.ArgumentParser(
        description="Make a tiny synthetic Piper voice for tests: "
        f"OUT_DIR/{NAME}.onnx and OUT_DIR/{NAME}.onnx.json.",
        epilog="Needs the onnx package: pip install onnx",
    )
    parser.add_argument("out_dir", metavar="OUT_DIR", type=Path, help="made if missing")
    out_dir = parser.parse_args().out_dir

    model = build_model().SerializeToString(deterministic=True)
    config = json.dumps(build_config(), ensure_ascii=False, indent=2) + "\n"
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for suffix, data in ((".onnx", model), (".onnx.json", config.encode())):
            path = out_dir / (NAME + suffix)
            path.write_bytes(data)
            print(f"wrote {path} ({len(data)} bytes)")
    except OSError as error:
        sys.exit(f"make_test_voice.py: {error}")


if __name__ == "__main__":
    main()
