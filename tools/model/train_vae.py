"""Trains the AutoencoderKL (8-fold, 4 latent channels) on random scenes; resumes from its checkpoint.

    python train_vae.py --icons ICONS --out CHECKPOINT --minutes 14
"""

import argparse
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch.nn import functional as F

from icons import load_icons
from scenes import SIZE, draw, random_scene

CONFIG = {
    "sample_size": 128,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "block_out_channels": [16, 32, 64, 64],
    "layers_per_block": 1,
    "norm_num_groups": 2,
    "act_fn": "silu",
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
PEAK_RATE = 1.5e-3
# Noise the decoder learns to stand, and the pull of the latents towards 0 that keeps them from growing out of it.
LATENT_NOISE = 0.08
LATENT_PULL = 1e-3
# The last part of the time is spent on whole pictures, because group norms see other statistics in crops.
CROP_SHARE = 0.75


def new_vae() -> AutoencoderKL:
    """A fresh network through which colour already flows, which saves most of the training time.

    Convolutions off the residual branches keep the variance of their input (torch's default loses two thirds at each
    of them), resamplers start as the identity and residual branches nearly silent. A group norm erases an image's flat
    colour unless channels of its group differ by something known, so before the last norm two channels of every group
    begin as a constant ±4 that dominates the statistics.
    """
    vae = AutoencoderKL(**CONFIG)
    with torch.no_grad():
        for name, module in vae.named_modules():
            if not isinstance(module, torch.nn.Conv2d):
                continue
            module.bias.zero_()
            if name.endswith("conv2"):
                module.weight *= 0.2
            elif "samplers" in name:
                module.weight *= 0.3
                module.weight[..., 1, 1] += torch.eye(module.out_channels, module.in_channels)
            elif not name.endswith("conv1"):
                module.weight *= math.sqrt(3)
        for resnet in (vae.encoder.mid_block.resnets[-1], vae.decoder.up_blocks[-1].resnets[-1]):
            channels = resnet.conv2.out_channels // CONFIG["norm_num_groups"]
            resnet.conv2.bias[0::channels] = 4.0
            resnet.conv2.bias[1::channels] = -4.0
    return vae


def batch(rng: random.Random, icons: dict, side: int, count: int) -> torch.Tensor:
    """`count` pictures of `side`² in -1..1; some in colours outside the palette."""
    pictures = np.empty((count, side, side, 3), np.uint8)
    for i in range(count):
        picture = np.asarray(draw(random_scene(rng), rng, icons))
        x, y = rng.randint(0, SIZE - side), rng.randint(0, SIZE - side)
        picture = picture[y : y + side, x : x + side]
        if rng.random() < 0.15:
            picture = picture[..., rng.sample(range(3), 3)]
        if rng.random() < 0.1:
            picture = (picture * rng.uniform(0.6, 1.0) + rng.uniform(0, 100)).clip(0, 255)
        pictures[i] = picture
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def plain_batch(rng: random.Random, icons: dict, count: int) -> torch.Tensor:
    """`count` whole pictures in -1..1 as the UNet's training set will have them."""
    pictures = np.stack([np.asarray(draw(random_scene(rng), rng, icons)) for _ in range(count)])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def edges(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(drawn: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """L1 on pixels, on their differences (sharp edges) and on 8×8 means (flat colours), and a little L2 for peaks."""
    pixels = F.l1_loss(drawn, wanted) + 0.5 * F.mse_loss(drawn, wanted)
    sharp = sum(F.l1_loss(a, b) for a, b in zip(edges(drawn), edges(wanted)))
    flat = F.l1_loss(F.avg_pool2d(drawn, 8), F.avg_pool2d(wanted, 8))
    return pixels + sharp + flat


def rate(progress: float, step: int) -> float:
    """Linear warm-up over 100 steps, then half a cosine of the wall-clock budget down to 2 %."""
    return PEAK_RATE * min(1.0, step / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--icons", type=Path, required=True, help="unpacked @iconify-json/fluent-emoji-flat")
    flags.add_argument("--out", type=Path, required=True, help="checkpoint file, read when it exists")
    flags.add_argument("--minutes", type=float, default=14)
    flags.add_argument("--threads", type=int, default=2)
    args = flags.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    vae = new_vae()
    optimiser = torch.optim.AdamW(vae.parameters(), lr=PEAK_RATE, betas=(0.9, 0.99), weight_decay=1e-3, fused=True)
    step, spent = 0, 0.0
    if args.out.exists():
        saved = torch.load(args.out)
        vae.load_state_dict(saved["vae"])
        optimiser.load_state_dict(saved["optimiser"])
        step, spent = saved["step"], saved["spent"]

    icons = load_icons(args.icons)
    rng = random.Random(step + 1)
    budget, last_save, shown = args.minutes * 60, time.time(), None
    while spent < budget:
        began = time.time()
        whole = spent > budget * CROP_SHARE
        wanted = batch(rng, icons, SIZE if whole else SIZE // 2, 6 if whole else 16)
        latents = vae.encode(wanted).latent_dist.mean
        drawn = vae.decode(latents + LATENT_NOISE * torch.randn_like(latents)).sample
        loss = reconstruction_loss(drawn, wanted) + LATENT_PULL * latents.square().mean()
        for group in optimiser.param_groups:
            group["lr"] = rate(spent / budget, step)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        step += 1
        shown = loss.item() if shown is None else 0.98 * shown + 0.02 * loss.item()
        spent += time.time() - began
        if step % 50 == 0:
            flat = F.l1_loss(F.avg_pool2d(drawn.detach(), 8), F.avg_pool2d(wanted, 8)).item() * 127.5
            print(f"step {step} {spent / 60:.1f} min loss {shown:.4f} mean-colour error {flat:.2f}/255 latent std {latents.std().item():.2f}", flush=True)
        if time.time() - last_save > 120 or spent >= budget:
            partial = args.out.with_suffix(".partial")
            torch.save({"vae": vae.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "spent": spent}, partial)
            os.replace(partial, args.out)
            last_save = time.time()


if __name__ == "__main__":
    main()
