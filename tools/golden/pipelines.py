"""The tiny models as diffusers pipelines, and the samplers by the names Easel gives them."""

import json
from pathlib import Path

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
    SchedulerMixin,
    StableDiffusionPipeline,
)

SAMPLERS: dict[str, tuple[type, dict]] = {
    "pndm": (PNDMScheduler, {}),
    "ddim": (DDIMScheduler, {}),
    "euler": (EulerDiscreteScheduler, {}),
    "euler_a": (EulerAncestralDiscreteScheduler, {}),
    "dpmpp_2m": (DPMSolverMultistepScheduler, {}),
    "dpmpp_2m_karras": (DPMSolverMultistepScheduler, {"use_karras_sigmas": True}),
}


def create_sampler(name: str, config: dict) -> SchedulerMixin:
    """A sampler made from a model's scheduler_config.json, as `SamplerClass.from_config` makes it."""
    scheduler_class, overrides = SAMPLERS[name]
    return scheduler_class.from_config(config, **overrides)


def scheduler_config(model: Path) -> dict:
    return json.loads((model / "scheduler" / "scheduler_config.json").read_text("utf-8"))


def load_pipeline(model: Path, dtype: torch.dtype = torch.float32) -> StableDiffusionPipeline:
    """The model in `dtype`, computed from the weights as stored: half-precision files are widened, not redrawn."""
    variant = "fp16" if list(model.glob("unet/*.fp16.safetensors")) else None
    pipeline = StableDiffusionPipeline.from_pretrained(
        model, variant=variant, torch_dtype=dtype, local_files_only=True, safety_checker=None
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
