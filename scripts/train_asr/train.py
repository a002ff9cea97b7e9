"""Trains the speech model on shards of `speak.py`, from the weights of a Whisper.

In: shards, a ggml model whose weights, tokens and mel filters are taken (OpenAI's tiny.en, see `ctranslate2.py`, or the shipped one). Out: a checkpoint after
every `--save` minutes, from which the same command goes on, and a line of figures every twenty steps.

What is to be learnt: to hear only as much as was said (Whisper hears half a minute, and repeats itself where it is given less), telephone lines, noise, voices
that are no people's, and digits one by one. Source of the recipe: Whisper's decoder loss with a little label smoothing, AdamW, warm-up and a cosine to zero,
SpecAugment (Park et al. 2019), vocal tract length perturbation (Jaitly and Hinton 2013). The passes see the matrices as 4 bits will hold them and the steps
change the weights behind (the straight-through estimator of Bengio et al. 2013), so that a packed model hears as well.
"""
import argparse
import copy
import math
import os
import pathlib
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

import augment
import ggml
import model as network
import tokens as whisper

RATE = 16_000
WARM_UP = 60  # steps
PROMPT = [whisper.START, whisper.NO_TIMESTAMPS]
NOTHING = 0.05  # share of utterances without speech
MASKED = 0.5  # share of batches with masks and warps
MASKED_MELS, MASKED_FRAMES = 14, 16  # at most
WARP = 0.12
SMOOTHING = 0.02


class Speech:
    """All shards, in memory."""

    def __init__(self, folder, tokens):
        self.sounds, self.tokens = [], []
        paths = sorted(pathlib.Path(folder).glob("*.npz"))
        if not paths:
            raise SystemExit(f"`{folder}` holds no shards; make them with speak.py")
        for path in paths:
            shard = np.load(path)
            sound, ends = shard["sound"], shard["ends"]
            for start, end, text in zip([0, *ends[:-1]], ends, shard["texts"]):
                self.sounds.append(sound[start:end])
                self.tokens.append(tokens.encode(str(text)))

    def batches(self, draw, seconds):
        """Numbers of utterances of about the same length, `seconds` of sound together."""
        order = list(range(len(self.sounds)))
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
        draw = random.Random(f"{self.options.seed} {worker.id if worker else 0} {self.done}")
        while True:
            for batch in self.speech.batches(draw, self.options.batch_seconds):
                yield self.made(batch, draw)

    def made(self, numbers, draw):
        others = lambda count: [draw.choice(self.speech.sounds) for _ in range(count)]
        sounds, ids = [], []
        for number in numbers:
            sound, token = augment.heard(self.speech.sounds[number], draw, others), self.speech.tokens[number]
            if draw.random() < NOTHING:
                sound, token = augment.nothing(draw, len(sound)), []
            sounds.append(sound)
            ids.append(token)
        # whisper.cpp puts silence behind what it hears, of a length that the caller chooses.
        length = max(map(len, sounds)) + draw.choice([1_600, 3_200, 4_800, 6_400, 8_000, 320 * draw.randint(30, 200)])
        length = (length + 319) // 320 * 320
        padded = np.zeros((len(sounds), length), np.float32)
        for row, sound in zip(padded, sounds):
            row[: len(sound)] = sound
        return torch.from_numpy(padded), ids


def rounded(matrix):
    """As ggml's q4_0 holds it: in blocks of 32, an eighth of what is farthest from zero times -8 to 7."""
    blocks = matrix.reshape(-1, ggml.BLOCK)
    scale = blocks.gather(1, blocks.abs().argmax(1, keepdim=True)) / -8
    steps = (blocks / torch.where(scale == 0, torch.ones_like(scale), scale) + 8.5).floor().clamp(0, 15) - 8
    return (steps * scale.half().float()).reshape(matrix.shape)


class Packed:
    """The network that passes use, with matrices as 4 bits hold them, in bfloat16 where that is faster; steps change the weights behind it, in float32."""

    def __init__(self, net, kind):
        self.net = net
        self.of = copy.deepcopy(net).to(torch.bfloat16 if network.half(kind) else torch.float32)
        self.spread(every=True)

    def gather(self):
        for whole, packed in zip(self.net.parameters(), self.of.parameters()):
            whole.grad = None if packed.grad is None else packed.grad.float()
            packed.grad = None

    @torch.no_grad()
    def spread(self, every=False):
        """Hands the weights on; those that are not learnt with `every` only."""
        for (name, whole), packed in zip(self.net.named_parameters(), self.of.parameters()):
            if every or whole.requires_grad:
                packed.copy_(rounded(whole) if ggml.packed(name, whole) else whole)


class Loss:
    """From a batch to its loss."""

    def __init__(self, net, filters, device):
        self.net, self.device = net, device
        self.filters = torch.from_numpy(filters.copy()).to(device)

    def mel(self, sound, masked):
        sound = sound.to(self.device)
        if not masked:
            return network.log_mel(sound, self.filters)
        mel = network.log_mel(sound, self.warped(len(sound)))
        mels, frames = mel.shape[1:]
        where = torch.arange(mels, device=self.device)[None, :, None], torch.arange(frames, device=self.device)[None, None]
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
        mels = torch.arange(len(self.filters), device=self.device)
        at = (mels * factor).clamp(max=len(mels) - 1)
        # Between two neighbours, by how near it is to each.
        near = (1 - (at[:, :, None] - mels).abs()).clamp(min=0)
        return near @ self.filters

    def of(self, batch, masked):
        sound, ids = batch
        encoded = self.net.encoder(self.mel(sound, masked))
        rows = [PROMPT + row + [whisper.END] for row in ids]
        longest = max(map(len, rows)) - 1
        given = torch.tensor([row[:-1] + [whisper.END] * (longest + 1 - len(row)) for row in rows], device=self.device)
        wanted = torch.tensor([row[1:] + [-1] * (longest + 1 - len(row)) for row in rows], device=self.device)
        # Where nothing is said, the first prediction says so.
        wanted[torch.tensor([not row for row in ids], device=self.device), 0] = whisper.NO_SPEECH
        where = wanted >= 0
        return F.cross_entropy(self.net.decoder(given, encoded, where).float(), wanted[where], label_smoothing=SMOOTHING)


def save(path, net, optimizer, step, hours):
    part = path.with_suffix(".part")
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "hours": hours}, part)
    os.replace(part, path)


def arguments():
    parser = argparse.ArgumentParser(description="Trains the speech model; a checkpoint that is there is gone on from.")
    parser.add_argument("--data", required=True, help="folder of shards")
    parser.add_argument("--checkpoint", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, help="ggml model to begin with")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--hours", type=float, default=1_000.0, help="end after so long, with the rate at zero by then")
    parser.add_argument("--rate", type=float, default=2e-4, help="peak learning rate")
    parser.add_argument("--batch-seconds", type=float, default=110.0, help="of sound in a batch")
    parser.add_argument("--workers", type=int, default=0, help="processes that prepare batches")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--save", type=float, default=10.0, help="minutes between checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    file = ggml.read(options.model)
    net = network.Model(file)
    state = torch.load(options.checkpoint, map_location="cpu") if options.checkpoint.exists() else {"step": 0, "hours": 0.0}
    if "net" in state:
        try:
            net.load_state_dict(state["net"])
        except RuntimeError as error:
            raise SystemExit(f"`{options.checkpoint}` is of another model than `{options.model}`: name another file") from error
    net.to(options.device)
    learnt = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=options.rate, betas=(0.9, 0.98), weight_decay=0.01)
    if "optimizer" in state:
        optimizer.load_state_dict(state["optimizer"])
    speech = Speech(options.data, whisper.Tokens(file.tokens))
    hours = sum(map(len, speech.sounds)) / RATE / 3600
    print(f"{len(speech.sounds)} utterances, {hours:.1f} h, from step {state['step']}", flush=True)
    if state["step"] < options.steps:
        train(options, file, net, optimizer, speech, state["step"], state["hours"])


def train(options, file, net, optimizer, speech, done, spent):
    """The rest of a training of which `done` steps took `spent` hours."""
    random.seed(f"{options.seed} {done}")
    packed = Packed(net, options.device)
    loss = Loss(packed.of, file.mel_filters, torch.device(options.device))
    loader = torch.utils.data.DataLoader(Batches(speech, options, done), batch_size=None, num_workers=options.workers)
    started = saved = time.monotonic()
    losses, utterances, step = [], 0, done
    for batch in loader:
        hours = spent + (time.monotonic() - started) / 3600
        along = min(1.0, max(step / options.steps, hours / options.hours))
        value = loss.of(batch, random.random() < MASKED)
        value.backward()
        packed.gather()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1.0, (step - done + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * along))
        optimizer.step()
        packed.spread()
        step += 1
        utterances += len(batch[1])
        losses.append(value.item())
        if not math.isfinite(losses[-1]):
            raise SystemExit(f"step {step}: the loss is no number any more; go on from the last checkpoint with a lower --rate")
        if step % 20 == 0:
            seconds = time.monotonic() - started
            print(f"step {step} of {options.steps}: loss {np.mean(losses):.3f}, {utterances / seconds:.0f} utterances a second, {seconds:.0f} s", flush=True)
            losses.clear()
        over = step >= options.steps or hours >= options.hours
        if over or time.monotonic() - saved > options.save * 60:
            save(options.checkpoint, net, optimizer, step, hours)
            saved = time.monotonic()
        if over:
            return


if __name__ == "__main__":
    main()
