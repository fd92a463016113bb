"""Measures whether the tiny models are fit to test parity with. See README.md for what the numbers should be."""

import argparse
from pathlib import Path

import numpy as np
import torch

from pipelines import SAMPLERS, create_sampler, load_pipeline, scheduler_config

STEPS, SIZE = 20, 128
BASE = {"prompt": "a red fox in the snow", "guidance_scale": 7.5, "seed": 42}
CHANGES = {
    "prompt": {"prompt": "a blue house by the sea"},
    "guidance": {"guidance_scale": 3.0},
    "seed": {"seed": 43},
}


def paint(pipeline, sampler: str, config: dict, prompt: str, guidance_scale: float, seed: int) -> np.ndarray:
    """One picture in 0..255, unrounded. Its noise is drawn in float32 whatever the pipeline computes in."""
    pipeline.scheduler = create_sampler(sampler, config)
    noise = torch.randn((1, 4, SIZE // 8, SIZE // 8), generator=torch.Generator("cpu").manual_seed(seed))
    return 255 * pipeline(
        prompt,
        guidance_scale=guidance_scale,
        num_inference_steps=STEPS,
        height=SIZE,
        width=SIZE,
        latents=noise.to(pipeline.unet.dtype),
        generator=torch.Generator("cpu").manual_seed(seed),
        output_type="np",
    ).images[0].astype(np.float64)


def report(model: Path) -> None:
    config = scheduler_config(model)
    single, double = load_pipeline(model), load_pipeline(model, torch.float64)
    for sampler in SAMPLERS:
        picture = paint(single, sampler, config, **BASE)
        line = f"{model.name:12} {sampler:16} std {picture.std():5.1f}"
        line += f"  clipped {np.mean((picture <= 0) | (picture >= 255)):5.1%}"
        if sampler != "euler_a":  # Its noise differs by dtype: diffusers draws it in the pipeline's.
            line += f"  |fp32-fp64| max {np.abs(picture - paint(double, sampler, config, **BASE)).max():8.5f}"
        for name, change in CHANGES.items():
            other = paint(single, sampler, config, **{**BASE, **change})
            line += f"  {name} {np.abs(picture - other).mean():5.1f}"
        print(line, flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--models", type=Path, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    for model in sorted(options.models.iterdir()):
        report(model)


if __name__ == "__main__":
    main()
