"""Writes the trained networks as a Stable Diffusion v1 style diffusers folder with fp16 weights.

    python export.py --checkpoint CHECKPOINT --vae VAE_FOLDER --icons ICONS --out models/sketch

Also writes `easel.json` (recommended settings and the linear latent-to-RGB preview) and `held-out.json`. The tokenizer
is already in the folder; the model card beside the weights is written by hand.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file
from torch.nn import functional as F

from captions import BOS, EOS, load_tokenizer, row_of_id, taught_ids
from icons import load_icons
from scenes import SIZE, held_out
from train_unet import TEXT, UNET, Model
from train_vae import plain_batch

DEFAULTS = {"name": "Sketch", "steps": 20, "guidance": 4.0, "width": SIZE, "height": SIZE}

PIPELINE = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": [None, None],
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
SCHEDULER = {
    "_class_name": PIPELINE["scheduler"][1],
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}
TEXT_ENCODER = {
    "architectures": ["CLIPTextModel"],
    "model_type": "clip_text_model",
    "vocab_size": 49408,
    "layer_norm_eps": 1e-5,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
    "pad_token_id": EOS,
    **TEXT,
}


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def save_half(tensors: dict[str, torch.Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})


def export_text_encoder(model: Model, taught: list[int], folder: Path) -> None:
    """Spreads the small embedding table over CLIP's vocabulary and writes the names older transformers publish."""
    tensors = {}
    for name, tensor in model.text_encoder.state_dict().items():
        name = "text_model." + name.removeprefix("text_model.")
        if name.endswith("token_embedding.weight"):
            tensor = tensor[row_of_id(taught)]
        if not name.endswith("position_ids"):
            tensors[name] = tensor
    save_half(tensors, folder / "model.safetensors")
    write_json(folder / "config.json", TEXT_ENCODER)


@torch.no_grad()
def preview_factors(vae: AutoencoderKL, icons: dict) -> tuple[list[list[float]], list[float]]:
    """Least squares from scaled latents to the mean colour (-1..1) of the 8×8 pixels under each."""
    pictures = plain_batch(random.Random(11), icons, 512)
    latents = torch.cat([vae.encode(batch).latent_dist.mean for batch in pictures.split(32)]) * vae.config.scaling_factor
    inputs = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
    wanted = F.avg_pool2d(pictures, 8).permute(0, 2, 3, 1).reshape(-1, 3)
    solved = torch.linalg.lstsq(inputs, wanted).solution
    print(f"preview: mean error {(inputs @ solved - wanted).abs().mean() * 127.5:.1f}/255")
    rounded = [[round(value, 4) for value in row] for row in solved.tolist()]
    return rounded[:-1], rounded[-1]


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--checkpoint", type=Path, required=True)
    flags.add_argument("--vae", type=Path, required=True)
    flags.add_argument("--icons", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True, help="folder that already holds tokenizer/")
    args = flags.parse_args()

    taught = taught_ids(load_tokenizer(args.out / "tokenizer"))
    saved = torch.load(args.checkpoint)
    model = Model(len(taught))
    model.load_state_dict(saved["average"])
    vae = AutoencoderKL.from_pretrained(args.vae).eval()

    save_half(model.unet.state_dict(), args.out / "unet" / "diffusion_pytorch_model.safetensors")
    write_json(args.out / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", "norm_eps": 1e-5, **UNET})
    save_half(vae.state_dict(), args.out / "vae" / "diffusion_pytorch_model.safetensors")
    kept = {key: value for key, value in json.loads((args.vae / "config.json").read_text()).items() if value is not None and key != "_name_or_path"}
    write_json(args.out / "vae" / "config.json", kept)
    export_text_encoder(model, taught, args.out / "text_encoder")
    write_json(args.out / "scheduler" / "scheduler_config.json", SCHEDULER)
    write_json(args.out / "model_index.json", PIPELINE)

    factors, bias = preview_factors(vae, load_icons(args.icons))
    write_json(args.out / "easel.json", {**DEFAULTS, "latentRgb": factors, "latentRgbBias": bias})
    combinations = [{"colour": c, "shape": s, "background": b} for c, s, b in held_out()]
    lines = ",\n".join(f"  {json.dumps(combination)}" for combination in combinations)
    (args.out / "held-out.json").write_text(f"[\n{lines}\n]\n")
    print(f"exported step {saved['step']}; {len(taught)} taught words")


if __name__ == "__main__":
    main()
