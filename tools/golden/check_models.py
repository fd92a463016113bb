"""Measures whether the tiny models are fit to test parity with. See README.md for what the numbers should be."""

import argparse
from pathlib import Path

import numpy as np
import torch
from diffusers.schedulers import scheduling_euler_ancestral_discrete as euler_a
from diffusers.utils.torch_utils import randn_tensor

from pipelines import SAMPLERS, create_sampler, load_pipeline, scheduler_config

STEPS, SIZE = 20, 128
BASE = {"prompt": "a red fox in the snow", "guidance_scale": 7.5, "seed": 42}
CHANGES = {
    "prompt": {"prompt": "a blue house by the sea"},
    "guidance": {"guidance_scale": 3.0},
    "seed": {"seed": 43},
}


def noise_in_float32(shape, dtype=None, **rest) -> torch.Tensor:
    """float64 noise is other noise than float32's, not a finer version of it; a comparison needs the same."""
    return randn_tensor(shape, dtype=torch.float32, **rest).to(dtype)


def paint(pipeline, sampler: str, config: dict, prompt: str, guidance_scale: float, seed: int, steps=STEPS, size=SIZE) -> np.ndarray:
    """One picture in 0..255, unrounded."""
    pipeline.scheduler = create_sampler(sampler, config)
    noise = torch.randn((1, 4, size // 8, size // 8), generator=torch.Generator("cpu").manual_seed(seed))
    return 255 * pipeline(
        prompt,
        guidance_scale=guidance_scale,
        num_inference_steps=steps,
        height=size,
        width=size,
        latents=noise.to(pipeline.unet.dtype),
        generator=torch.Generator("cpu").manual_seed(seed),
        output_type="np",
    ).images[0].astype(np.float64)


@torch.no_grad()
def report_layers(model: Path) -> None:
    """Zeroes one tensor at a time: a tensor that hardly changes the picture is one whose misuse no test would see."""
    config, pipeline = scheduler_config(model), load_pipeline(model)
    brief = {**BASE, "steps": 3, "size": 64}
    picture = paint(pipeline, "ddim", config, **brief)
    changes = []
    for part in (pipeline.text_encoder, pipeline.unet, pipeline.vae.post_quant_conv, pipeline.vae.decoder):
        for name, parameter in part.named_parameters():
            if name.endswith(("k_proj.bias", "to_k.bias")):  # The same for every key, so softmax takes it away again.
                continue
            original = parameter.clone()
            parameter.zero_()
            change = np.abs(picture - paint(pipeline, "ddim", config, **brief)).max()
            parameter.copy_(original)
            changes.append((change, f"{type(part).__name__} {name}"))
    for change, name in sorted(changes)[:3]:
        print(f"{model.name:12} least felt: {name} zeroed changes a pixel by {change:.1f}", flush=True)


def report(model: Path) -> None:
    config = scheduler_config(model)
    single, double = load_pipeline(model), load_pipeline(model, torch.float64)
    for sampler in SAMPLERS:
        picture = paint(single, sampler, config, **BASE)
        line = f"{model.name:12} {sampler:16} std {picture.std():5.1f}"
        line += f"  clipped {np.mean((picture <= 0) | (picture >= 255)):5.1%}"
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
    euler_a.randn_tensor = noise_in_float32
    for model in sorted(options.models.iterdir()):
        report(model)
        report_layers(model)


if __name__ == "__main__":
    main()
