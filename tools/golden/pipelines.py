"""The tiny models as diffusers pipelines, and the samplers by the names Easel gives them."""

import json
from pathlib import Path

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DEISMultistepScheduler,
    DPMSolverMultistepScheduler,
    DPMSolverSDEScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LCMScheduler,
    LMSDiscreteScheduler,
    PNDMScheduler,
    SchedulerMixin,
    StableDiffusionPipeline,
    UniPCMultistepScheduler,
)

from dpmpp_2s_ancestral import DPMpp2SAncestralScheduler

PLAIN: dict[str, type] = {
    "pndm": PNDMScheduler,
    "ddim": DDIMScheduler,
    "ddpm": DDPMScheduler,
    "lcm": LCMScheduler,
    "euler_a": EulerAncestralDiscreteScheduler,
}
SPACED: dict[str, tuple[type, dict]] = {
    "euler": (EulerDiscreteScheduler, {}),
    "heun": (HeunDiscreteScheduler, {}),
    "lms": (LMSDiscreteScheduler, {}),
    "dpm2": (KDPM2DiscreteScheduler, {}),
    "dpm2_a": (KDPM2AncestralDiscreteScheduler, {}),
    "dpmpp_2m": (DPMSolverMultistepScheduler, {}),
    "dpmpp_2m_sde": (DPMSolverMultistepScheduler, {"algorithm_type": "sde-dpmsolver++"}),
    "dpmpp_2s_a": (DPMpp2SAncestralScheduler, {}),
    "dpmpp_sde": (DPMSolverSDEScheduler, {}),
    "unipc": (UniPCMultistepScheduler, {}),
    "deis": (DEISMultistepScheduler, {}),
}
SPACINGS = ("karras", "exponential", "beta")

SAMPLERS: dict[str, tuple[type, dict]] = {
    **{name: (scheduler_class, {}) for name, scheduler_class in PLAIN.items()},
    **{
        f"{name}_{spacing}" if spacing else name: (
            scheduler_class,
            {**overrides, f"use_{spacing}_sigmas": True} if spacing else overrides,
        )
        for name, (scheduler_class, overrides) in SPACED.items()
        for spacing in ("", *SPACINGS)
    },
}
STOCHASTIC = ("ddpm", "lcm", "euler_a", "dpm2_a", "dpmpp_2m_sde", "dpmpp_2s_a")
"""Methods that take noise from the picture's generator. `dpmpp_sde` grows a Brownian tree from the seed."""


def method_of(name: str) -> str:
    for spacing in SPACINGS:
        name = name.removesuffix(f"_{spacing}")
    return name


def create_sampler(name: str, config: dict, seed: int = 0) -> SchedulerMixin:
    """A sampler made from a model's scheduler_config.json, as `SamplerClass.from_config` makes it."""
    scheduler_class, overrides = SAMPLERS[name]
    if method_of(name) == "dpmpp_sde":
        overrides = {**overrides, "noise_sampler_seed": seed}
    if str(config.get("algorithm_type")).startswith("sde-"):
        # The older stochastic form is asked for by the model's own config.
        overrides = {key: value for key, value in overrides.items() if key != "algorithm_type"}
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
