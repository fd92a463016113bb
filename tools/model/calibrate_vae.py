"""Turns the VAE's checkpoint into a diffusers folder whose latents are centred and equally wide in every channel.

    python calibrate_vae.py --icons icons.npz --checkpoint vae.pt --out VAE_FOLDER

The format has one scaling factor for all channels and no shift. Both are folded into the 1×1 convolutions around the
latents, which changes no picture; `scaling_factor` is 1 / (standard deviation of the latents).

    python calibrate_vae.py --icons icons.npz --checkpoint decoder.pt --decoder-only --out VAE_FOLDER

takes the checkpoint of a training that began with such a folder and left its encoder alone: nothing is folded again.
"""

import argparse
import math
import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from icons import load_icons
from scenes import Renderer
from train_vae import LATENT_NOISE, pictures


@torch.no_grad()
def equalise(vae: AutoencoderKL, latents: torch.Tensor) -> None:
    """Folds the latents' means and deviations into the convolutions around them and sets the scaling factor."""
    mean, deviation, width = latents.mean((0, 2, 3)), latents.std((0, 2, 3)), latents.std((0, 2, 3)).square().mean().sqrt()
    scale = width / deviation
    channels = vae.config.latent_channels
    into, back = vae.quant_conv, vae.post_quant_conv
    into.weight[:channels] *= scale[:, None, None, None]
    into.bias[:channels] = (into.bias[:channels] - mean) * scale
    into.weight[channels:] = 0
    into.bias[channels:] = 2 * (math.log(LATENT_NOISE) + scale.log())
    back.bias += back.weight[:, :, 0, 0] @ mean
    back.weight /= scale[None, :, None, None]
    vae.register_to_config(scaling_factor=round(1 / width.item(), 5))
    print(f"before: mean {mean.tolist()} deviation {deviation.tolist()}")


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--icons", type=Path, required=True)
    flags.add_argument("--checkpoint", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--decoder-only", action="store_true")
    args = flags.parse_args()

    saved = torch.load(args.checkpoint, weights_only=True)
    vae = AutoencoderKL.from_config(saved["config"]).eval()
    vae.load_state_dict(saved["average"])
    renderer, rng = Renderer(load_icons(args.icons)), random.Random(7)
    if not args.decoder_only:
        equalise(vae, torch.cat([vae.encode(pictures(renderer, rng, 16)).latent_dist.mean for _ in range(30)]))
    wanted = pictures(renderer, rng, 48)
    again = vae.encode(wanted).latent_dist.mean
    error = (vae.decode(again).sample - wanted).abs().mean().item()
    vae.save_pretrained(args.out)
    print(f"scaling_factor {vae.config.scaling_factor}; scaled latents: std {(again * vae.config.scaling_factor).std():.3f}; L1 {error:.4f}")


if __name__ == "__main__":
    main()
