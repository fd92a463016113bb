"""Pictures by diffusers' inpainting pipelines on models that are made for it, with nine channels.

    python tools/golden/inpainting_goldens.py --models test/fixtures/families --out test/fixtures/golden
"""

import argparse
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers import DiffusionPipeline
from PIL import Image

from family_specs import INPAINTING
from golden_file import write_cases, write_tensors
from init_goldens import mask, picture
from pipelines import create_sampler, scheduler_config

MADE = {
    "generator": "tools/golden/inpainting_goldens.py",
    "command": "python tools/golden/inpainting_goldens.py --models test/fixtures/families --out test/fixtures/golden",
}


@dataclass(frozen=True)
class InpaintingCase:
    name: str
    model: str
    sampler: str = "euler"
    strength: float = 1.0
    masked: bool = True
    """Otherwise all of a grey picture is drawn: what a prompt alone asks for."""
    prompt: str = "a red fox in the snow"
    negative: str = "blurry"
    steps: int = 5
    guidance: float = 5.0
    seed: int = 42
    width: int = 64
    height: int = 64
    count: int = 1


def cases() -> list[InpaintingCase]:
    chosen = []
    for model in INPAINTING:
        base = InpaintingCase("", model)
        samplers = ["euler", "ddim", "euler_a", "dpmpp_2m_karras", "pndm", "unipc"]
        chosen += [replace(base, name=f"{model}/{sampler}", sampler=sampler) for sampler in samplers]
        chosen += [
            replace(base, name=f"{model}/weak", strength=0.6),
            replace(base, name=f"{model}/weak-ancestral", strength=0.8, sampler="euler_a"),
            replace(base, name=f"{model}/wide", width=104, height=72),
            replace(base, name=f"{model}/unguided", guidance=1.0),
            replace(base, name=f"{model}/prompt-alone", masked=False),
        ]
    return chosen


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--models", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    tensors, written = {}, []
    for model in INPAINTING:
        folder = options.models / model
        pipeline = DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, local_files_only=True)
        pipeline.set_progress_bar_config(disable=True)
        for case in [case for case in cases() if case.model == model]:
            pipeline.scheduler = create_sampler(case.sampler, scheduler_config(folder), case.seed)
            size = f"{case.width}x{case.height}"
            pixels, hole = picture(case.width, case.height), mask(case.width, case.height)
            if case.masked:
                tensors |= {f"image/{size}": torch.from_numpy(pixels), f"mask/{size}": torch.from_numpy(hole)}
            else:
                hole = np.full_like(hole, 255)
            drawn = pipeline(
                case.prompt,
                negative_prompt=case.negative,
                image=Image.fromarray(pixels),
                mask_image=Image.fromarray(hole),
                strength=case.strength,
                num_inference_steps=case.steps,
                guidance_scale=case.guidance,
                width=case.width,
                height=case.height,
                generator=torch.Generator("cpu").manual_seed(case.seed),
                output_type="np",
            ).images
            tensors[f"{case.name}/rgb"] = torch.from_numpy((drawn * 255).round().astype("uint8"))
            written.append({**asdict(case), "rgb": f"{case.name}/rgb"})
    write_cases(options.out / "inpainting.json", {**MADE, "tolerance": "2 of 255"}, written)
    write_tensors(options.out / "inpainting.safetensors", tensors)


if __name__ == "__main__":
    main()
