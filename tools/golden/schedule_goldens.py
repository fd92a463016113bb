"""Noise schedules, and the timesteps and sigmas each sampler derives from them."""

from pathlib import Path

import numpy as np
import torch

from golden_file import numbers, write_cases
from pipelines import SAMPLERS, create_sampler, method_of, scheduler_config

STEP_COUNTS = [1, 2, 3, 7, 20, 50]
"""For a spacing that is not the timesteps' own: fewer, of fewer configs."""
SPACED_STEP_COUNTS = [1, 2, 7, 30]
SPACED_CONFIGS = ["v1-4", "leading", "trailing", "squaredcos"]
"""Methods whose second calls are at a level below the one they aim at."""
ANCESTRAL = ("dpm2_a", "dpmpp_2s_a")
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
    "zero-snr": {**V1, "timestep_spacing": "trailing", "rescale_betas_zero_snr": True},
}


def named_configs(models: Path) -> dict[str, dict]:
    """tiny-conv's scheduler config is Stable Diffusion v1-4's, word for word."""
    stored = {model.name: scheduler_config(model) for model in sorted(models.iterdir())}
    return {"v1-4": V1, **stored, **VARIANTS}


def beta_case(schedule: str, start: float, end: float, zero_snr: bool = False) -> dict:
    config = {
        **V1,
        "beta_schedule": schedule,
        "beta_start": start,
        "beta_end": end,
        "rescale_betas_zero_snr": zero_snr,
    }
    sampler = create_sampler("ddim", config)
    return {
        "kind": "betas",
        "beta_schedule": schedule,
        "beta_start": start,
        "beta_end": end,
        "rescale_betas_zero_snr": zero_snr,
        "indices": INDICES,
        "betas": numbers(sampler.betas[INDICES]),
        "alphas_cumprod": numbers(sampler.alphas_cumprod[INDICES]),
    }


def timestep_case(name: str, config: dict, sampler_name: str, steps: int) -> dict:
    sampler = create_sampler(sampler_name, config)
    sampler.set_timesteps(steps)
    stray = {"strayedFromFloat64": ancestral_stray(sampler)} if method_of(sampler_name) in ANCESTRAL else {}
    return {
        "kind": "timesteps",
        "config": name,
        "sampler": sampler_name,
        "steps": steps,
        "timesteps": numbers(sampler.timesteps.float()),
        "init_noise_sigma": numbers(torch.as_tensor(float(sampler.init_noise_sigma))),
        **stray,
    }


def ancestral_stray(sampler) -> float:
    """How far float32 has the second calls of ancestral steps from where the same formula puts them in float64.

    Their level is √(from · down), down² = to² − up²: a step from 14.6 to 0.03 leaves that difference two of float32's seven
    digits. Without rounding down is to²/from, and the level is `to`.
    """
    levels = (sampler.levels if hasattr(sampler, "levels") else sampler.sigmas).double().unique()
    training = np.sqrt((1 - sampler.alphas_cumprod.double()) / sampler.alphas_cumprod.double()).numpy()
    exact = np.interp(np.log(levels.flip(0)[1:-1]), np.log(training), np.arange(len(training)))
    return float(np.abs(sampler.timesteps.double().numpy()[1::2] - exact).max(initial=0))


def counts(name: str, sampler: str) -> list[int]:
    if sampler == method_of(sampler):
        return STEP_COUNTS
    return SPACED_STEP_COUNTS if name in SPACED_CONFIGS else []


def make(out: Path, models: Path) -> None:
    configs = named_configs(models)
    betas = [
        beta_case(schedule, start, end)
        for schedule in ("linear", "scaled_linear", "squaredcos_cap_v2")
        for start, end in (BETA_RANGES if schedule != "squaredcos_cap_v2" else BETA_RANGES[:1])
    ]
    betas += [beta_case(schedule, *BETA_RANGES[1], zero_snr=True) for schedule in ("scaled_linear", "squaredcos_cap_v2")]
    timesteps = [
        timestep_case(name, config, sampler, steps)
        for name, config in configs.items()
        for sampler in SAMPLERS
        for steps in counts(name, sampler)
        # With squaredcos' steep levels, float32 has nothing left below the target of an ancestral step: no reference.
        if not (name == "squaredcos" and method_of(sampler) in ANCESTRAL)
    ]
    facts = {
        "configs": configs,
        "tolerance": {
            "betas, alphas_cumprod": "relative 2e-5; where zero-SNR, absolute 2e-7",
            "init_noise_sigma": "relative 1e-4",
            "timesteps": "2e-3 + strayedFromFloat64; where a class makes integers of them, 1",
        },
    }
    write_cases(out / "schedules.json", facts, betas + timesteps)
