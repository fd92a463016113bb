"""Every scheduler class that Easel has, by its own config, with each of its options: what the pipeline makes of them.

    python tools/golden/scheduler_option_goldens.py --out test/fixtures/golden [--random 400 --seed 1]

A case is a whole `scheduler_config.json`. Unlike `samplers.json`, which gives one config to many samplers, each class reads its
own, as `StableDiffusionPipeline` does (offset 1, no clipping). What diffusers itself refuses or makes no number of is left out.
`--random` makes cases of several options at once, for a search; only the single ones are kept in the repository.
"""

import argparse
import math
import random
import warnings
from pathlib import Path

import diffusers
import torch
from diffusers import SchedulerMixin

from golden_file import write_cases, write_tensors
from pipelines import PLAIN, SPACED
from schedule_goldens import V1
from sampler_goldens import DENOISER, SEED, SHAPE, set_exact_timesteps

CLASSES = sorted({scheduler.__name__ for scheduler in (*PLAIN.values(), *(entry[0] for entry in SPACED.values()))} - {"DPMpp2SAncestralScheduler"})
BETAS = {key: V1[key] for key in ("beta_start", "beta_end", "beta_schedule")}
STEPS = (6, 17)
PASS_OVER = ("DDIMScheduler", "EulerDiscreteScheduler")
"""Whose cases show that options of other classes are passed over."""
TRAINED = [round(0.004 + 0.0025 * index, 4) for index in range(40)]
OPTIONS: dict[str, list[dict]] = {
    "": [{}],
    "class defaults": [{"beta_start": None, "beta_end": None, "beta_schedule": None}],
    "noise": [
        {"beta_schedule": "linear"},
        {"beta_schedule": "squaredcos_cap_v2"},
        {"rescale_betas_zero_snr": True},
        {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", "prediction_type": "v_prediction"},
        {"num_train_timesteps": 500},
        {"num_train_timesteps": 40, "trained_betas": TRAINED},
    ],
    "prediction": [{"prediction_type": "v_prediction"}, {"prediction_type": "sample"}],
    "path": [
        *({"timestep_spacing": spacing} for spacing in ("leading", "linspace", "trailing")),
        {"steps_offset": 0, "timestep_spacing": "leading"},
        *({f"use_{spacing}_sigmas": True} for spacing in ("karras", "exponential", "beta")),
        {"use_lu_lambdas": True},
        {"use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.5},
        {"use_beta_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.5},
        {"final_sigmas_type": "sigma_min"},
        {"final_sigmas_type": "sigma_min", "use_karras_sigmas": True},
        {"lambda_min_clipped": -2.5},
        {"lambda_min_clipped": -2.5, "timestep_spacing": "trailing"},
        {"lambda_min_clipped": -5.1, "beta_schedule": "squaredcos_cap_v2"},
    ],
    "bounds": [
        {"thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.2},
        {"clip_sample": True, "clip_sample_range": 0.7},
        {"set_alpha_to_one": True},
        {"set_alpha_to_one": False},
    ],
    "solver": [
        *({"solver_order": order} for order in (1, 2, 3)),
        *({"solver_order": order, "lower_order_final": False, "final_sigmas_type": "sigma_min"} for order in (2, 3)),
        *({"solver_type": name} for name in ("midpoint", "heun", "bh1", "bh2", "logrho")),
        *({"algorithm_type": name, "final_sigmas_type": "sigma_min"} for name in ("dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++")),
        *({"algorithm_type": "sde-dpmsolver++", "solver_order": order} for order in (1, 3)),
        {"euler_at_final": True, "final_sigmas_type": "sigma_min"},
        {"predict_x0": False, "final_sigmas_type": "sigma_min"},
        {"disable_corrector": [0, 2]},
    ],
    "others": [
        {"skip_prk_steps": False},
        {"skip_prk_steps": None},
        {"variance_type": "fixed_large"},
        {"variance_type": "fixed_small_log"},
        {"original_inference_steps": 20},
        {"timestep_scaling": 3.0},
    ],
}


def config_of(name: str, changes: dict) -> dict:
    config = {"_class_name": name, **BETAS, "skip_prk_steps": True, **changes}
    return {key: value for key, value in config.items() if value is not None}


def single_configs() -> list[dict]:
    found: list[dict] = []
    for name in CLASSES:
        known = expected_keys(name)
        for group in OPTIONS.values():
            for changes in group:
                config = config_of(name, changes)
                # Of these steep levels float32 has nothing left below the target of an ancestral step: no reference.
                if name == "KDPM2AncestralDiscreteScheduler" and config.get("beta_schedule") == "squaredcos_cap_v2":
                    continue
                if config not in found and (changes.keys() <= known or name in PASS_OVER):
                    found.append(config)
    return found


def expected_keys(name: str) -> set[str]:
    return set(getattr(diffusers, name)._get_init_keys(getattr(diffusers, name))) - {"self", "kwargs"}


def random_configs(count: int, seed: int) -> list[dict]:
    rng = random.Random(seed)
    every = [changes for group in OPTIONS.values() for changes in group]
    found = []
    for _ in range(count):
        merged: dict = {}
        for changes in rng.sample(every, rng.randint(2, 4)):
            merged |= changes
        found.append(config_of(rng.choice(CLASSES), merged))
    return found


def scheduler_of(config: dict) -> SchedulerMixin:
    """As from_pretrained and then StableDiffusionPipeline leave it."""
    cls = getattr(diffusers, config["_class_name"])
    extra = {"noise_sampler_seed": SEED} if config["_class_name"] == "DPMSolverSDEScheduler" else {}
    scheduler = cls.from_config(config, **extra)
    changes = {}
    if getattr(scheduler.config, "steps_offset", 1) != 1:
        changes["steps_offset"] = 1
    if getattr(scheduler.config, "clip_sample", False) is True:
        changes["clip_sample"] = False
    scheduler.register_to_config(**changes)
    return scheduler


def trajectory(config: dict, steps: int) -> torch.Tensor:
    scheduler = scheduler_of(config)
    if config["_class_name"] == "DPMSolverSDEScheduler":
        set_exact_timesteps(scheduler, steps)
    else:
        scheduler.set_timesteps(steps)
    generator = torch.Generator("cpu").manual_seed(SEED)
    latents = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    states = [latents]
    takes_noise = "generator" in scheduler.step.__code__.co_varnames
    extra = {"generator": generator} if takes_noise else {}
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(latents, timestep)
        prediction = 0.3 * scaled + 0.1 * math.sin(float(timestep) / 100)
        latents = scheduler.step(prediction, timestep, latents, **extra).prev_sample
        states.append(latents)
    return torch.cat(states)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--random", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    diffusers.logging.set_verbosity_error()
    configs = random_configs(options.random, options.seed) if options.random else single_configs()
    cases, tensors = [], {}
    for index, config in enumerate(configs):
        steps = STEPS[index % len(STEPS)]
        try:
            walk = trajectory(config, steps)
        except Exception as error:  # noqa: BLE001: whatever diffusers raises, it does not run this config.
            print("refused by diffusers:", config, repr(error)[:120])
            continue
        if not torch.isfinite(walk).all():
            print("no number in diffusers:", config)
            continue
        key = str(len(cases))
        tensors[key] = walk
        cases.append({"config": config, "steps": steps, "calls": len(walk) - 1, "tensor": key})
    facts = {
        "generator": "tools/golden/scheduler_option_goldens.py",
        "command": "python tools/golden/scheduler_option_goldens.py --out test/fixtures/golden",
        "seed": SEED,
        "denoiser": DENOISER,
        "tolerance": "3e-5 of the trajectory's greatest magnitude",
    }
    write_cases(options.out / "scheduler-options.json", facts, cases)
    write_tensors(options.out / "scheduler-options.safetensors", tensors)


if __name__ == "__main__":
    main()
