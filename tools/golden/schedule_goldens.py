"""Noise schedules, and the timesteps and sigmas each sampler derives from them."""

from pathlib import Path

import torch

from golden_file import numbers, write_cases
from pipelines import SAMPLERS, create_sampler, scheduler_config

STEP_COUNTS = [1, 2, 3, 5, 7, 20, 30, 50]
INDICES = [0, 1, 2, 10, 100, 250, 499, 500, 750, 900, 998, 999]
BETA_RANGES = [(0.0001, 0.02), (0.00085, 0.012)]
V1 = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "clip_sample": False,
    "steps_offset": 1,
}
VARIANTS = {
    "leading": {**V1, "timestep_spacing": "leading"},
    "leading-offset-0": {**V1, "timestep_spacing": "leading", "steps_offset": 0},
    "linspace": {**V1, "timestep_spacing": "linspace"},
    "trailing": {**V1, "timestep_spacing": "trailing"},
    "squaredcos": {**V1, "beta_schedule": "squaredcos_cap_v2"},
}


def named_configs(models: Path) -> dict[str, dict]:
    """tiny-conv's scheduler config is Stable Diffusion v1-4's, word for word."""
    stored = {model.name: scheduler_config(model) for model in sorted(models.iterdir())}
    return {"v1-4": V1, **stored, **VARIANTS}


def beta_case(schedule: str, start: float, end: float) -> dict:
    config = {**V1, "beta_schedule": schedule, "beta_start": start, "beta_end": end}
    sampler = create_sampler("ddim", config)
    return {
        "kind": "betas",
        "beta_schedule": schedule,
        "beta_start": start,
        "beta_end": end,
        "indices": INDICES,
        "betas": numbers(sampler.betas[INDICES]),
        "alphas_cumprod": numbers(sampler.alphas_cumprod[INDICES]),
    }


def timestep_case(name: str, config: dict, sampler_name: str, steps: int) -> dict:
    sampler = create_sampler(sampler_name, config)
    sampler.set_timesteps(steps)
    found = {
        "kind": "timesteps",
        "config": name,
        "sampler": sampler_name,
        "steps": steps,
        "timesteps": numbers(sampler.timesteps),
        "init_noise_sigma": numbers(torch.as_tensor(float(sampler.init_noise_sigma))),
    }
    return {**found, "sigmas": numbers(sampler.sigmas)} if hasattr(sampler, "sigmas") else found


def make(out: Path, models: Path) -> None:
    configs = named_configs(models)
    betas = [
        beta_case(schedule, start, end)
        for schedule in ("linear", "scaled_linear", "squaredcos_cap_v2")
        for start, end in (BETA_RANGES if schedule != "squaredcos_cap_v2" else BETA_RANGES[:1])
    ]
    timesteps = [
        timestep_case(name, config, sampler, steps)
        for name, config in configs.items()
        for sampler in SAMPLERS
        for steps in STEP_COUNTS
    ]
    facts = {
        "configs": configs,
        "tolerance": {
            "betas, alphas_cumprod": "relative 2e-5",
            "sigmas, init_noise_sigma": "relative 1.5e-4; config squaredcos 5e-4",
            "timesteps": "1e-3; config squaredcos with dpmpp_2m_karras 1",
        },
    }
    write_cases(out / "schedules.json", facts, betas + timesteps)
