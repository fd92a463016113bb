"""Each sampler's trajectory under a denoiser that is one formula, so that no network is needed to check a sampler."""

import math
from pathlib import Path

import torch

from golden_file import write_cases, write_tensors
from pipelines import SAMPLERS, create_sampler, scheduler_config
from schedule_goldens import V1

SHAPE = (1, 4, 4, 4)
SEED = 42
STEP_COUNTS = [1, 2, 5, 10]
DENOISER = "prediction = 0.3 * scaled + 0.1 * sin(timestep / 100), scaled = scale_model_input(latents, timestep)"


def configs(models: Path) -> dict[str, dict]:
    return {
        "v1-4": V1,
        "v1-4-v-prediction": {**V1, "prediction_type": "v_prediction"},
        "tiny-linear": scheduler_config(models / "tiny-linear"),
        "tiny-linear-epsilon": {**scheduler_config(models / "tiny-linear"), "prediction_type": "epsilon"},
        "v1-4-trailing": {**V1, "timestep_spacing": "trailing"},
    }


def trajectory(name: str, config: dict, steps: int, eta: float = 0.0) -> torch.Tensor:
    """Latents before the first call and after each: [calls + 1, 4, 4, 4]."""
    sampler = create_sampler(name, config)
    sampler.set_timesteps(steps)
    generator = torch.Generator("cpu").manual_seed(SEED)
    latents = torch.randn(SHAPE, generator=generator) * sampler.init_noise_sigma
    states = [latents]
    extra = {"generator": generator} if name in ("euler_a", "ddim") else {}
    if name == "ddim":
        extra["eta"] = eta
    for timestep in sampler.timesteps:
        scaled = sampler.scale_model_input(latents, timestep)
        prediction = 0.3 * scaled + 0.1 * math.sin(float(timestep) / 100)
        latents = sampler.step(prediction, timestep, latents, **extra).prev_sample
        states.append(latents)
    return torch.cat(states)


def make(out: Path, models: Path) -> None:
    named = configs(models)
    cases, tensors = [], {}
    for config_name, config in named.items():
        for sampler in SAMPLERS:
            for steps in STEP_COUNTS:
                for eta in (0.0, 1.0) if sampler == "ddim" else (0.0,):
                    tensor = f"{config_name}/{sampler}/{steps}" + (f"/eta{eta:g}" if eta else "")
                    tensors[tensor] = trajectory(sampler, config, steps, eta)
                    cases.append(
                        {
                            "config": config_name,
                            "sampler": sampler,
                            "steps": steps,
                            "eta": eta,
                            "calls": len(tensors[tensor]) - 1,
                            "tensor": tensor,
                        }
                    )
    facts = {
        "seed": SEED,
        "denoiser": DENOISER,
        "initial": "torch.randn((1, 4, 4, 4)) * init_noise_sigma; later noise continues the same generator",
        "configs": named,
        "tolerance": "3e-5 of the trajectory's greatest magnitude",
    }
    write_cases(out / "samplers.json", facts, cases)
    write_tensors(out / "samplers.safetensors", tensors)
