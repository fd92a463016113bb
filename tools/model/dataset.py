"""Renders scenes, encodes them with the VAE and tokenises their captions, in parallel processes.

    python dataset.py --icons ICONS --vae VAE_FOLDER --tokenizer TOKENIZER --out FOLDER --count 60000 --seed 1

Writes FOLDER/part-SEED-K.npz: `latents` [n,4,16,16] float16, already scaled as the UNet sees them, and `tokens`
[n,CAPTIONS,77] uint16. Parts of several seeds can lie side by side.
"""

import argparse
import multiprocessing
import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from captions import encode, filler_words, load_tokenizer, taught_ids
from icons import load_icons
from scenes import caption, draw, dressed, random_scene

CAPTIONS = 4
BATCH = 32


@torch.no_grad()
def make_part(args: argparse.Namespace, part: int) -> None:
    torch.set_num_threads(1)
    rng = random.Random(f"{args.seed}/{part}")
    icons = load_icons(args.icons)
    tokenizer = load_tokenizer(args.tokenizer)
    fillers = filler_words(tokenizer, taught_ids(tokenizer))
    vae = AutoencoderKL.from_pretrained(args.vae).eval()
    latents, tokens = [], []
    while len(latents) * BATCH < args.count / args.parts:
        scenes = [random_scene(rng) for _ in range(BATCH)]
        pictures = np.stack([np.asarray(draw(scene, rng, icons)) for scene in scenes])
        wanted = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
        latents.append((vae.encode(wanted).latent_dist.mean * vae.config.scaling_factor).half().numpy())
        texts = [dressed(caption(scene, rng), rng, fillers) for scene in scenes for _ in range(CAPTIONS)]
        tokens.append(encode(tokenizer, texts).reshape(BATCH, CAPTIONS, -1))
    np.savez(args.out / f"part-{args.seed}-{part}.npz", latents=np.concatenate(latents), tokens=np.concatenate(tokens))


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--icons", type=Path, required=True)
    flags.add_argument("--vae", type=Path, required=True)
    flags.add_argument("--tokenizer", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--count", type=int, default=60000)
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--parts", type=int, default=2, help="processes, one file each")
    args = flags.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    workers = [multiprocessing.get_context("spawn").Process(target=make_part, args=(args, i)) for i in range(args.parts)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise SystemExit(f"a worker ended with {worker.exitcode}")


if __name__ == "__main__":
    main()
