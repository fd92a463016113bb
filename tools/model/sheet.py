"""A sheet of samples from a checkpoint of train_unet.py, by direct words: `python sheet.py --unet unet.pt --vae VAE_FOLDER --out SHEET.png`."""

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from sampling import draw_sheet
from train_unet import Model


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--unet", type=Path, required=True)
    flags.add_argument("--vae", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--guidance", type=float, default=4.0)
    flags.add_argument("--weights", choices=("average", "model"), default="average", help="early in a training the average lags behind")
    args = flags.parse_args()
    torch.set_num_threads(1)
    saved = torch.load(args.unet, weights_only=True)
    model = Model().eval()
    model.load_state_dict(saved[args.weights])
    vae = AutoencoderKL.from_pretrained(args.vae, low_cpu_mem_usage=False).eval()
    draw_sheet(model.unet, model.slots, vae, args.out, args.guidance)
    print(f"after {saved['samples']} samples")


if __name__ == "__main__":
    main()
