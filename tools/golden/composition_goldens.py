"""Prompts joined by AND, as AUTOMATIC1111 composes them (Liu et al. 2022), on diffusers' networks and schedulers.

    python tools/golden/composition_goldens.py --models test/fixtures/models --out test/fixtures/golden
"""

import argparse
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import diffusers
import torch
import transformers

from golden_file import write_cases, write_tensors
from pipelines import create_sampler, load_pipeline, scheduler_config

# modules/prompt_parser.py of AUTOMATIC1111.
RE_AND = re.compile(r"\bAND\b")
RE_WEIGHT = re.compile(r"^((?:\s|.)*?)(?:\s*:\s*([-+]?(?:\d+\.?|\d*\.\d+)))?\s*$")


@dataclass(frozen=True)
class CompositionCase:
    name: str
    model: str
    sampler: str
    prompt: str
    negative: str = ""
    steps: int = 5
    guidance: float = 5.0
    seed: int = 42
    width: int = 64
    height: int = 64


CASES = [
    CompositionCase("two", "tiny-conv", "ddim", "a red fox in the snow AND a blue house by the sea"),
    CompositionCase("weighted", "tiny-conv", "euler", "a red fox AND a blue house :0.4 AND snow:-0.3", "blurry, ugly"),
    CompositionCase("guidance-1", "tiny-conv", "ddim", "a red fox AND a blue house :1.2", "blurry", guidance=1.0),
    CompositionCase("v-prediction", "tiny-linear", "dpmpp_2m", "a red fox :1.1 AND a blue house :.5"),
    CompositionCase("odd", "tiny-conv", "euler_a", "BRAND a red fox ANDAND AND AND the sea: 12:30 AND\nsnow : +.5 "),
]


def parts_of(prompt: str) -> list[tuple[str, float]]:
    parts = []
    for subprompt in RE_AND.split(prompt):
        text, weight = RE_WEIGHT.search(subprompt).groups()
        parts.append((text, float(weight) if weight is not None else 1.0))
    return parts


@torch.no_grad()
def paint(pipeline, config: dict, case: CompositionCase) -> tuple[torch.Tensor, torch.Tensor]:
    scheduler = create_sampler(case.sampler, config, case.seed)
    scheduler.set_timesteps(case.steps)
    encode = lambda text: pipeline.encode_prompt(text, "cpu", 1, False)[0]  # noqa: E731
    negative = encode(case.negative)
    parts = [(encode(text), weight) for text, weight in parts_of(case.prompt)]
    generator = torch.Generator("cpu").manual_seed(case.seed)
    shape = (1, 4, case.height // 8, case.width // 8)
    latents = torch.randn(shape, generator=generator) * scheduler.init_noise_sigma
    extra = {"generator": generator} if case.sampler == "euler_a" else {}
    for timestep in scheduler.timesteps:
        sample = scheduler.scale_model_input(latents, timestep)
        predict = lambda context: pipeline.unet(sample, timestep, encoder_hidden_states=context).sample  # noqa: E731, B023
        uncond = predict(negative)
        combined = uncond.clone()
        for context, weight in parts:
            combined += (predict(context) - uncond) * (weight * case.guidance)
        latents = scheduler.step(combined, timestep, latents, **extra).prev_sample
    image = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample
    rgb = ((image / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return rgb.permute(0, 2, 3, 1), latents


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--models", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    cases, tensors = [], {}
    for case in CASES:
        model = options.models / case.model
        rgb, latents = paint(load_pipeline(model), scheduler_config(model), case)
        tensors |= {f"{case.name}/rgb": rgb, f"{case.name}/latents": latents}
        cases.append({**asdict(case), "parts": json.loads(json.dumps(parts_of(case.prompt)))})
    facts = {
        "generator": "tools/golden/composition_goldens.py",
        "command": "python tools/golden/composition_goldens.py --models test/fixtures/models --out test/fixtures/golden",
        "tolerance": {"rgb": 2, "latents": "1e-3 of the picture's greatest latent magnitude"},
    }
    write_cases(options.out / "composition.json", facts, cases)
    write_tensors(options.out / "composition.safetensors", tensors)


if __name__ == "__main__":
    main()
