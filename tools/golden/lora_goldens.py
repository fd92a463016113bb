"""LoRAs of tiny-conv in the names that LoRAs come in, and diffusers' pictures with them. Needs PEFT beside diffusers.

    python tools/golden/lora_goldens.py --models test/fixtures/models --loras test/fixtures/loras --out test/fixtures/golden
"""

import argparse
import json
import warnings
from pathlib import Path

import diffusers
import torch
import transformers
from safetensors.torch import save_file

from golden_file import write_cases, write_tensors
from pipelines import create_sampler, load_pipeline, scheduler_config

MODEL = "tiny-conv"
PROMPT = "a red fox in the snow"
RANK = 2


def targets(network: torch.nn.Module, kinds: tuple[str, ...]) -> dict[str, torch.nn.Module]:
    """Layers that a LoRA changes, by name: `attention` (with feed-forward), `conv` (all others of the UNet)."""
    found = {}
    for name, module in network.named_modules():
        if not isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            continue
        attends = any(part in name for part in ("attentions", "self_attn", "mlp"))
        if ("attention" if attends else "conv") in kinds:
            found[name] = module
    return found


def pair(module: torch.nn.Module, generator: torch.Generator, strength: float) -> tuple[torch.Tensor, torch.Tensor]:
    """down and up of a layer, so that up · down changes its weights by about `strength` of their size."""
    weight = module.weight
    scale = (strength * weight.std() / RANK**0.5).sqrt()
    down = torch.randn((RANK, *weight.shape[1:]), generator=generator) * scale
    up = torch.randn((weight.shape[0], RANK, *[1] * (weight.dim() - 2)), generator=generator) * scale
    return down.detach(), up.detach()


def text_name(name: str) -> str:
    return name if name.startswith("text_model.") else f"text_model.{name}"


def kohya(pipeline, kinds: tuple[str, ...], alpha: float, seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator("cpu").manual_seed(seed)
    tensors = {}
    layers = {f"lora_unet_{name}": module for name, module in targets(pipeline.unet, kinds).items()}
    layers |= {f"lora_te_{text_name(name)}": module for name, module in targets(pipeline.text_encoder, kinds).items()}
    for name, module in layers.items():
        down, up = pair(module, generator, 0.8)
        key = name.replace(".", "_")
        tensors |= {f"{key}.lora_down.weight": down.half(), f"{key}.lora_up.weight": up.half()}
        tensors[f"{key}.alpha"] = torch.tensor(alpha, dtype=torch.float16)
    return tensors


def peft(pipeline, seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator("cpu").manual_seed(seed)
    tensors = {}
    layers = {f"unet.{name}": module for name, module in targets(pipeline.unet, ("attention",)).items() if "attn" in name}
    layers |= {
        f"text_encoder.{text_name(name)}": module
        for name, module in targets(pipeline.text_encoder, ("attention",)).items()
        if "self_attn" in name
    }
    for name, module in layers.items():
        down, up = pair(module, generator, 0.8)
        tensors |= {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}
    return tensors


def old(pipeline, seed: int) -> dict[str, torch.Tensor]:
    """diffusers' attention processors of 2023."""
    generator = torch.Generator("cpu").manual_seed(seed)
    tensors = {}
    for name, module in targets(pipeline.unet, ("attention",)).items():
        if ".attn" not in name:
            continue
        block, layer = name.removesuffix(".0").rsplit(".", 1)
        down, up = pair(module, generator, 0.8)
        tensors[f"unet.{block}.processor.{layer}_lora.down.weight"] = down.half()
        tensors[f"unet.{block}.processor.{layer}_lora.up.weight"] = up.half()
    return tensors


def write_loras(folder: Path, pipeline) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(kohya(pipeline, ("attention",), 1, seed=1), folder / "ink.safetensors")
    save_file(kohya(pipeline, ("attention", "conv"), 2, seed=2), folder / "chalk.safetensors")
    adapter = {"unet.lora_alpha": 3, "unet.r": RANK, "text_encoder.lora_alpha": 1, "text_encoder.r": RANK}
    adapter |= {f"{part}.target_modules": ["q_proj", "k_proj", "v_proj", "out_proj"] for part in ["text_encoder"]}
    adapter["unet.target_modules"] = ["to_q", "to_k", "to_v", "to_out.0"]
    metadata = {"format": "pt", "lora_adapter_metadata": json.dumps(adapter)}
    save_file(peft(pipeline, seed=3), folder / "wash.safetensors", metadata=metadata)
    save_file(old(pipeline, seed=4), folder / "relic.safetensors")


def paint(model: Path, loras: Path, chosen: list[list]) -> torch.Tensor:
    pipeline = load_pipeline(model)
    pipeline.scheduler = create_sampler("ddim", scheduler_config(model))
    for name, _ in chosen:
        pipeline.load_lora_weights(loras / f"{name}.safetensors", adapter_name=name)
    if chosen:
        pipeline.set_adapters([name for name, _ in chosen], [weight for _, weight in chosen])
        pipeline.fuse_lora(adapter_names=[name for name, _ in chosen])
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
    model = options.models / MODEL
    write_loras(options.loras, load_pipeline(model))
    chosen = [
        [],
        [["ink", 1]],
        [["ink", 0.5]],
        [["chalk", 0.7]],
        [["wash", 0.8]],
        [["relic", -0.6]],
        [["ink", 0.6], ["chalk", 0.3], ["wash", 0.5]],
    ]
    cases, tensors = [], {}
    for loras in chosen:
        name = "+".join(f"{lora}:{weight}" for lora, weight in loras) if loras else "none"
        tensors[name] = paint(model, options.loras, loras)
        cases.append({"name": name, "loras": loras, "rgb": name})
    facts = {"tolerance": 2, "spec": {"model": MODEL, "prompt": PROMPT, "sampler": "ddim", "steps": 4, "guidance": 5, "seed": 11}}
    write_cases(options.out / "loras.json", facts, cases)
    write_tensors(options.out / "loras.safetensors", tensors)


if __name__ == "__main__":
    main()
