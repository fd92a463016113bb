"""Which diffusers name each tensor of a single-file checkpoint gets, by diffusers' own converters.

The checkpoint's names are written here as CompVis' code has them; diffusers' converters, which only move values from
name to name, are then given the names as values, so that what they return is the correspondence itself.
"""

import json
import re
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

from golden_file import write_cases

V1_UNET = {
    "block_out_channels": [320, 640, 1280, 1280],
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "layers_per_block": 2,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
}
V1_VAE = {
    "block_out_channels": [128, 256, 512, 512],
    "latent_channels": 4,
    "layers_per_block": 2,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


class Name(str):
    """A name that passes for a linear layer's tensor."""

    ndim = 2
    shape = (1, 1)


def replace_start(name: str, table: dict[str, str]) -> str:
    for start, replacement in table.items():
        if name.startswith(f"{start}."):
            return replacement + name[len(start) :]
    return name


def unet_name(name: str, config: dict) -> str:
    period = config["layers_per_block"] + 1
    if match := re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", name):
        side, block, kind, index, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
        if kind == "downsamplers":
            return f"input_blocks.{(block + 1) * period}.0.{rest.replace('conv', 'op')}"
        if kind == "upsamplers":
            attends = config["up_block_types"][block] == "CrossAttnUpBlock2D"
            return f"output_blocks.{block * period + period - 1}.{2 if attends else 1}.{rest}"
        place = f"input_blocks.{1 + block * period + index}" if side == "down" else f"output_blocks.{block * period + index}"
        return f"{place}.1.{rest}" if kind == "attentions" else f"{place}.0.{replace_start(rest, RESNET)}"
    if match := re.match(r"mid_block\.(\w+)\.(\d+)\.(.+)", name):
        if match[1] == "attentions":
            return f"middle_block.1.{match[3]}"
        return f"middle_block.{2 * int(match[2])}.{replace_start(match[3], RESNET)}"
    return replace_start(name, UNET_ENDS)


def vae_name(name: str, config: dict) -> str:
    last = len(config["block_out_channels"]) - 1
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    if match := re.match(r"(encoder|decoder)\.(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", name):
        level = int(match[3]) if match[2] == "down" else last - int(match[3])
        part = f"block.{match[5]}" if match[4] == "resnets" else f"{match[2]}sample"
        return f"{match[1]}.{match[2]}.{level}.{part}.{match[6]}"
    if match := re.match(r"(encoder|decoder)\.mid_block\.(\w+)\.(\d+)\.(.+)", name):
        if match[2] == "resnets":
            return f"{match[1]}.mid.block_{int(match[3]) + 1}.{match[4]}"
        return f"{match[1]}.mid.attn_1.{replace_start(match[4], VAE_ATTENTION)}"
    return name


def unet_pairs(config: dict) -> dict[str, str]:
    with torch.device("meta"):
        names = list(UNet2DConditionModel(**config).state_dict())
    checkpoint = {f"model.diffusion_model.{unet_name(name, config)}": Name(unet_name(name, config)) for name in names}
    converted = convert_ldm_unet_checkpoint(checkpoint, config)
    assert set(converted) == set(names), set(converted) ^ set(names)
    return {ldm: name for name, ldm in converted.items()}


def vae_pairs(config: dict) -> dict[str, str]:
    with torch.device("meta"):
        names = list(AutoencoderKL(**config).state_dict())
    checkpoint = {f"first_stage_model.{vae_name(name, config)}": Name(vae_name(name, config)) for name in names}
    converted = convert_ldm_vae_checkpoint(checkpoint, config)
    assert set(converted) == set(names), set(converted) ^ set(names)
    return {ldm: name for name, ldm in converted.items()}


def own(config: dict) -> dict:
    return {key: value for key, value in config.items() if not key.startswith("_")}


def make(out: Path, models: Path) -> None:
    cases = [{"model": "v1", "layersPerBlock": 2, "unet": unet_pairs(V1_UNET), "vae": vae_pairs(V1_VAE)}]
    for name in ("tiny-conv", "tiny-linear"):
        unet = own(json.loads((models / name / "unet" / "config.json").read_text("utf-8")))
        vae = own(json.loads((models / name / "vae" / "config.json").read_text("utf-8")))
        case = {"model": name, "layersPerBlock": unet["layers_per_block"]}
        cases.append({**case, "unet": unet_pairs(unet), "vae": vae_pairs(vae)})
    write_cases(out / "checkpoint-names.json", {"tolerance": "equal"}, cases)
