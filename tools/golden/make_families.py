"""Writes the tiny seeded models of the other families under test/fixtures/families.

    python tools/golden/make_families.py --tokenizer models/sketch/tokenizer --out test/fixtures/families
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from family_specs import FAMILIES, INPAINTING, FamilySpec
from initialise import TEXT_GAINS, UNET_GAINS, VAE_GAINS, initialise, let_latents_through
from make_models import MERGES, MODEL_INDEX, stored_config, write_json
from reduced_tokenizer import write_reduced_tokenizer

ADDED_GAINS = {**UNET_GAINS, "add_embedding.linear_1": 1.6, "add_embedding.linear_2": 1.6}


def save(file: Path, tensors: dict[str, torch.Tensor], half: bool) -> None:
    dtype = torch.float16 if half else torch.float32
    save_file({name: value.to(dtype).contiguous() for name, value in tensors.items()}, file, metadata={"format": "pt"})


def write_text(folder: Path, options: dict, vocabulary: int, seed: int, half: bool) -> None:
    ends = {"bos_token_id": vocabulary - 2, "eos_token_id": vocabulary - 1, "pad_token_id": vocabulary - 1}
    config = CLIPTextConfig(**options, vocab_size=vocabulary, max_position_embeddings=77, **ends)
    kind = CLIPTextModelWithProjection if "projection_dim" in options else CLIPTextModel
    network = kind(config)
    initialise(network, TEXT_GAINS, seed)
    described = {key: value for key, value in config.to_dict().items() if value not in (None, "")}
    write_json(folder / "config.json", {**described, "architectures": [kind.__name__]})
    tensors = {
        name if name.startswith("text_projection") else f"text_model.{name.removeprefix('text_model.')}": value
        for name, value in network.state_dict().items()
    }
    save(folder / "model.safetensors", tensors, half)


def write_tokenizer(source: Path, folder: Path, pad: str | None) -> int:
    vocabulary = write_reduced_tokenizer(source, folder, MERGES)
    if pad is not None:
        for name in ("special_tokens_map.json", "tokenizer_config.json"):
            # The published 2.1 folder contradicts itself; the map counts.
            if name == "tokenizer_config.json" and folder.name == "tokenizer":
                continue
            described = json.loads((folder / name).read_text("utf-8"))
            write_json(folder / name, {**described, "pad_token": pad})
    return vocabulary


def write_family(folder: Path, spec: FamilySpec, tokenizer: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    index = {**MODEL_INDEX, "_class_name": spec.pipeline, "scheduler": ["diffusers", spec.scheduler["_class_name"]], **spec.index}
    is_xl = spec.text_encoder_2 is not None
    if is_xl:
        index |= {
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer_2": ["transformers", "CLIPTokenizer"],
        }
        for key in ("safety_checker", "requires_safety_checker", "feature_extractor"):
            del index[key]
    write_json(folder / "model_index.json", index)
    write_json(folder / "scheduler" / "scheduler_config.json", spec.scheduler)
    vocabulary = write_tokenizer(tokenizer, folder / "tokenizer", None if is_xl else "!")
    write_text(folder / "text_encoder", spec.text_encoder, vocabulary, spec.seed, spec.half)
    if spec.text_encoder_2 is not None:
        write_tokenizer(tokenizer, folder / "tokenizer_2", "!")
        write_text(folder / "text_encoder_2", spec.text_encoder_2, vocabulary, spec.seed + 3, spec.half)
    unet = UNet2DConditionModel(**spec.unet)
    initialise(unet, ADDED_GAINS, spec.seed + 1)
    let_latents_through(unet, spec.latents_through)
    write_json(folder / "unet" / "config.json", {**stored_config(unet), "_class_name": "UNet2DConditionModel"})
    save(folder / "unet" / "diffusion_pytorch_model.safetensors", unet.state_dict(), spec.half)
    vae = AutoencoderKL(**spec.vae)
    initialise(vae, VAE_GAINS, spec.seed + 2)
    write_json(folder / "vae" / "config.json", {**stored_config(vae), "_class_name": "AutoencoderKL"})
    save(folder / "vae" / "diffusion_pytorch_model.safetensors", vae.state_dict(), spec.half)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tokenizer", type=Path, required=True, help="folder with CLIP's vocab.json, merges.txt")
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--only", nargs="*")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    for name, spec in {**FAMILIES, **INPAINTING}.items():
        if options.only and name not in options.only:
            continue
        write_family(options.out / name, spec, options.tokenizer)
        size = sum(file.stat().st_size for file in (options.out / name).rglob("*") if file.is_file())
        print(f"{name}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
