"""Draws with the UNet and direct words, 20 DDIM steps with guidance: what a training looks at on its way."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image

from scenes import Scene
from slots import SLOTS, Slots, indices

SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
LOOKED_AT = [
    Scene("fox", background="snow", style="flat"),
    Scene("cat", background="room", style="cartoon"),
    Scene("penguin", background="sea", style="3d"),
    Scene("castle", background="sunset", style="flat"),
    Scene("rocket", background="space", style="3d"),
    Scene("guitar", background="yellow", style="cartoon"),
    Scene("owl", background="night"),
    Scene("robot", background="city", style="3d"),
    Scene("apple", background="white", style="3d"),
    Scene("house", background="grass", style="cartoon"),
    Scene("banana", background="blue", style="flat"),
    Scene("tree", background="desert", style="flat"),
    Scene("fox", colour="blue", background="forest", style="flat"),
    Scene("car", colour="green", background="beach", style="3d"),
    Scene("dog", background="", style="3d"),
    Scene("panda"),
    Scene("turtle", background="beach", style="cartoon"),
    Scene("hamburger", background="pink", style="flat"),
    Scene("cat", style="flat", background="grass", count="two"),
    Scene("apple", style="3d", background="gray", count="three"),
    Scene("lion", style="flat", background="cyan", count="and", second="frog"),
    Scene("butterfly", background="purple", style="cartoon"),
    Scene("star", colour="red", background="navy"),
    Scene("heart", colour="pink", background="white", style="3d"),
    Scene("hexagon", colour="turquoise", background="beige"),
    Scene("circle", colour="gold", background="black", size="small"),
    Scene("dragon", background="sky", style="cartoon"),
    Scene("airplane", background="sky", style="flat"),
    Scene("sunflower", background="orange", style="3d"),
    Scene("snowman", background="snow", style="3d"),
    Scene("octopus", background="sea", style="flat"),
    Scene("ghost", background="night", style="cartoon"),
    Scene("mushroom", background="forest", style="3d"),
    Scene("piano", background="red", style="flat"),
    Scene("train", background="green", style="cartoon"),
    Scene("cake", background="room", style="3d"),
]


def alphas_cumprod() -> torch.Tensor:
    """[1000] signal power left at each timestep: scaled_linear, 0.00085 to 0.012."""
    betas = torch.linspace(SCHEDULE["beta_start"] ** 0.5, SCHEDULE["beta_end"] ** 0.5, 1000, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0).float()


@torch.no_grad()
def draw(unet: UNet2DConditionModel, slots: Slots, vae: AutoencoderKL, scenes: list[Scene], seed: int = 1, steps: int = 20, guidance: float = 4.0) -> np.ndarray:
    """[n, 128, 128, 3] uint8; nothing is said in the unguided half."""
    wanted = torch.tensor([indices(scene) for scene in scenes])
    rows, mask = slots(torch.cat([torch.zeros_like(wanted), wanted]))
    latents = torch.randn(len(scenes), 4, 16, 16, generator=torch.Generator().manual_seed(seed))
    scheduler = DDIMScheduler(**SCHEDULE)
    scheduler.set_timesteps(steps)
    for timestep in scheduler.timesteps:
        without, with_words = unet(torch.cat([latents, latents]), timestep, rows, encoder_attention_mask=mask).sample.chunk(2)
        latents = scheduler.step(without + guidance * (with_words - without), timestep, latents).prev_sample
    pictures = vae.decode(latents / vae.config.scaling_factor).sample.clamp(-1, 1)
    return (pictures.permute(0, 2, 3, 1).numpy() * 127.5 + 127.5).round().astype(np.uint8)


def tiled(pictures: np.ndarray, columns: int = 12) -> Image.Image:
    rows = [np.concatenate(list(pictures[first : first + columns]), 1) for first in range(0, len(pictures), columns)]
    return Image.fromarray(np.concatenate(rows))


def draw_sheet(unet: UNet2DConditionModel, slots: Slots, vae: AutoencoderKL, path: Path, guidance: float = 4.0) -> None:
    tiled(draw(unet, slots, vae, LOOKED_AT, guidance=guidance)).save(path)
