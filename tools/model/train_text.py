"""Fits the CLIP-shaped text encoder to give the rows that the UNet was taught with (`slots.py`); resumes from its checkpoint.

    python train_text.py --unet unet.pt --tokenizer TOKENIZER --words words.npz --out text.pt --steps 8000

No pictures are needed: captions are made from random scenes. `right` is how often the nearest row is the right one, by
slot that something was said of.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch

from machine import Threads, rate, save
from scenes import random_scene
from slots import SLOTS, Slots, indices
from texts import FIRST_SLOT, Texts, new_text_encoder

BATCH = 64
PEAK_RATE = 1e-3
SAVE_SECONDS = 180
# Positions between the caption and the last eight that are read in a step; all 77 in the last part of the training.
PADDING_READ = 8
WHOLE_FROM = 0.7


def near_start(table: torch.nn.Embedding, texts: Texts, words: Path) -> None:
    """Words begin near the concept that they are most like."""
    file = np.load(words)
    with torch.no_grad():
        for token, nearest, likeness in zip(file["ids"], file["nearest"][:, 0], file["likeness"][:, 0]):
            own = int(texts.rows[int(token)])
            concept = texts.tokenizer(str(file["concepts"][nearest]))["input_ids"][1:-1]
            if own and len(concept) == 1 and likeness < 0.999:
                table.weight[own] += float(likeness) * table.weight[int(texts.rows[concept[0]])]


def positions_read(rows: torch.Tensor, end: int, progress: float) -> torch.Tensor:
    """The caption, a few of the padding positions behind it, and the last eight; or all."""
    first = int((rows != end).sum(1).max()) + 1
    padding = torch.arange(first, FIRST_SLOT)
    if progress >= WHOLE_FROM or len(padding) <= PADDING_READ:
        return torch.arange(rows.shape[1])
    some = padding[torch.randperm(len(padding))[:PADDING_READ]].sort().values
    return torch.cat([torch.arange(first), some, torch.arange(FIRST_SLOT, rows.shape[1])])


@torch.no_grad()
def right(slots: Slots, given: torch.Tensor, wanted: torch.Tensor) -> list[tuple[int, int]]:
    """(right, asked) for every slot, where something was said of it. `given` [n, 8, WIDTH]."""
    counts = []
    for k, words in enumerate(SLOTS.values()):
        first = int(slots.offsets[k])
        rows = slots.norm(slots.rows.weight[first : first + len(words)])
        found = torch.cdist(given[:, k], rows).argmin(1)
        said = wanted[:, k] > 0
        counts.append((int((found == wanted[:, k])[said].sum()), int(said.sum())))
    return counts


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--unet", type=Path, required=True, help="checkpoint of train_unet.py, for its rows")
    flags.add_argument("--tokenizer", type=Path, required=True)
    flags.add_argument("--words", type=Path, required=True, help="written by words.py")
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--steps", type=int, default=8000)
    args = flags.parse_args()

    slots = Slots().eval().requires_grad_(False)
    average = torch.load(args.unet, weights_only=True)["average"]
    slots.load_state_dict({name.removeprefix("slots."): tensor for name, tensor in average.items() if name.startswith("slots.")})
    texts = Texts(args.tokenizer, args.words)
    torch.manual_seed(1)
    model = new_text_encoder(len(texts.taught))
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    step = 0
    if args.out.exists():
        saved = torch.load(args.out, weights_only=True)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
    else:
        near_start(model.get_input_embeddings(), texts, args.words)
        model.final_layer_norm.load_state_dict(slots.norm.state_dict())
    rng, threads, last_save, shown = random.Random(step + 1), Threads(), time.time(), []
    counted = np.zeros((len(SLOTS), 2), int)
    print(f"{len(texts.taught)} taught tokens, {len(texts.fillers)} fillers; from step {step}", flush=True)
    while step < args.steps:
        threads.before()
        scenes = [random_scene(rng) for _ in range(BATCH)]
        wanted = torch.tensor([indices(scene) for scene in scenes])
        rows, positions = texts.write(scenes, rng)
        target, weight = texts.wanted(slots, wanted, positions)
        read = positions_read(rows, int(texts.rows[49407]), step / args.steps)
        given = model(input_ids=rows[:, read], position_ids=read[None]).last_hidden_state
        loss = ((given - target[:, read]).square().mean(2) * weight[:, read]).sum(1).mean()
        for group in optimiser.param_groups:
            group["lr"] = rate(PEAK_RATE, step / args.steps, step, 200, 0.5)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        shown.append(loss.item())
        counted += np.asarray(right(slots, given[:, -len(SLOTS) :].detach(), wanted))
        threads.after()
        if step % 100 == 0:
            shares = " ".join(f"{slot} {100 * r / max(1, n):.0f}" for slot, (r, n) in zip(SLOTS, counted))
            print(f"{time.strftime('%H:%M:%S')} step {step} loss {np.mean(shown[-100:]):.4f} right % {shares}", flush=True)
            counted[:] = 0
        if time.time() - last_save > SAVE_SECONDS or step >= args.steps:
            save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, args.out)
            last_save = time.time()


if __name__ == "__main__":
    main()
