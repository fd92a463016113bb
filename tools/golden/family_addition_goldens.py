"""LoRAs and a textual inversion of tiny-xl in the names that they come in, and diffusers' pictures with them. Needs PEFT.

    python tools/golden/family_addition_goldens.py --models test/fixtures/families --additions test/fixtures/family-additions --out test/fixtures/golden
"""

import argparse
import json
import re
import warnings
from pathlib import Path

import diffusers
import torch
import transformers
from safetensors.torch import load_file, save_file

from family_goldens import load
from golden_file import write_cases, write_tensors
from lora_goldens import RANK, pair, targets, text_name
from pipelines import create_sampler, scheduler_config

MODEL = "tiny-xl"
PROMPT = "a red fox in the snow"
MADE = {
    "generator": "tools/golden/family_addition_goldens.py",
    "command": "python tools/golden/family_addition_goldens.py --models test/fixtures/families"
    " --additions test/fixtures/family-additions --out test/fixtures/golden",
}


def kohya(pipeline, kinds: tuple[str, ...], seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator("cpu").manual_seed(seed)
    parts = {"lora_unet_": pipeline.unet, "lora_te1_": pipeline.text_encoder, "lora_te2_": pipeline.text_encoder_2}
    tensors = {}
    for prefix, network in parts.items():
        for name, module in targets(network, kinds).items():
            # diffusers loses kohya's names of the embeddings, and trainers leave the projection alone.
            if "embedding" in name or "text_projection" in name:
                continue
            key = prefix + (name if prefix == "lora_unet_" else text_name(name)).replace(".", "_")
            down, up = pair(module, generator, 0.8)
            tensors |= {f"{key}.lora_down.weight": down.half(), f"{key}.lora_up.weight": up.half()}
            tensors[f"{key}.alpha"] = torch.tensor(1.0, dtype=torch.float16)
    return tensors


def compvis(tensors: dict[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    """The UNet's attention layers under CompVis' names, as kohya's scripts write them for SDXL."""

    def rename(name: str) -> str:
        side = re.match(r"lora_unet_(down|up|mid)_blocks?_(?:(\d)_)?attentions_(\d)_", name)
        if side is None:
            return name
        rest = name[side.end() :]
        kind, block, index = side.group(1), int(side.group(2) or 0), int(side.group(3))
        if kind == "mid":
            return f"lora_unet_middle_block_1_{rest}"
        at = block * (layers + 1) + index + (1 if kind == "down" else 0)
        return f"lora_unet_{'input' if kind == 'down' else 'output'}_blocks_{at}_1_{rest}"

    return {rename(name): value for name, value in tensors.items()}


def peft(pipeline, seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator("cpu").manual_seed(seed)
    parts = {"unet": pipeline.unet, "text_encoder": pipeline.text_encoder, "text_encoder_2": pipeline.text_encoder_2}
    tensors = {}
    for part, network in parts.items():
        for name, module in targets(network, ("attention",)).items():
            if not any(word in name for word in ("attn1", "attn2", "self_attn")):
                continue
            down, up = pair(module, generator, 0.8)
            key = f"{part}.{name if part == 'unet' else text_name(name)}"
            tensors |= {f"{key}.lora_A.weight": down.half(), f"{key}.lora_B.weight": up.half()}
    return tensors


def write_additions(folder: Path, pipeline) -> None:
    (folder / "Lora").mkdir(parents=True, exist_ok=True)
    (folder / "embeddings").mkdir(exist_ok=True)
    layers = pipeline.unet.config.layers_per_block
    save_file(kohya(pipeline, ("attention", "conv"), seed=1), folder / "Lora" / "chalk-xl.safetensors")
    save_file(compvis(kohya(pipeline, ("attention",), seed=2), layers), folder / "Lora" / "ink-xl.safetensors")
    save_file(peft(pipeline, seed=3), folder / "Lora" / "wash-xl.safetensors")
    generator = torch.Generator("cpu").manual_seed(4)
    widths = {"clip_l": pipeline.text_encoder.config.hidden_size, "clip_g": pipeline.text_encoder_2.config.hidden_size}
    vectors = {name: torch.randn(2, width, generator=generator) for name, width in widths.items()}
    save_file(vectors, folder / "embeddings" / "glow-xl.safetensors")


def paint(model: Path, additions: Path, prompt: str, loras: list[list]) -> torch.Tensor:
    pipeline = load(model)
    pipeline.scheduler = create_sampler("euler", scheduler_config(model))
    if "glow-xl" in prompt:
        vectors = load_file(additions / "embeddings" / "glow-xl.safetensors")
        for key, tokenizer, encoder in (
            ("clip_l", pipeline.tokenizer, pipeline.text_encoder),
            ("clip_g", pipeline.tokenizer_2, pipeline.text_encoder_2),
        ):
            pipeline.load_textual_inversion(vectors[key], token="glow-xl", tokenizer=tokenizer, text_encoder=encoder)
    for name, _ in loras:
        pipeline.load_lora_weights(additions / "Lora" / f"{name}.safetensors", adapter_name=name)
    if loras:
        pipeline.set_adapters([name for name, _ in loras], [weight for _, weight in loras])
        pipeline.fuse_lora(
            components=["unet", "text_encoder", "text_encoder_2"], adapter_names=[name for name, _ in loras]
        )
    drawn = pipeline(
        prompt,
        negative_prompt="blurry",
        num_inference_steps=4,
        guidance_scale=5.0,
        width=64,
        height=64,
        generator=torch.Generator("cpu").manual_seed(11),
        output_type="np",
    ).images
    return torch.from_numpy((drawn[0] * 255).round().astype("uint8"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    for option in ("--models", "--additions", "--out"):
        arguments.add_argument(option, type=Path, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    model = options.models / MODEL
    write_additions(options.additions, load(model))
    chosen = [
        (PROMPT, []),
        (PROMPT, [["chalk-xl", 0.7]]),
        (PROMPT, [["ink-xl", 1]]),
        (PROMPT, [["wash-xl", 0.8]]),
        (PROMPT, [["chalk-xl", 0.3], ["ink-xl", 0.5], ["wash-xl", 0.4]]),
        ("a fox, glow-xl, in the snow", []),
    ]
    cases, tensors = [], {}
    for index, (prompt, loras) in enumerate(chosen):
        tensors[str(index)] = paint(model, options.additions, prompt, loras)
        cases.append({"prompt": prompt, "loras": loras, "rgb": str(index)})
    spec = {"model": MODEL, "sampler": "euler", "steps": 4, "guidance": 5, "seed": 11, "negative": "blurry"}
    write_cases(options.out / "family-additions.json", {**MADE, "tolerance": 2, "rank": RANK, "spec": spec}, cases)
    write_tensors(options.out / "family-additions.safetensors", tensors)
    print(json.dumps({file.name: file.stat().st_size for file in options.additions.rglob("*.safetensors")}))


if __name__ == "__main__":
    main()
