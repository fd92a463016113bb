"""Renders scenes and encodes them with the frozen encoder: what the UNet is trained on.

    python dataset.py --icons icons.npz --vae VAE_FOLDER --out FOLDER --count 8000 --seed 1

Writes FOLDER/part-SEED.npz: `latents` [n,4,16,16] float16, already scaled as the UNet sees them, and `slots` [n,8] int16
(`slots.SLOTS`). Parts of several seeds lie side by side; a training that runs reads new ones when it saves.
"""

import argparse
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from icons import load_icons
from scenes import Renderer, Scene, random_scene
from slots import indices

BATCH = 32
# How often a style is not said, by style: left unsaid, the prettier ones are likelier.
STYLE_UNSAID = {"flat": 0.12, "cartoon": 0.2, "3d": 0.3, "": 1.0}


def told(scene: Scene, rng: random.Random) -> list[int]:
    """The scene's slots, sometimes without its style."""
    slots = indices(scene)
    if rng.random() < STYLE_UNSAID[scene.style]:
        slots[3] = 0
    return slots


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--icons", type=Path, required=True)
    flags.add_argument("--vae", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--count", type=int, default=8000)
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--threads", type=int, default=1)
    args = flags.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    target = args.out / f"part-{args.seed}.npz"
    if target.exists():
        print(f"{target} exists")
        return
    rng = random.Random(f"pictures {args.seed}")
    renderer = Renderer(load_icons(args.icons))
    vae = AutoencoderKL.from_pretrained(args.vae, low_cpu_mem_usage=False).eval().to(memory_format=torch.channels_last)
    latents, slots, began = [], [], time.time()
    while len(slots) < args.count:
        scenes = [random_scene(rng) for _ in range(BATCH)]
        pictures = np.stack([np.asarray(renderer.draw(scene, rng)) for scene in scenes])
        wanted = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        latents.append((vae.encode(wanted).latent_dist.mean * vae.config.scaling_factor).half().numpy())
        slots += [told(scene, rng) for scene in scenes]
    partial = target.with_suffix(".partial.npz")
    np.savez(partial, latents=np.concatenate(latents), slots=np.asarray(slots, np.int16))
    os.replace(partial, target)
    print(f"{len(slots)} pictures, {len(slots) / (time.time() - began):.0f}/s")


if __name__ == "__main__":
    main()
