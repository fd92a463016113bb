"""One call of each network of each tiny model, at sizes where every level is even and where some are odd."""

from pathlib import Path

import torch

from golden_file import write_cases, write_tensors
from pipelines import load_pipeline

PROMPTS = [
    "",
    "a red fox in the snow",
    "oil painting, (dramatic) light; 8k!",
    "portrait of an old sailor, weathered face, deep wrinkles, storm at sea behind him, " * 4,
]
CONTEXT_PROMPTS = ["a red fox in the snow", ""]
LONG_PROMPTS = ["a blue house by the sea", "ugly, blurry"]

# (latent height, latent width, timesteps): one timestep for the whole batch, or one for each of its two samples.
UNET_CALLS = [
    (16, 16, [0]),
    (16, 16, [1]),
    (16, 16, [500]),
    (16, 16, [999]),
    (16, 16, [749.25]),
    (16, 16, [999, 20]),
    (9, 13, [500]),
    (15, 10, [999]),
    (7, 7, [1]),
]
LATENT_SIZES = [(1, 8, 8), (1, 5, 7), (1, 9, 13), (2, 4, 6)]


def normal(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


def token_ids(tokenizer, prompts: list[str]) -> torch.Tensor:
    padded = tokenizer(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
    return padded.input_ids


class Golden:
    """Cases and tensors of one golden while the models are gone through."""

    def __init__(self, name: str, facts: dict):
        self.name, self.facts = name, facts
        self.cases: list[dict] = []
        self.tensors: dict[str, torch.Tensor] = {}

    def add(self, case: dict, tensors: dict[str, torch.Tensor], reference: torch.Tensor, result: str) -> None:
        """`reference` is the same result computed in float64; how far float32 strays from it is recorded."""
        strayed = (tensors[result].double() - reference).abs().max().item()
        self.tensors.update(tensors)
        self.cases.append({**case, "strayedFromFloat64": float(f"{strayed:.2g}")})

    def write(self, out: Path) -> None:
        write_cases(out / f"{self.name}.json", self.facts, self.cases)
        write_tensors(out / f"{self.name}.safetensors", self.tensors)


@torch.no_grad()
def add_text(golden: Golden, model: str, single, double) -> None:
    for index, prompt in enumerate(PROMPTS):
        name = f"{model}/{index}"
        ids = token_ids(single.tokenizer, [prompt])
        tensors = {name: single.text_encoder(ids).last_hidden_state}
        case = {"model": model, "prompt": prompt, "ids": ids[0].tolist(), "tensor": name}
        golden.add(case, tensors, double.text_encoder(ids).last_hidden_state, name)


@torch.no_grad()
def add_unet(golden: Golden, model: str, single, double) -> None:
    def encode(prompts: list[str]) -> torch.Tensor:
        return single.text_encoder(token_ids(single.tokenizer, prompts)).last_hidden_state

    context = encode(CONTEXT_PROMPTS)
    contexts = {f"{model}/context": context, f"{model}/context-long": torch.cat([context, encode(LONG_PROMPTS)], dim=1)}
    golden.tensors.update(contexts)
    calls = [(*call, f"{model}/context") for call in UNET_CALLS] + [(8, 8, [500], f"{model}/context-long")]
    for index, (height, width, timesteps, context_name) in enumerate(calls):
        latents_name, output_name = f"{model}/{height}x{width}/latents", f"{model}/{index}/output"
        latents = normal((2, 4, height, width), seed=100 * height + width)
        timestep = torch.tensor(timesteps * (2 // len(timesteps)))
        tensors = {
            latents_name: latents,
            output_name: single.unet(latents, timestep, encoder_hidden_states=contexts[context_name]).sample,
        }
        reference = double.unet(latents.double(), timestep, encoder_hidden_states=contexts[context_name].double())
        case = {
            "model": model,
            "timesteps": timestep.tolist(),
            "latents": latents_name,
            "context": context_name,
            "output": output_name,
        }
        golden.add(case, tensors, reference.sample, output_name)


@torch.no_grad()
def add_vae(decode: Golden, encode: Golden, model: str, single, double) -> None:
    for batch, height, width in LATENT_SIZES:
        prefix = f"{model}/{batch}x{height}x{width}"
        latents_name, image_name, moments_name = f"{prefix}/latents", f"{prefix}/image", f"{prefix}/moments"
        latents = 20 * normal((batch, 4, height, width), seed=100 * height + width)
        image = single.vae.decode(latents).sample
        decode.add(
            {"model": model, "latents": latents_name, "image": image_name},
            {latents_name: latents, image_name: image},
            double.vae.decode(latents.double()).sample,
            image_name,
        )
        clamped = image.clamp(-1, 1)
        encode.add(
            {"model": model, "image": image_name, "moments": moments_name},
            {moments_name: single.vae.encode(clamped).latent_dist.parameters},
            double.vae.encode(clamped.double()).latent_dist.parameters,
            moments_name,
        )


def make(out: Path, models: Path) -> None:
    text = Golden("text-encoder", {"tolerance": 5e-5})
    unet = Golden("unet", {"tolerance": 1e-4})
    decode = Golden("vae-decode", {"tolerance": 1e-4})
    encode = Golden(
        "vae-encode", {"tolerance": 1e-4, "images": "in vae-decode.safetensors; clamp to -1..1 before encoding"}
    )
    for model in sorted(models.iterdir()):
        single, double = load_pipeline(model), load_pipeline(model, torch.float64)
        add_text(text, model.name, single, double)
        add_unet(unet, model.name, single, double)
        add_vae(decode, encode, model.name, single, double)
    for golden in (text, unet, decode, encode):
        golden.write(out)
