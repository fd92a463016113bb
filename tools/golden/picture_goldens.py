"""Whole pictures: prompt in, 8-bit RGB out, by diffusers' StableDiffusionPipeline on the tiny models."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from golden_file import write_cases, write_tensors
from pipelines import SAMPLERS, create_sampler, load_pipeline, method_of, scheduler_config
from variation_goldens import noise, slerp

MODELS = 3
NEWEST = ("deis",)
"""Methods that came later: after the others, whose settings go by their places."""
ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
LONG_PROMPT = "portrait of an old sailor, weathered face, deep wrinkles, storm at sea behind him, " * 4


@dataclass(frozen=True)
class PictureCase:
    name: str
    model: str
    sampler: str
    prompt: str = "a red fox in the snow"
    negative: str | None = None
    steps: int = 6
    guidance: float = 7.5
    seed: int = 42
    width: int = 64
    height: int = 64
    count: int = 1
    """Picture i has its own generator, seeded with seed + i."""
    subseed: int | None = None
    strength: float = 0.0
    rescale: float = 0.0
    scheduler: dict = field(default_factory=dict)
    """Over the model's own scheduler_config.json."""


def every_sampler(model: str, share: int) -> list[PictureCase]:
    """Each method once, with guidance, step count and negative prompt varying along the way, and a share of the spacings."""
    settings = [
        {"steps": 6},
        {"steps": 7, "negative": "blurry, ugly"},
        {"steps": 5, "guidance": 3.0},
        {"steps": 8, "negative": "blurry, ugly", "guidance": 3.0},
        {"steps": 6, "seed": 1234},
        {"steps": 8, "prompt": "a blue house by the sea"},
    ]
    newest = [name for name in SAMPLERS if method_of(name) in NEWEST]
    first = [name for name in SAMPLERS if name not in newest]
    spaced = [name for name in first if name != method_of(name)]
    names = [name for name in first if name == method_of(name)] + spaced[share::MODELS] + newest
    return [PictureCase(f"{model}/{name}", model, name, **settings[i % len(settings)]) for i, name in enumerate(names)]


def special_cases() -> list[PictureCase]:
    conv = PictureCase("", "tiny-conv", "pndm")
    linear = PictureCase("", "tiny-linear", "ddim")
    half = PictureCase("", "tiny-half", "euler")
    return [
        replace(conv, name="tiny-conv/guidance-1", guidance=1.0, negative="never used"),
        replace(conv, name="tiny-conv/guidance-0", guidance=0.0, negative="never used"),
        replace(conv, name="tiny-conv/guidance-1.5", guidance=1.5),
        replace(conv, name="tiny-conv/one-step", steps=1),
        replace(conv, name="tiny-conv/two-steps", steps=2),
        replace(conv, name="tiny-conv/empty-prompt", prompt=""),
        replace(conv, name="tiny-conv/long-prompt", prompt=LONG_PROMPT, negative=LONG_PROMPT[::-1]),
        replace(conv, name="tiny-conv/odd-prompt", prompt="naïve café 猫 <|endoftext|> İß 100% 🦊"),
        replace(conv, name="tiny-conv/odd-size", width=104, height=72),
        replace(conv, name="tiny-conv/20-steps", steps=20, width=128, height=128),
        replace(conv, name="tiny-conv/batch", sampler="ddim", count=2, negative="blurry"),
        replace(conv, name="tiny-conv/batch-euler_a", sampler="euler_a", count=2),
        replace(conv, name="tiny-conv/variation", sampler="dpmpp_2m", subseed=7, strength=0.3),
        replace(linear, name="tiny-linear/odd-size", width=72, height=104, sampler="dpmpp_2m_karras"),
        replace(linear, name="tiny-linear/guidance-1", guidance=1.0, sampler="euler_a"),
        replace(linear, name="tiny-linear/batch", sampler="euler", count=2, seed=2**32 - 1),
        replace(linear, name="tiny-linear/one-step", steps=1),
        replace(conv, name="tiny-conv/rescaled", rescale=0.7),
        replace(conv, name="tiny-conv/rescaled-wholly", rescale=1.0, sampler="heun", count=2),
        replace(conv, name="tiny-conv/trailing", scheduler={"timestep_spacing": "trailing"}, sampler="euler_karras"),
        replace(conv, name="tiny-conv/linspace", scheduler={"timestep_spacing": "linspace"}, sampler="ddim"),
        replace(conv, name="tiny-conv/leading", scheduler={"timestep_spacing": "leading"}, sampler="dpmpp_2m"),
        replace(linear, name="tiny-linear/zero-snr", scheduler=ZERO_SNR),
        replace(linear, name="tiny-linear/zero-snr-rescaled", scheduler=ZERO_SNR, rescale=0.7, steps=10),
        replace(linear, name="tiny-linear/zero-snr-euler", scheduler=ZERO_SNR, sampler="euler", rescale=0.7),
        replace(linear, name="tiny-linear/zero-snr-dpmpp_2m", scheduler=ZERO_SNR, sampler="dpmpp_2m"),
        replace(linear, name="tiny-linear/zero-snr-ddpm", scheduler=ZERO_SNR, sampler="ddpm"),
        replace(half, name="tiny-half/odd-size", width=104, height=72),
        replace(half, name="tiny-half/guidance-0", guidance=0.0, sampler="dpmpp_2m"),
        replace(half, name="tiny-half/long-prompt", prompt=LONG_PROMPT),
    ]


def paint(pipeline, config: dict, case: PictureCase) -> tuple[torch.Tensor, torch.Tensor]:
    """RGB [count, height, width, 3] in 0..255, rounded half to even as diffusers does, and the final latents."""
    pipeline.scheduler = create_sampler(case.sampler, config | case.scheduler, case.seed)
    final: list[torch.Tensor] = []

    def keep(_pipeline, _step, _timestep, values: dict) -> dict:
        final[:] = [values["latents"]]
        return {}

    start = None
    if case.subseed is not None:
        shape = (4, case.height // 8, case.width // 8)
        start = slerp(case.strength, noise(case.seed, shape), noise(case.subseed, shape)).unsqueeze(0)
    pictures = pipeline(
        case.prompt,
        negative_prompt=case.negative,
        num_inference_steps=case.steps,
        guidance_scale=case.guidance,
        guidance_rescale=case.rescale,
        width=case.width,
        height=case.height,
        num_images_per_prompt=case.count,
        generator=[torch.Generator("cpu").manual_seed(case.seed + index) for index in range(case.count)],
        latents=start,
        output_type="np",
        callback_on_step_end=keep,
    ).images
    return torch.from_numpy((pictures * 255).round().astype("uint8")), final[0]


def make(out: Path, models: Path) -> None:
    cases, tensors = [], {}
    for share, model in enumerate(sorted(models.iterdir())):
        pipeline, config = load_pipeline(model), scheduler_config(model)
        chosen = every_sampler(model.name, share) + [case for case in special_cases() if case.model == model.name]
        for case in chosen:
            rgb, latents = paint(pipeline, config, case)
            tensors |= {f"{case.name}/rgb": rgb, f"{case.name}/latents": latents}
            cases.append({**asdict(case), "rgb": f"{case.name}/rgb", "latents": f"{case.name}/latents"})
    facts = {
        "tolerance": {"rgb": 2, "latents": "1e-3 of the picture's greatest latent magnitude; dpmpp_sde 1e-2"},
        "dpmpp_sde": "its Brownian path is looked up by float32 levels, whose last digit moves it by a thousandth",
        "defaults": "eta 0; no guidance at or below 1, whatever the negative prompt",
    }
    write_cases(out / "pictures.json", facts, cases)
    write_tensors(out / "pictures.safetensors", tensors)
