"""Renders scenes and writes their captions, block after block, for `train_gpu.py`: one such process for each core.

    python render.py --icons icons.npz --tokenizer TOKENIZER --words words.npz --out FOLDER --seed 1

Writes FOLDER/SEED-NUMBER.npz until it is ended, and waits while PENDING of its blocks have not been taken away:
`pictures` [n,128,128,3] uint8, `slots` [n,8] int16 (`slots.SLOTS`), `tokens` [n,CAPTIONS,77] int16 (rows of the small
table, `texts.Texts`), `marks` [n,CAPTIONS,6] int8 (for each of `captions.MARKS` its position, or -1).
"""

import argparse
import os
import random
import time
from pathlib import Path

import numpy as np

from captions import MARKS
from dataset import told
from icons import load_icons
from scenes import Renderer, random_scene
from texts import Texts, scene_of

BLOCK = 256
# Phrasings of each picture.
CAPTIONS = 4
PENDING = 6


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    for name in ("icons", "tokenizer", "words", "out"):
        flags.add_argument(f"--{name}", type=Path, required=True)
    flags.add_argument("--seed", type=int, required=True)
    args = flags.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"blocks {args.seed}")
    renderer, texts = Renderer(load_icons(args.icons)), Texts(args.tokenizer, args.words)
    parent, number = os.getppid(), 0
    while os.getppid() == parent:
        if len(list(args.out.glob(f"{args.seed}-*.npz"))) >= PENDING:
            time.sleep(0.02)
            continue
        scenes = [random_scene(rng) for _ in range(BLOCK)]
        slots = [told(scene, rng) for scene in scenes]
        marks = np.full((BLOCK, CAPTIONS, len(MARKS)), -1, np.int8)
        tokens = np.zeros((BLOCK, CAPTIONS, 77), np.int16)
        for c in range(CAPTIONS):
            # What is not told of the scene, its style, is not in its caption either.
            rows, positions = texts.write([scene_of(one) for one in slots], rng)
            tokens[:, c] = rows.numpy()
            for i, found in enumerate(positions):
                for k, slot in enumerate(MARKS):
                    marks[i, c, k] = found.get(slot, -1)
        pictures = np.stack([np.asarray(renderer.draw(scene, rng)) for scene in scenes])
        partial = args.out / f"partial-{args.seed}.npz"
        np.savez(partial, pictures=pictures, slots=np.asarray(slots, np.int16), tokens=tokens, marks=marks)
        os.replace(partial, args.out / f"{args.seed}-{number}.npz")
        number += 1


if __name__ == "__main__":
    main()
