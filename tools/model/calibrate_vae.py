"""Turns the VAE's checkpoint into a diffusers folder whose latents are centred and equally wide in every channel.

    python calibrate_vae.py --icons ICONS --checkpoint CHECKPOINT --out VAE_FOLDER

The format has one scaling factor for all channels and no shift. Both are folded into the 1×1 convolutions around the
latents, which changes no picture; `scaling_factor` is 1 / (standard deviation of the latents).
"""

import argparse
import math
import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from icons import load_icons
from train_vae import CONFIG, LATENT_NOISE, plain_batch


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--icons", type=Path, required=True)
    flags.add_argument("--checkpoint", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    args = flags.parse_args()

    vae = AutoencoderKL(**CONFIG)
    vae.load_state_dict(torch.load(args.checkpoint)["vae"])
    icons, rng = load_icons(args.icons), random.Random(7)
    latents = torch.cat([vae.encode(plain_batch(rng, icons, 16)).latent_dist.mean for _ in range(40)])
    mean = latents.mean((0, 2, 3))
    deviation = latents.std((0, 2, 3))
    width = latents.std()
    scale = width / deviation
    print(f"latents before: mean {mean.tolist()} deviation {deviation.tolist()}")

    channels = CONFIG["latent_channels"]
    into, back = vae.quant_conv, vae.post_quant_conv
    into.weight[:channels] *= scale[:, None, None, None]
    into.bias[:channels] = (into.bias[:channels] - mean) * scale
    into.weight[channels:] = 0
    into.bias[channels:] = 2 * (math.log(LATENT_NOISE) + scale.log())
    back.bias += back.weight[:, :, 0, 0] @ mean
    back.weight /= scale[None, :, None, None]

    wanted = plain_batch(rng, icons, 16)
    again = vae.encode(wanted).latent_dist.mean
    error = (vae.decode(again).sample - wanted).abs().mean().item() * 127.5
    vae.register_to_config(scaling_factor=round(1 / width.item(), 5))
    vae.save_pretrained(args.out)
    print(f"scaling_factor {vae.config.scaling_factor}; scaled latents: std {(again * vae.config.scaling_factor).std():.3f}; mean pixel error {error:.2f}/255")


if __name__ == "__main__":
    main()
