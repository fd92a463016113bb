"""LoRAs of tiny-conv whose strength stands in PEFT's configuration, as diffusers and PEFT save them, and their pictures.

    python tools/golden/peft_goldens.py --models test/fixtures/models --loras test/fixtures/loras-peft --out test/fixtures/golden
"""

import argparse
import json
import warnings
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import StableDiffusionPipeline
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import get_peft_model_state_dict

from golden_file import write_cases, write_tensors
from lora_goldens import MODEL, PROMPT
from pipelines import create_sampler, load_pipeline, scheduler_config

TARGETS = ["to_q", "to_v"]
MID = "mid_block.attentions.0.transformer_blocks.0"


def fill(module: torch.nn.Module, seed: int) -> None:
    """Every pair of matrices so large that a wrong strength shows in the picture."""
    generator = torch.Generator("cpu").manual_seed(seed)
    for name, parameter in module.named_parameters():
        if "lora_" in name:
            scale = 0.35 / parameter.shape[0 if "lora_B" in name else 1] ** 0.25
            parameter.data = torch.randn(parameter.shape, generator=generator) * scale


def save_with_metadata(models: Path, folder: Path) -> None:
    """As diffusers' training scripts do: one file, the configuration in its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    pipeline = load_pipeline(models / MODEL)
    pipeline.unet.add_adapter(LoraConfig(r=4, lora_alpha=8, use_rslora=True, target_modules=TARGETS, init_lora_weights=False))
    fill(pipeline.unet, seed=6)
    StableDiffusionPipeline.save_lora_weights(
        folder,
        unet_lora_layers=get_peft_model_state_dict(pipeline.unet),
        unet_lora_adapter_metadata=pipeline.unet.peft_config["default"].to_dict() | {"target_modules": TARGETS},
        weight_name="stable.safetensors",
    )


def save_folder(models: Path, folder: Path, name: str, seed: int, **config) -> None:
    """As PEFT's `save_pretrained` does: a folder with the weights and `adapter_config.json`."""
    pipeline = load_pipeline(models / MODEL)
    model = get_peft_model(pipeline.unet, LoraConfig(r=4, target_modules=TARGETS, init_lora_weights=False, **config))
    fill(model, seed)
    model.save_pretrained(folder / name)
    (folder / name / "README.md").unlink()
    path = folder / name / "adapter_config.json"
    saved = json.loads(path.read_text())
    saved |= {"target_modules": sorted(saved["target_modules"]), "base_model_name_or_path": MODEL}
    path.write_text(json.dumps(saved, indent=2, sort_keys=True) + "\n")


def paint(model: Path, loras: Path, name: str) -> torch.Tensor:
    pipeline = load_pipeline(model)
    pipeline.scheduler = create_sampler("ddim", scheduler_config(model))
    if (loras / name).is_dir():
        pipeline.unet = PeftModel.from_pretrained(pipeline.unet, loras / name).merge_and_unload()
    else:
        pipeline.load_lora_weights(loras / f"{name}.safetensors", adapter_name=name)
        pipeline.fuse_lora(adapter_names=[name])
    picture = pipeline(
        PROMPT,
        num_inference_steps=4,
        guidance_scale=5.0,
        width=64,
        height=64,
        generator=torch.Generator("cpu").manual_seed(11),
        output_type="np",
    ).images
    return torch.from_numpy((picture[0] * 255).round().astype("uint8"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    for option in ("--models", "--loras", "--out"):
        arguments.add_argument(option, type=Path, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    save_with_metadata(options.models, options.loras)
    save_folder(options.models, options.loras, "brush", 7, lora_alpha=16)
    patterns = {"alpha_pattern": {f"{MID}.attn1.to_q": 3, "attn2.to_v": 12}, "rank_pattern": {f"{MID}.attn1.to_q": 2}}
    save_folder(options.models, options.loras, "brush-parts", 8, lora_alpha=6, **patterns)
    save_folder(options.models, options.loras, "brush-stable", 9, lora_alpha=5, use_rslora=True, **patterns)
    cases, tensors = [], {}
    for name in ("stable", "brush", "brush-parts", "brush-stable"):
        tensors[name] = paint(options.models / MODEL, options.loras, name)
        cases.append({"name": name, "loras": [[name, 1]], "rgb": name})
    facts = {"tolerance": 2, "spec": {"model": MODEL, "prompt": PROMPT, "sampler": "ddim", "steps": 4, "guidance": 5, "seed": 11}}
    write_cases(options.out / "loras-peft.json", facts, cases)
    write_tensors(options.out / "loras-peft.safetensors", tensors)


if __name__ == "__main__":
    main()
