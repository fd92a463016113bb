"""Pictures that begin from a picture: diffusers' image-to-image and inpainting pipelines on the tiny models.

    python init_goldens.py --models test/fixtures/models --out test/fixtures/golden
"""

import argparse
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline
from PIL import Image

from golden_file import write_cases, write_tensors
from pipelines import create_sampler, load_pipeline, scheduler_config

MADE = {
    "generator": "tools/golden/init_goldens.py",
    "command": "python init_goldens.py --models test/fixtures/models --out test/fixtures/golden",
}


@dataclass(frozen=True)
class InitCase:
    name: str
    model: str
    sampler: str
    strength: float
    masked: bool = False
    prompt: str = "a red fox in the snow"
    negative: str = "blurry"
    steps: int = 6
    guidance: float = 5.0
    seed: int = 42
    width: int = 64
    height: int = 64
    count: int = 1


def cases() -> list[InitCase]:
    conv = InitCase("", "tiny-conv", "ddim", 0.6)
    samplers = ["ddim", "pndm", "euler", "euler_a", "heun", "lms", "dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde", "dpmpp_2s_a", "dpmpp_sde", "unipc", "ddpm", "lcm"]
    chosen = [replace(conv, name=f"image/{sampler}", sampler=sampler) for sampler in samplers]
    # Inside a step of DPM2 or DPM++ SDE diffusers puts back what lies outside the mask at the noise level of the step's end, not at
    # that of the midpoint reached; Easel does the latter.
    chosen += [replace(case, name=case.name.replace("image", "mask"), masked=True) for case in chosen if case.sampler not in ("dpm2", "dpmpp_sde")]
    chosen += [
        replace(conv, name="image/all", strength=1.0, sampler="euler"),
        replace(conv, name="image/little", strength=0.2),
        replace(conv, name="image/wide", width=104, height=72),
        replace(conv, name="image/two", count=2, sampler="euler_a"),
        replace(conv, name="mask/all", strength=1.0, masked=True, sampler="euler_a"),
        # One at a time: in a batch diffusers gives every picture the first one's sample of the posterior.
        replace(conv, name="mask/wide", masked=True, width=72),
        replace(conv, name="image/linear", model="tiny-linear", sampler="dpmpp_2m"),
        replace(conv, name="mask/linear", model="tiny-linear", sampler="euler", masked=True),
    ]
    return chosen


def picture(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 120 * np.sin(x / 9), 127 + 120 * np.cos(y / 7), 255 * ((x // 16 + y // 16) % 2)]
    return np.stack(planes, -1).round().astype("uint8")


def mask(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.clip(255 - 4 * np.hypot(x - width / 2, y - height / 3), 0, 255).astype("uint8")


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--models", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    torch.set_num_threads(1)
    diffusers.logging.set_verbosity_error()
    tensors, written = {}, []
    for case in cases():
        model = options.models / case.model
        kind = StableDiffusionInpaintPipeline if case.masked else StableDiffusionImg2ImgPipeline
        pipeline = kind(**load_pipeline(model).components, requires_safety_checker=False)
        pipeline.set_progress_bar_config(disable=True)
        pipeline.scheduler = create_sampler(case.sampler, scheduler_config(model), case.seed)
        size = f"{case.width}x{case.height}"
        tensors[f"image/{size}"] = torch.from_numpy(picture(case.width, case.height))
        inputs = {"image": Image.fromarray(picture(case.width, case.height))}
        if case.masked:
            tensors[f"mask/{size}"] = torch.from_numpy(mask(case.width, case.height))
            inputs |= {"mask_image": Image.fromarray(mask(case.width, case.height)), "width": case.width, "height": case.height}
        drawn = pipeline(
            case.prompt,
            negative_prompt=case.negative,
            strength=case.strength,
            num_inference_steps=case.steps,
            guidance_scale=case.guidance,
            num_images_per_prompt=case.count,
            generator=[torch.Generator("cpu").manual_seed(case.seed + index) for index in range(case.count)],
            output_type="np",
            **inputs,
        ).images
        tensors[f"{case.name}/rgb"] = torch.from_numpy((drawn * 255).round().astype("uint8"))
        written.append({**asdict(case), "rgb": f"{case.name}/rgb"})
    write_cases(options.out / "init.json", {**MADE, "tolerance": "2 of 255"}, written)
    write_tensors(options.out / "init.safetensors", tensors)


if __name__ == "__main__":
    main()
