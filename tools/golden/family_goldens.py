"""What diffusers' own pipelines make of the tiny models of the other families.

    python tools/golden/family_goldens.py --models test/fixtures/families --out test/fixtures/golden

Every text, UNet call and picture is computed in float32 from the weights as stored.
"""

import argparse
import json
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import (
    DiffusionPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
)
from PIL import Image

from family_specs import FAMILIES
from golden_file import write_cases, write_tensors
from init_goldens import mask, picture
from network_goldens import LONG_PROMPTS, PROMPTS, normal
from pipelines import create_sampler, scheduler_config

MADE = {
    "generator": "tools/golden/family_goldens.py",
    "command": "python tools/golden/family_goldens.py --models test/fixtures/families --out test/fixtures/golden",
}
TEXTS = [*PROMPTS, "a cat! wow !!"]
SAMPLERS = [
    "euler",
    "euler_a",
    "euler_karras",
    "ddim",
    "dpmpp_2m",
    "dpmpp_2m_karras",
    "dpmpp_2m_sde",
    "dpmpp_2m_sde_karras",
    "unipc",
    "heun",
    "lcm",
    "pndm",
    "dpmpp_sde_karras",
]


@dataclass(frozen=True)
class FamilyCase:
    name: str
    model: str
    sampler: str = "euler"
    prompt: str = "a red fox in the snow"
    negative: str | None = "blurry, ugly"
    steps: int = 5
    guidance: float = 5.0
    seed: int = 42
    width: int = 64
    height: int = 64
    count: int = 1
    rescale: float = 0.0
    clip_skip: int | None = None
    """diffusers': 1 is the layer before the usual one. It skips in the prompt alone."""
    strength: float | None = None
    masked: bool = False


def cases() -> list[FamilyCase]:
    xl = FamilyCase("", "tiny-xl")
    v = FamilyCase("", "tiny-xl-v")
    v2 = FamilyCase("", "tiny-v2", sampler="ddim")
    chosen = [replace(base, name=f"{base.model}/{sampler}", sampler=sampler) for base in (xl, v) for sampler in SAMPLERS]
    chosen += [replace(v2, name=f"tiny-v2/{sampler}", sampler=sampler) for sampler in ("ddim", "euler", "dpmpp_2m", "pndm")]
    chosen += [
        replace(xl, name="tiny-xl/absent-negative", negative=None),
        replace(xl, name="tiny-xl/guidance-1", guidance=1.0),
        replace(xl, name="tiny-xl/guidance-0", guidance=0.0),
        replace(xl, name="tiny-xl/wide", width=104, height=72),
        replace(xl, name="tiny-xl/tall", width=64, height=120, steps=3),
        replace(xl, name="tiny-xl/batch", count=2, sampler="euler_a"),
        replace(xl, name="tiny-xl/long", prompt=" ".join(LONG_PROMPTS) + ", weathered face, storm at sea behind him" * 9),
        replace(xl, name="tiny-xl/empty", prompt="", negative=None),
        replace(xl, name="tiny-xl/exclaims", prompt="a cat! wow !!", steps=3),
        replace(xl, name="tiny-xl/skip-3", clip_skip=1, guidance=1.0),
        replace(xl, name="tiny-xl/one-step", steps=1),
        replace(v, name="tiny-xl-v/absent-negative", negative=None),
        replace(v, name="tiny-xl-v/empty-negative", negative=""),
        replace(v, name="tiny-xl-v/rescaled", rescale=0.7),
        replace(v, name="tiny-xl-v/wide", width=120, height=64),
        replace(v2, name="tiny-v2/absent-negative", negative=None),
        replace(v2, name="tiny-v2/exclaims", prompt="a cat! wow !!"),
        replace(v2, name="tiny-v2/wide", width=104, height=72),
    ]
    for base in (xl, v, v2):
        chosen += [
            replace(base, name=f"{base.model}/image", strength=0.6),
            replace(base, name=f"{base.model}/image-wide", strength=0.5, width=104, height=72, sampler="euler_a"),
            replace(base, name=f"{base.model}/mask", strength=0.7, masked=True),
            replace(base, name=f"{base.model}/mask-all", strength=1.0, masked=True, sampler="euler_a"),
        ]
    return chosen


def load(model: Path) -> DiffusionPipeline:
    pipeline = DiffusionPipeline.from_pretrained(model, torch_dtype=torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def is_xl(pipeline: DiffusionPipeline) -> bool:
    return hasattr(pipeline, "text_encoder_2")


def fitting(pipeline: DiffusionPipeline, case: FamilyCase) -> DiffusionPipeline:
    if case.strength is None:
        return pipeline
    kinds = (
        (StableDiffusionXLImg2ImgPipeline, StableDiffusionXLInpaintPipeline)
        if is_xl(pipeline)
        else (StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline)
    )
    more = (
        {"force_zeros_for_empty_prompt": pipeline.config.force_zeros_for_empty_prompt}
        if is_xl(pipeline)
        else {"requires_safety_checker": False}
    )
    other = kinds[int(case.masked)](**pipeline.components, **more)
    other.set_progress_bar_config(disable=True)
    return other


def paint(pipeline: DiffusionPipeline, config: dict, case: FamilyCase, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    pipeline = fitting(pipeline, case)
    pipeline.scheduler = create_sampler(case.sampler, config, case.seed)
    inputs: dict = {"width": case.width, "height": case.height}
    if case.strength is not None:
        size = f"{case.width}x{case.height}"
        tensors[f"image/{size}"] = torch.from_numpy(picture(case.width, case.height))
        inputs = {"image": Image.fromarray(picture(case.width, case.height)), "strength": case.strength}
        if case.masked:
            tensors[f"mask/{size}"] = torch.from_numpy(mask(case.width, case.height))
            inputs |= {"mask_image": Image.fromarray(mask(case.width, case.height)), "width": case.width, "height": case.height}
    if case.rescale:
        inputs["guidance_rescale"] = case.rescale
    if case.clip_skip is not None:
        inputs["clip_skip"] = case.clip_skip
    drawn = pipeline(
        case.prompt,
        negative_prompt=case.negative,
        num_inference_steps=case.steps,
        guidance_scale=case.guidance,
        num_images_per_prompt=case.count,
        generator=[torch.Generator("cpu").manual_seed(case.seed + index) for index in range(case.count)],
        output_type="np",
        **inputs,
    ).images
    return torch.from_numpy((drawn * 255).round().astype("uint8"))


@torch.no_grad()
def encode(pipeline: DiffusionPipeline, prompt: str) -> tuple[torch.Tensor, torch.Tensor | None]:
    if is_xl(pipeline):
        context, _, pooled, _ = pipeline.encode_prompt(prompt, do_classifier_free_guidance=False)
        return context, pooled
    context, _ = pipeline.encode_prompt(prompt, "cpu", 1, False)
    return context, None


@torch.no_grad()
def predict(pipeline: DiffusionPipeline, height: int, width: int, timesteps: list[int]) -> dict[str, torch.Tensor]:
    """Two rows under two texts, each with its own timestep and its own ids."""
    rows = [encode(pipeline, prompt) for prompt in ("a red fox in the snow", "")]
    context = torch.cat([row[0] for row in rows])
    latents = normal((2, 4, height, width), seed=100 * height + width)
    found = {"latents": latents, "context": context}
    added = {}
    if is_xl(pipeline):
        pooled = torch.cat([row[1] for row in rows])
        ids = torch.tensor([[8.0 * height, 8.0 * width, 0, 0, 8.0 * height, 8.0 * width], [1024, 768, 16, 240, 640, 512]])
        added = {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": ids}}
        found |= {"pooled": pooled, "ids": ids}
    output = pipeline.unet(latents, torch.tensor(timesteps), encoder_hidden_states=context, **added).sample
    return {**found, "output": output}


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--models", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    tensors: dict[str, torch.Tensor] = {}
    texts, calls, pictures = [], [], []
    for model in sorted(folder for folder in options.models.iterdir() if folder.name in FAMILIES):
        pipeline, config = load(model), scheduler_config(model)
        for index, prompt in enumerate(TEXTS):
            context, pooled = encode(pipeline, prompt)
            name = f"{model.name}/text/{index}"
            tensors[f"{name}/context"] = context
            if pooled is not None:
                tensors[f"{name}/pooled"] = pooled
            texts.append({"model": model.name, "prompt": prompt, "name": name})
        for height, width, timesteps in [(8, 8, [999, 500]), (9, 13, [1, 749]), (12, 6, [500, 20])]:
            name = f"{model.name}/unet/{height}x{width}"
            tensors |= {f"{name}/{key}": value for key, value in predict(pipeline, height, width, timesteps).items()}
            calls.append({"model": model.name, "timesteps": timesteps, "name": name})
        for case in [case for case in cases() if case.model == model.name]:
            tensors[f"{case.name}/rgb"] = paint(pipeline, config, case, tensors)
            pictures.append({**asdict(case), "rgb": f"{case.name}/rgb"})
    facts = {**MADE, "tolerance": {"rgb": 2, "text and UNet": "1e-4 of the greatest magnitude"}}
    listed = [*({"kind": "text", **text} for text in texts), *({"kind": "unet", **call} for call in calls)]
    write_cases(options.out / "families.json", facts, [*listed, *({"kind": "picture", **case} for case in pictures)])
    write_tensors(options.out / "families.safetensors", tensors)


if __name__ == "__main__":
    main()
