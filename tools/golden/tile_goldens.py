"""The VAE in tiles, as diffusers' `enable_tiling` runs it, on the tiny models.

    python tile_goldens.py --models test/fixtures/models --out test/fixtures/golden
"""

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from golden_file import write_cases, write_tensors

MADE = {
    "generator": "tools/golden/tile_goldens.py",
    "command": "python tile_goldens.py --models test/fixtures/models --out test/fixtures/golden",
}
TILE = 32
# latents: height, width
SIZES = [(9, 7), (4, 13), (5, 4)]


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--models", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    torch.set_num_threads(1)
    vae = AutoencoderKL.from_pretrained(options.models / "tiny-conv" / "vae").eval()
    vae.enable_tiling()
    vae.tile_sample_min_size = TILE
    vae.tile_latent_min_size = TILE // 8
    tensors, cases = {}, []
    for height, width in SIZES:
        name = f"{height}x{width}"
        latents = torch.randn((1, 4, height, width), generator=torch.Generator("cpu").manual_seed(height))
        image = vae.decode(latents).sample
        moments = vae.encode(image.clamp(-1, 1)).latent_dist.parameters
        tensors |= {f"{name}/latents": latents, f"{name}/image": image, f"{name}/moments": moments}
        cases.append({"name": name, "latents": f"{name}/latents", "image": f"{name}/image", "moments": f"{name}/moments"})
    write_cases(options.out / "tiles.json", {**MADE, "model": "tiny-conv", "tile": TILE, "factor": 8, "tolerance": 1e-4}, cases)
    write_tensors(options.out / "tiles.safetensors", tensors)


if __name__ == "__main__":
    main()
