"""A tiny Tiny AutoEncoder, and what diffusers' own decodes with it.

    python taesd_goldens.py --out test/fixtures

Writes OUT/taesd/diffusion_pytorch_model.safetensors and OUT/golden/taesd.*.
"""

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderTiny

from golden_file import write_cases, write_tensors

MADE = {"generator": "tools/golden/taesd_goldens.py", "command": "python taesd_goldens.py --out test/fixtures"}


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    torch.manual_seed(5)
    widths = {"encoder_block_out_channels": (4, 4, 4, 4), "decoder_block_out_channels": (8, 8, 8, 8)}
    tiny = AutoencoderTiny(**widths, num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(2, 1, 1, 1)).eval()
    tiny.save_pretrained(options.out / "taesd")
    tensors, cases = {}, []
    for height, width in [(8, 8), (5, 9)]:
        name = f"{height}x{width}"
        latents = 2 * torch.randn((1, 4, height, width))
        tensors |= {f"{name}/latents": latents, f"{name}/image": tiny.decode(latents).sample}
        cases.append({"name": name, "latents": f"{name}/latents", "image": f"{name}/image"})
    write_cases(options.out / "golden" / "taesd.json", {**MADE, "tolerance": 1e-4}, cases)
    write_tensors(options.out / "golden" / "taesd.safetensors", tensors)


if __name__ == "__main__":
    main()
