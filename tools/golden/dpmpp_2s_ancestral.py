"""k-diffusion's `sample_dpmpp_2s_ancestral` behind the interface of a diffusers scheduler.

The sampler is k-diffusion's own function, run in a thread that waits for each prediction, so that diffusers' pipelines
can drive it call by call. The noise levels are those of diffusers' KDPM2 ancestral class (without its rounding).
"""

import importlib.util
import queue
import sys
import threading
import types

import numpy as np
import torch
from diffusers import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteSchedulerOutput
from diffusers.utils.torch_utils import randn_tensor


def k_diffusion_sampling() -> types.ModuleType:
    """`k_diffusion.sampling` alone: the package imports what it needs for training as well."""
    found = importlib.util.find_spec("k_diffusion")
    package = types.ModuleType("k_diffusion")
    package.__path__ = list(found.submodule_search_locations)
    helpers = types.ModuleType("k_diffusion.utils")
    helpers.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
    package.utils = helpers
    solver = types.ModuleType("torchdiffeq")
    solver.odeint = None
    sys.modules |= {"k_diffusion": package, "k_diffusion.utils": helpers, "torchdiffeq": solver}
    return importlib.import_module("k_diffusion.sampling")


sampling = k_diffusion_sampling()


class DPMpp2SAncestralScheduler(EulerDiscreteScheduler):
    """Noise levels by EulerDiscreteScheduler, whose spacings are those of all diffusers' classes in sigma."""

    order = 2

    def set_timesteps(self, num_inference_steps: int | None = None, device=None, **_unused) -> None:
        super().set_timesteps(num_inference_steps, device)
        table = np.array(((1 - self.alphas_cumprod) / self.alphas_cumprod) ** 0.5)
        self.table = np.log(table)
        self.levels = self.sigmas.clone()
        full = self.timesteps
        calls, sigmas = [], []
        for i, timestep in enumerate(full):
            calls.append(float(timestep))
            sigmas.append(float(self.levels[i]))
            if self.levels[i + 1] > 0:
                down, _up = sampling.get_ancestral_step(self.levels[i], self.levels[i + 1])
                middle = (self.levels[i].log().lerp(down.log(), 0.5)).exp()
                calls.append(float(self._sigma_to_t(np.array(float(middle)), self.table)))
                sigmas.append(float(middle))
        self.timesteps = torch.tensor(calls, dtype=torch.float32)
        self.sigmas = torch.tensor([*sigmas, 0.0])
        self.running = None

    def step(self, model_output, timestep, sample, generator=None, return_dict=True, **_unused):
        if self.step_index is None:
            self._init_step_index(timestep)
        if self.running is None:
            self.running = Conversation(self.levels[(self.step_index + 1) // 2 :], sample, generator)
        sigma = self.sigmas[self.step_index]
        if self.config.prediction_type == "epsilon":
            original = sample - sigma * model_output
        else:
            original = model_output * (-sigma / (sigma**2 + 1) ** 0.5) + sample / (sigma**2 + 1)
        self._step_index += 1
        following = self.running.answer(original)
        return EulerDiscreteSchedulerOutput(following, original) if return_dict else (following, original)


class Conversation:
    """k-diffusion's loop, asked for one prediction at a time."""

    def __init__(self, sigmas: torch.Tensor, sample: torch.Tensor, generator) -> None:
        self.questions, self.answers = queue.Queue(), queue.Queue()
        draw = lambda *_sigmas: randn_tensor(sample.shape, generator=generator, device=sample.device)

        def denoised(x: torch.Tensor, _sigma: torch.Tensor) -> torch.Tensor:
            self.questions.put(x)
            return self.answers.get()

        def run() -> None:
            self.questions.put(
                sampling.sample_dpmpp_2s_ancestral(denoised, sample, sigmas, disable=True, noise_sampler=draw)
            )

        threading.Thread(target=run, daemon=True).start()
        self.questions.get()

    def answer(self, original: torch.Tensor) -> torch.Tensor:
        self.answers.put(original)
        return self.questions.get()
