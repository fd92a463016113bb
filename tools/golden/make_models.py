"""Writes the tiny seeded models under test/fixtures/models. See README.md for the command."""

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ConfigMixin, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from initialise import TEXT_GAINS, UNET_GAINS, VAE_GAINS, initialise, let_latents_through
from model_specs import MODELS, ModelSpec
from reduced_tokenizer import write_reduced_tokenizer

MERGES = 400
LEGACY_ATTENTION = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def write_json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", "utf-8")


def stored_config(network: ConfigMixin) -> dict:
    """The config as save_pretrained would write it."""
    return json.loads(network.to_json_string())


def write_weights(path: Path, tensors: dict[str, torch.Tensor], spec: ModelSpec) -> None:
    """Saves floating tensors in the model's precision; the file name carries its variant."""
    suffix = f".{spec.variant}" if spec.variant else ""
    dtype = torch.float16 if spec.variant == "fp16" else torch.float32
    stored = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in tensors.items()
    }
    save_file(stored, path.with_name(f"{path.name}{suffix}.safetensors"), metadata={"format": "pt"})


def legacy_vae_name(name: str) -> str:
    """The attention names that published files bore before diffusers 0.15 (their weights are 2-D there too)."""
    if ".attentions." not in name:
        return name
    for current, legacy in LEGACY_ATTENTION.items():
        name = name.replace(f".{current}.", f".{legacy}.")
    return name


def write_text_encoder(folder: Path, spec: ModelSpec, vocabulary: int) -> None:
    config = CLIPTextConfig(
        **spec.text_encoder,
        vocab_size=vocabulary,
        max_position_embeddings=77,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
    )
    network = CLIPTextModel(config)
    initialise(network, TEXT_GAINS, spec.seed)
    # Published files name every tensor text_model.*, whatever the class calls its modules today.
    tensors = {f"text_model.{name.removeprefix('text_model.')}": value for name, value in network.state_dict().items()}
    if spec.position_ids:
        tensors["text_model.embeddings.position_ids"] = torch.arange(77).expand(1, -1)
    described = {key: value for key, value in config.to_dict().items() if value not in (None, "")}
    write_json(folder / "config.json", {**described, "architectures": ["CLIPTextModel"]})
    write_weights(folder / "model", tensors, spec)


def write_unet(folder: Path, spec: ModelSpec) -> None:
    network = UNet2DConditionModel(**spec.unet)
    initialise(network, UNET_GAINS, spec.seed + 1)
    let_latents_through(network, spec.latents_through)
    described = {"_class_name": "UNet2DConditionModel", **(spec.unet if spec.legacy else stored_config(network))}
    write_json(folder / "config.json", described)
    write_weights(folder / "diffusion_pytorch_model", network.state_dict(), spec)


def write_vae(folder: Path, spec: ModelSpec) -> None:
    network = AutoencoderKL(**spec.vae)
    initialise(network, VAE_GAINS, spec.seed + 2)
    described = {"_class_name": "AutoencoderKL", **(spec.vae if spec.legacy else stored_config(network))}
    tensors = network.state_dict()
    if spec.legacy:
        tensors = {legacy_vae_name(name): tensor for name, tensor in tensors.items()}
    write_json(folder / "config.json", described)
    write_weights(folder / "diffusion_pytorch_model", tensors, spec)


def write_model(folder: Path, spec: ModelSpec, tokenizer: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    scheduler_class = spec.scheduler["_class_name"]
    write_json(folder / "model_index.json", {**MODEL_INDEX, "scheduler": ["diffusers", scheduler_class]})
    write_json(folder / "scheduler" / "scheduler_config.json", spec.scheduler)
    vocabulary = write_reduced_tokenizer(tokenizer, folder / "tokenizer", MERGES)
    write_text_encoder(folder / "text_encoder", spec, vocabulary)
    write_unet(folder / "unet", spec)
    write_vae(folder / "vae", spec)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tokenizer", type=Path, required=True, help="folder with CLIP's vocab.json, merges.txt")
    arguments.add_argument("--out", type=Path, required=True, help="folder that receives one folder per model")
    arguments.add_argument("--only", nargs="*", default=sorted(MODELS), choices=sorted(MODELS))
    options = arguments.parse_args()
    torch.set_num_threads(1)
    for name in options.only:
        write_model(options.out / name, MODELS[name], options.tokenizer)
        size = sum(file.stat().st_size for file in (options.out / name).rglob("*") if file.is_file())
        print(f"{name}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
