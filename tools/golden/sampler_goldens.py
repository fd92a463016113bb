"""Each sampler's trajectory under a denoiser that is one formula, so that no network is needed to check a sampler."""

import math
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import torch
from diffusers import DPMSolverSDEScheduler, StableDiffusionImg2ImgPipeline

from golden_file import write_cases, write_tensors
from pipelines import PLAIN, SAMPLERS, SPACED, STOCHASTIC, create_sampler, method_of, scheduler_config
from schedule_goldens import V1

SHAPE = (1, 4, 2, 2)
SEED = 42
STEP_COUNTS = [1, 2, 5, 10]
DENOISER = "prediction = 0.3 * scaled + 0.1 * sin(timestep / 100), scaled = scale_model_input(latents, timestep)"
METHODS = [*PLAIN, *SPACED]
SPACED_NAMES = [name for name in SAMPLERS if name not in METHODS]
SOLVERS = ["dpmpp_2m", "dpmpp_2m_karras", "unipc", "unipc_karras", "deis", "deis_karras"]
SDE_SOLVERS = ["dpmpp_2m_sde", "dpmpp_2m_sde_karras"]
EPSILON_OR_V_ONLY = ("pndm", "euler_a", "dpm2", "dpm2_a", "dpmpp_2s_a", "dpmpp_sde")
"""Classes that cannot use a network that predicts the picture itself."""


@dataclass(frozen=True)
class Walk:
    config: str
    sampler: str
    steps: int
    strength: float | None = None
    """Begun midway, as diffusers' img2img begins."""

    @property
    def tensor(self) -> str:
        start = "" if self.strength is None else f"/strength-{self.strength:g}"
        return f"{self.config}/{self.sampler}/{self.steps}{start}"


def configs(models: Path) -> dict[str, dict]:
    zero_snr = {"timestep_spacing": "trailing", "rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
    return {
        "v1-4": V1,
        "v1-4-v-prediction": {**V1, "prediction_type": "v_prediction"},
        "v1-4-sample": {**V1, "prediction_type": "sample"},
        "tiny-linear": scheduler_config(models / "tiny-linear"),
        "v1-4-trailing": {**V1, "timestep_spacing": "trailing"},
        "v1-4-leading": {**V1, "timestep_spacing": "leading"},
        "zero-snr": {**V1, **zero_snr},
        "clipped": {**V1, "clip_sample": True, "clip_sample_range": 0.7},
        "thresholded": {**V1, "thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.2},
        "third-order": {**V1, "solver_order": 3},
        "first-order": {**V1, "solver_order": 1},
        "heun-solver": {**V1, "solver_type": "heun"},
        # Where the way ends in σ = 0, diffusers' own UniPC by B₁ ends in 0 · ∞.
        "bh1-solver": {**V1, "solver_type": "bh1", "final_sigmas_type": "sigma_min"},
        "sigma-min": {**V1, "final_sigmas_type": "sigma_min"},
        "no-corrector": {**V1, "disable_corrector": [0, 2]},
        "large-variance": {**V1, "variance_type": "fixed_large"},
        "runge-kutta": {**V1, "skip_prk_steps": False},
        "runge-kutta-v-prediction": {**V1, "skip_prk_steps": False, "prediction_type": "v_prediction"},
        "third-order-heun": {**V1, "solver_order": 3, "solver_type": "heun", "final_sigmas_type": "sigma_min"},
        "not-lowered": {**V1, "lower_order_final": False, "final_sigmas_type": "sigma_min"},
        "not-lowered-third-order": {**V1, "lower_order_final": False, "solver_order": 3, "final_sigmas_type": "sigma_min"},
        "euler-at-final": {**V1, "euler_at_final": True, "final_sigmas_type": "sigma_min"},
        **{
            f"{name}{suffix}": {**V1, "algorithm_type": name, "final_sigmas_type": "sigma_min", **own}
            for name in ("dpmsolver", "sde-dpmsolver")
            for suffix, own in {
                "": {},
                "-first-order": {"solver_order": 1},
                "-third-order": {"solver_order": 3},
                "-heun": {"solver_type": "heun"},
                "-thresholded": {"thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.2},
            }.items()
            if (name, suffix) != ("sde-dpmsolver", "-third-order")
        },
        **{
            f"noise-unipc{suffix}": {**V1, "predict_x0": False, "final_sigmas_type": "sigma_min", **own}
            for suffix, own in {"": {}, "-third-order": {"solver_order": 3}, "-bh1": {"solver_type": "bh1"}}.items()
        },
        "lu-lambdas": {**V1, "use_lu_lambdas": True},
        "lambda-clipped": {**V1, "lambda_min_clipped": -2.5},
        "lambda-clipped-leading": {**V1, "lambda_min_clipped": -2.5, "timestep_spacing": "leading"},
        "lambda-clipped-cosine": {**V1, "lambda_min_clipped": -5.1, "beta_schedule": "squaredcos_cap_v2"},
        "sigma-bounds": {**V1, "sigma_min": 0.1, "sigma_max": 9.5},
        "few-trained-betas": {
            **V1, "num_train_timesteps": 40, "trained_betas": [round(0.004 + 0.0025 * i, 4) for i in range(40)]
        },
    }


def walks(named: dict[str, dict]) -> list[Walk]:
    every = [
        Walk(config, sampler, steps)
        for config in ("v1-4", "v1-4-v-prediction", "tiny-linear")
        for sampler in METHODS
        for steps in STEP_COUNTS
    ]
    spacings = [Walk("v1-4", sampler, steps) for sampler in SPACED_NAMES for steps in (1, 2, 5, 16)]
    others = [
        Walk(config, sampler, 6)
        for config in ("v1-4-sample", "v1-4-trailing", "v1-4-leading", "zero-snr")
        for sampler in METHODS
        if config != "v1-4-sample" or sampler not in EPSILON_OR_V_ONLY
    ]
    bounds = [Walk(config, sampler, 6) for config in ("clipped", "thresholded") for sampler in METHODS]
    solvers = [
        Walk(config, sampler, steps)
        for config in ("third-order", "first-order", "heun-solver", "bh1-solver", "sigma-min")
        for sampler in (*SOLVERS, *SDE_SOLVERS)
        for steps in (3, 8, 17)
    ]
    solvers += [
        Walk(config, sampler, steps)
        for config in ("third-order-heun", "not-lowered", "not-lowered-third-order", "euler-at-final")
        # UniPC's third order divides by a step of no length where a spaced way ends as it began.
        for sampler in ("dpmpp_2m", "dpmpp_2m_sde", "unipc", "deis")
        for steps in (3, 8, 17)
    ]
    older = [
        Walk(config, "dpmpp_2m_sde" if config.startswith("sde-") else "dpmpp_2m", steps)
        for config in named
        if "dpmsolver" in config
        for steps in (3, 8, 17)
    ]
    older += [Walk(config, "unipc", steps) for config in named if config.startswith("noise-unipc") for steps in (3, 8, 17)]
    paths = [
        *(Walk("lu-lambdas", "dpmpp_2m_exponential", steps) for steps in (5, 16)),
        *(Walk(config, sampler, 8) for config in named if config.startswith("lambda-clipped") for sampler in ("dpmpp_2m", "dpmpp_2m_sde", "unipc")),
        *(Walk("sigma-bounds", sampler, 7) for sampler in SPACED_NAMES),
        *(Walk("few-trained-betas", sampler, 8) for sampler in ("ddim", "euler", "dpmpp_2m", "unipc", "deis", "lms", "heun_karras")),
        *(Walk(config, "pndm", steps) for config in ("runge-kutta", "runge-kutta-v-prediction") for steps in (4, 5, 10, 17)),
    ]
    single = [
        Walk("sigma-min", "euler", 8),
        Walk("no-corrector", "unipc", 8),
        Walk("large-variance", "ddpm", 8),
    ]
    midway = [
        Walk("v1-4", sampler, steps, strength)
        for sampler in [*METHODS, "dpm2_karras", "dpmpp_2m_karras", "dpmpp_sde_karras", "unipc_exponential"]
        for steps, strength in ((10, 0.6), (6, 0.95), (17, 0.3))
    ]
    midway += [
        Walk(config, sampler, 10, 0.6) for config in ("v1-4-leading", "v1-4-trailing", "tiny-linear") for sampler in METHODS
    ]
    return every + spacings + others + bounds + solvers + older + paths + single + midway


def trajectory(walk: Walk, config: dict) -> torch.Tensor:
    """Latents before the first call and after each: [calls + 1, 4, 2, 2]."""
    sampler = create_sampler(walk.sampler, config, SEED)
    if method_of(walk.sampler) == "dpmpp_sde":
        set_exact_timesteps(sampler, walk.steps)
    else:
        sampler.set_timesteps(walk.steps)
    generator = torch.Generator("cpu").manual_seed(SEED)
    noise = torch.randn(SHAPE, generator=generator)
    if walk.strength is None:
        timesteps = sampler.timesteps
        latents = noise * sampler.init_noise_sigma
    else:
        pipeline = SimpleNamespace(scheduler=sampler)
        timesteps, _ = StableDiffusionImg2ImgPipeline.get_timesteps(pipeline, walk.steps, walk.strength, "cpu")
        latents = sampler.add_noise(picture(), noise, timesteps[:1])
    states = [latents]
    extra = {"generator": generator} if method_of(walk.sampler) in STOCHASTIC else {}
    for timestep in timesteps:
        scaled = sampler.scale_model_input(latents, timestep)
        prediction = 0.3 * scaled + 0.1 * math.sin(float(timestep) / 100)
        latents = sampler.step(prediction, timestep, latents, **extra).prev_sample
        states.append(latents)
    return torch.cat(states)


def set_exact_timesteps(sampler: DPMSolverSDEScheduler, steps: int) -> None:
    """Noise levels in float64 from the float32 ᾱ.

    torchsde resolves time to a millionth, and in a millionth its path moves by a thousandth. The last float32 digit of a
    level at 14.6 is a millionth, and torch's float32 square roots, logarithms and exponentials are not correctly rounded
    but as the processor's library has them: without this, another machine gives another walk.
    """
    sampler.alphas_cumprod = sampler.alphas_cumprod.double()
    sampler.set_timesteps(steps)
    sampler.sigmas = sampler.sigmas.double()


def picture() -> torch.Tensor:
    """What a midway walk begins with."""
    return torch.arange(16, dtype=torch.float32).reshape(SHAPE) / 8 - 1


def make(out: Path, models: Path) -> None:
    named = configs(models)
    cases, tensors = [], {}
    for walk in walks(named):
        tensors[walk.tensor] = trajectory(walk, named[walk.config])
        cases.append(
            {
                "config": walk.config,
                "sampler": walk.sampler,
                "steps": walk.steps,
                "strength": walk.strength,
                "calls": len(tensors[walk.tensor]) - 1,
                "tensor": walk.tensor,
            }
        )
    facts = {
        "seed": SEED,
        "denoiser": DENOISER,
        "initial": "torch.randn((1, 4, 2, 2)) * init_noise_sigma; later noise continues the same generator",
        "midway": "add_noise(arange(16) / 8 - 1) at the first of img2img's get_timesteps",
        "dpmpp_sde": "noise levels in float64, as float32's last digit moves the Brownian path",
        "configs": named,
        "tolerance": "3e-5 of the trajectory's greatest magnitude",
    }
    write_cases(out / "samplers.json", facts, cases)
    write_tensors(out / "samplers.safetensors", tensors)
