"""Trains the speech model on shards of `speak.py`.

In: shards, a ggml model whose tokens and mel filters are taken (any English Whisper; the shipped one does), perhaps its weights too. Out: a checkpoint after
every `--save` minutes, from which the same command goes on, and a line of figures every hundred steps.

Source of the recipe: Whisper's decoder loss with 0.05 label smoothing on texts that are heard and on texts that are read (`reading.py`), half the weight to
CTC over letters, a guide of the attention along the diagonal, Muon and AdamW, warm-up (also when it goes on) and a cosine to zero; short utterances and
little noise first. Measured on two cores: with AdamW alone the decoder collapses at a peak rate of 1.5e-3; from one checkpoint, with little noise, 185 steps of
Muon brought the letters' loss from 0.80 to 0.69, 235 of AdamW to 0.81. A step of 80 s of sound takes
1.0 s with 64 texts, where it took 1.5 s with 48, before attention was plain, noises were made once, and texts of one length came together; weights that are
kept in bfloat16 save a quarter of what autocast takes. All sound is in memory, 0.12 GB an hour; beside it a processor's process grew from 6 to 14 GB in 78
minutes, so a machine with little memory kills it in the end, and the checkpoint is gone on from.
"""
import argparse
import copy
import math
import os
import pathlib
import random
import re
import time

import numpy as np
import torch
import torch.nn.functional as F

import augment
import ggml
import model as network
import muon
import reading
import tokens as whisper

RATE = 16_000
WARM_UP = 300  # steps
GUIDE_WIDTH = 0.09  # of the diagonal, as a share of the utterance
GUIDED = 8_000  # steps; by then attention knows its way
PROMPT = [whisper.START, whisper.NO_TIMESTAMPS]
NOTHING = 0.05  # share of utterances without speech
MASKED_MELS, MASKED_FRAMES = 14, 16  # at most, as in SpecAugment (Park et al. 2019)
WARP = 0.12  # vocal tract length perturbation (Jaitly and Hinton 2013)


class Speech:
    """All shards, in memory."""

    def __init__(self, folder):
        self.sounds, self.texts = [], []
        paths = sorted(pathlib.Path(folder).glob("*.npz"))
        if not paths:
            raise SystemExit(f"`{folder}` holds no shards; make them with speak.py")
        for path in paths:
            shard = np.load(path)
            sound, ends = shard["sound"], shard["ends"]
            for start, end, text in zip([0, *ends[:-1]], ends, shard["texts"]):
                self.sounds.append(sound[start:end])
                self.texts.append(str(text))
        self.tokens = []

    def encode(self, tokens):
        self.tokens = [tokens.encode(text) for text in self.texts]

    def batches(self, draw, seconds, longest):
        """Numbers of utterances of about the same length, `seconds` of sound together."""
        order = [n for n in range(len(self.sounds)) if len(self.sounds[n]) <= longest * RATE]
        draw.shuffle(order)
        for start in range(0, len(order), 2_048):
            part = sorted(order[start : start + 2_048], key=lambda n: len(self.sounds[n]))
            batches, batch = [], []
            for number in part:
                size = len(self.sounds[number]) + RATE
                if batch and size * (len(batch) + 1) > seconds * RATE:
                    batches.append(batch)
                    batch = []
                batch.append(number)
            batches.append(batch)
            draw.shuffle(batches)
            yield from batches


class Batches(torch.utils.data.IterableDataset):
    """Augmented batches without end; every worker draws its own."""

    def __init__(self, speech, options, done):
        self.speech, self.options, self.done = speech, options, done

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        number, count = (worker.id, worker.num_workers) if worker else (0, 1)
        draw = random.Random(f"{self.options.seed} {number} {self.done}")
        step = self.done + number
        while True:
            short = step < self.options.short_steps
            for batch in self.speech.batches(draw, self.options.batch_seconds, 3.0 if short else 99.0):
                yield self.made(batch, draw, step < self.options.easy_steps)
                step += count
                if short and step >= self.options.short_steps:
                    break

    def made(self, numbers, draw, easy):
        others = lambda count: [draw.choice(self.speech.sounds) for _ in range(count)]
        sounds, texts, ids, leads, spans = [], [], [], [], []
        for number in numbers:
            sound, lead, span = augment.heard(self.speech.sounds[number], draw, others, easy)
            text, token = self.speech.texts[number], self.speech.tokens[number]
            if draw.random() < NOTHING:
                sound, text, token = augment.nothing(draw, len(sound)), "", []
            sounds.append(sound)
            texts.append(text)
            ids.append(token)
            leads.append(lead / 320)
            spans.append(span / 320)
        # whisper.cpp puts silence behind what it hears, of a length that the caller chooses.
        length = max(map(len, sounds)) + draw.choice([1_600, 3_200, 4_800, 6_400, 8_000, 320 * draw.randint(30, 200)])
        length = (length + 319) // 320 * 320
        padded = np.zeros((len(sounds), length), np.float32)
        for row, sound in zip(padded, sounds):
            row[: len(sound)] = sound
        return torch.from_numpy(padded), texts, ids, [len(sound) // 320 for sound in sounds], leads, spans


class Losses:
    """From a batch to its losses."""

    def __init__(self, net, tokens, used, filters, device):
        self.net, self.tokens, self.device = net, tokens, device
        self.filters = torch.from_numpy(filters.copy()).to(device)
        self.row = torch.zeros(whisper.COUNT, dtype=torch.long)
        self.row[torch.tensor(used)] = torch.arange(len(used))
        self.row = self.row.to(device)
        # One row stands for all tokens that are never used; together they weigh as many.
        self.unused = math.log(whisper.COUNT - len(used))

    def mel(self, sound, mask):
        sound = sound.to(self.device)
        if not mask:
            return network.log_mel(sound, self.filters)
        mel = network.log_mel(sound, self.warped(len(sound)))
        where = torch.arange(network.MELS, device=self.device)[None, :, None], torch.arange(mel.shape[2], device=self.device)[None, None]
        hidden = torch.zeros_like(mel, dtype=torch.bool)
        for place, widest, times in ((where[0], MASKED_MELS, 1), (where[1], MASKED_FRAMES, 2)):
            for _ in range(times):
                width = torch.rand(len(sound), 1, 1, device=self.device) * widest
                start = torch.rand(len(sound), 1, 1, device=self.device) * (place.numel() - width)
                hidden |= (place >= start) & (place < start + width)
        return torch.where(hidden, mel.mean(dim=(1, 2), keepdim=True), mel)

    def warped(self, count):
        """Filters for throats of other lengths: the mel scale stretched or pressed, for each utterance by another factor."""
        factor = torch.empty(count, 1, device=self.device).uniform_(1 - WARP, 1 + WARP)
        at = (torch.arange(network.MELS, device=self.device) * factor).clamp(max=network.MELS - 1)
        # Between two neighbours, by how near it is to each.
        near = (1 - (at[:, :, None] - torch.arange(network.MELS, device=self.device)).abs()).clamp(min=0)
        return near @ self.filters

    def of(self, batch, mask, alone, guided):
        """Decoder, letters, guide (0 when not `guided`). `alone`: the letters' head learns and the encoder does not learn from it."""
        sound, texts, ids, frames, leads, spans = batch
        encoded = self.net.encoder(self.mel(sound, mask))
        letters = self.net.letters(encoded.detach() if alone else encoded)
        decoder = self.decoder(encoded, ids)
        guide = self.guide(ids, leads, spans, encoded.shape[1]) if guided else torch.zeros(())
        return decoder, self.ctc(letters, texts, frames), guide

    def read(self, drawn, alone):
        """Decoder, of texts that are read. `alone`: the reader learns and the decoder does not."""
        longest = max(len(frames) for _, frames in drawn)
        padded = [frames + [(reading.SILENCE,) * 3] * (longest - len(frames)) for _, frames in drawn]
        encoded = self.net.read(torch.tensor(padded, device=self.device))
        ids = [self.tokens.encode(text) for text, _ in drawn]
        if not alone:
            return self.decoder(encoded, ids)
        self.net.decoder.requires_grad_(False)
        try:
            return self.decoder(encoded, ids)
        finally:
            self.net.decoder.requires_grad_(True)

    def decoder(self, encoded, ids):
        rows = [PROMPT + row + [whisper.END] for row in ids]
        longest = max(map(len, rows))
        given = torch.tensor([row[:-1] + [whisper.END] * (longest - len(row)) for row in rows], device=self.device)
        wanted = torch.tensor([row[1:] + [-1] * (longest - len(row)) for row in rows], device=self.device)
        silent = torch.tensor([not row for row in ids], device=self.device)
        # Where nothing is said, the first prediction says so.
        wanted[silent, 0] = whisper.NO_SPEECH
        scores = self.net.decoder(self.row[given], encoded).float()
        scores = torch.cat([scores[..., :-1], scores[..., -1:] + self.unused], -1)
        rows_wanted = torch.where(wanted >= 0, self.row[wanted.clamp(min=0)], torch.full_like(wanted, -100))
        return F.cross_entropy(scores.flatten(0, 1), rows_wanted.flatten(), ignore_index=-100, label_smoothing=0.05)

    def ctc(self, letters, texts, frames):
        numbers = [[network.LETTERS.index(c) + 1 for c in text.lower() if c in network.LETTERS] for text in texts]
        probabilities = letters.float().log_softmax(-1).transpose(0, 1)
        return F.ctc_loss(
            probabilities,
            torch.tensor(sum(numbers, []), device=self.device),
            torch.tensor([min(count, len(probabilities)) for count in frames]),
            torch.tensor([len(row) for row in numbers]),
            zero_infinity=True,
        )

    def guide(self, ids, leads, spans, frames):
        """How far the first half of the heads look from where the word should be, by its letters."""
        rows = [PROMPT + row + [whisper.END] for row in ids]
        longest = max(map(len, rows)) - 1
        place, counts = torch.zeros(len(rows), longest), torch.zeros(len(rows), longest)
        for n, row in enumerate(rows):
            lengths = np.array([len(self.tokens.bytes[token]) for token in row[2:-1]])
            if len(lengths):
                middle = np.cumsum(lengths) - lengths / 2
                # The position of a token predicts the one after it.
                place[n, 1 : 1 + len(lengths)] = torch.from_numpy(middle / lengths.sum())
                counts[n, 1 : 1 + len(lengths)] = 1
        place, counts = place.to(self.device), counts.to(self.device)
        lead, span = (torch.tensor(x, device=self.device)[:, None, None] for x in (leads, spans))
        along = (torch.arange(frames, device=self.device)[None, None].float() - lead) / span
        far = 1 - torch.exp(-((along - place[..., None]) ** 2) / (2 * GUIDE_WIDTH**2))
        layers = self.net.cross_attention()
        half = max(1, layers[0].shape[1] // 2)
        per_layer = [((layer[:, :half].float().mean(1) * far).sum(-1) * counts).sum() / counts.sum().clamp(min=1) for layer in layers]
        return sum(per_layer) / len(per_layer)


class Half:
    """The network in bfloat16, which passes use, and its weights in float32, which steps change: no pass converts anything."""

    def __init__(self, net):
        self.net, self.of = net, copy.deepcopy(net).bfloat16()

    def gather(self):
        for whole, half in zip(self.net.parameters(), self.of.parameters()):
            whole.grad = None if half.grad is None else half.grad.float()
            half.grad = None

    @torch.no_grad()
    def spread(self):
        for whole, half in zip(self.net.parameters(), self.of.parameters()):
            half.copy_(whole)


def deeper(tensors, kept):
    """Tensors for layers that a shallower model lacks: they begin by changing nothing."""
    for name, tensor in kept.items():
        if name not in tensors and "blocks." in name:
            tensors[name] = torch.zeros_like(tensor) if re.search(r"(out|mlp\.2)\.(weight|bias)$", name) else tensor


def begin(options, file, used, phonemes):
    """A fresh network, or one with the weights of the ggml model, which may have fewer layers."""
    net = network.Model(options.width, options.audio_layers, options.text_layers, len(used) + 1, phonemes)
    if options.weights:
        tensors = {name: torch.from_numpy(array.copy()) for name, array in file.tensors.items()}
        rows = tensors.pop("decoder.token_embedding.weight")
        kept = net.state_dict()
        deeper(tensors, kept)
        for name, tensor in tensors.items():
            if name not in kept or kept[name].numel() != tensor.numel():
                raise SystemExit(f"`{options.model}` has another shape than --width, --audio-layers, --text-layers say ({name})")
            kept[name] = tensor.reshape(kept[name].shape)
        kept["decoder.token_embedding.weight"][:-1] = rows[torch.tensor(used)]
        # The last token is a time, and stands for all that are never used.
        kept["decoder.token_embedding.weight"][-1] = rows[-1]
        net.load_state_dict(kept)
    return net


def save(path, net, optimizers, step, used, names, options):
    part = path.with_suffix(".part")
    shape = [options.width, options.audio_layers, options.text_layers]
    learnt = {"net": net.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers]}
    torch.save({**learnt, "step": step, "used": used, "phonemes": names, "shape": shape}, part)
    os.replace(part, path)


def arguments():
    parser = argparse.ArgumentParser(description="Trains the speech model; a checkpoint that is there is gone on from.")
    parser.add_argument("--data", required=True, help="folder of shards")
    parser.add_argument("--checkpoint", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, help="ggml model whose tokens and mel filters are taken")
    parser.add_argument("--weights", action="store_true", help="begin with its weights")
    parser.add_argument("--width", type=int, default=256, help="a multiple of 64")
    parser.add_argument("--audio-layers", type=int, default=6)
    parser.add_argument("--text-layers", type=int, default=4)
    parser.add_argument("--least", type=int, default=20, help="a token that comes up less often is spelled by smaller ones (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--hours", type=float, default=1_000.0, help="end after so long, with the rate at zero by then")
    parser.add_argument("--rate", type=float, default=1.2e-3, help="peak learning rate; four fifths of it for the decoder")
    parser.add_argument("--batch-seconds", type=float, default=110.0, help="of sound in a batch")
    parser.add_argument("--read", type=int, default=160, help="texts that the decoder reads in a step, beside those it hears")
    parser.add_argument("--texts", help="folder with further text to read, *.txt, a sentence a line")
    parser.add_argument("--easy-steps", type=int, default=6_000, help="with little noise")
    parser.add_argument("--short-steps", type=int, default=3_000, help="with utterances of at most 3 s")
    parser.add_argument("--workers", type=int, default=0, help="processes that prepare batches")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--save", type=float, default=10.0, help="minutes between checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    options = arguments()
    file = ggml.read(options.model)
    tokens = whisper.Tokens(file.tokens)
    speech = Speech(options.data)
    state = torch.load(options.checkpoint, map_location="cpu") if options.checkpoint.exists() else None
    if state and state["shape"] != [options.width, options.audio_layers, options.text_layers]:
        raise SystemExit(f"`{options.checkpoint}` is of shape {state['shape']}: name the same, or another file")
    used = state["used"] if state else known(file) if options.weights else chosen(tokens, speech, options.least)
    tokens.allow(set(used))
    speech.encode(tokens)
    texts = reading.Reading(f"{options.seed} {state['step'] if state else 0}", options.texts, state and state["phonemes"])
    train(options, file, tokens, speech, texts, state, used)


def known(file):
    """The tokens that a model was trained with: the others share their row with the last."""
    rows = file.tensors["decoder.token_embedding.weight"]
    return np.flatnonzero((rows != rows[-1]).any(1)).tolist()


def chosen(tokens, speech, least):
    """The tokens that come up often enough."""
    tokens.limit(speech.texts, least)
    return sorted(tokens.allowed | {whisper.END, whisper.START, whisper.NO_SPEECH, whisper.NO_TIMESTAMPS})


def train(options, file, tokens, speech, texts, state, used):
    """The whole training, from the beginning or from a checkpoint's state."""
    torch.manual_seed(options.seed)
    device = torch.device(options.device)
    phonemes = len(texts.names) + 1
    net = begin(options, file, used, phonemes) if state is None else network.Model(*state["shape"], len(used) + 1, phonemes)
    if state:
        net.load_state_dict(state["net"])
    net.to(device)
    optimizers = muon.optimizers(net, options.rate)
    done = 0
    if state:
        for optimizer, saved in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        done = state["step"]
    random.seed(f"{options.seed} {done}")
    hours = sum(map(len, speech.sounds)) / RATE / 3600
    weights = sum(parameter.numel() for parameter in net.parameters()) / 1e6
    print(f"{len(speech.sounds)} utterances, {hours:.1f} h, {len(used)} tokens, {weights:.1f} M weights, from step {done}", flush=True)
    if done >= options.steps:
        return
    half = Half(net) if network.half(device.type) else None
    losses = Losses(half.of if half else net, tokens, used, file.mel_filters, device)
    loader = torch.utils.data.DataLoader(Batches(speech, options, done), batch_size=None, num_workers=options.workers)
    started = saved = time.monotonic()
    sums, utterances, step = np.zeros(4), 0, done
    net.train()
    for batch in loader:
        hours = (time.monotonic() - started) / 3600
        along = min(1.0, max(step / options.steps, hours / options.hours))
        rate = options.rate * min(1.0, (step - done + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * along))
        # Good weights come without the helpers, and untrained ones would spoil them.
        fresh = options.weights and step < WARM_UP
        parts = losses.of(batch, random.random() < (0.1 if step < options.easy_steps else 0.6), fresh, step < GUIDED and not options.weights)
        read = losses.read(texts.batch(options.read), fresh) if options.read else torch.zeros(())
        loss = 0.5 * parts[0] + 0.5 * parts[1] + (1.0 if step < 4_000 else 0.25) * parts[2] + 0.5 * read
        net.zero_grad()
        loss.backward()
        if half:
            half.gather()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.6)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["share"]
            optimizer.step()
        if half:
            half.spread()
        step += 1
        utterances += len(batch[1])
        sums += [part.item() for part in (*parts, read)]
        if not np.isfinite(sums).all():
            raise SystemExit(f"step {step}: the losses are no numbers any more; go on from the last checkpoint with a lower --rate")
        if step % 100 == 0:
            seconds = time.monotonic() - started
            figures = " ".join(f"{name} {value:.3f}" for name, value in zip(("heard", "letters", "guide", "read"), sums / 100))
            print(f"step {step} of {options.steps}: {figures}, rate {rate:.2e}, {utterances / seconds:.0f} utterances a second, {seconds:.0f} s", flush=True)
            sums[:] = 0
        over = step >= options.steps or hours >= options.hours
        if over or time.monotonic() - saved > options.save * 60:
            save(options.checkpoint, net, optimizers, step, used, texts.names, options)
            saved = time.monotonic()
        if over:
            return


if __name__ == "__main__":
    main()
