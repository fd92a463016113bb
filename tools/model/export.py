"""Writes the trained networks as a Stable Diffusion v1 style diffusers folder with fp16 weights.

    python export.py --checkpoint both.pt --vae VAE_FOLDER --icons icons.npz --words words.npz --out models/sketch

Also writes `easel.json` (recommended settings and the linear latent-to-RGB preview) and `held-out.json`. The tokenizer
is already in the folder; the model card beside the weights is written by hand.
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file
from torch.nn import functional as F

from icons import THINGS, load_icons
from places import PLACES, SIZE
from sampling import SCHEDULE
from scenes import COLOURS, SHAPES, Renderer, held_out
from texts import BOS, EOS, TEXT, Texts
from train_both import Both
from train_unet import UNET
from train_vae import pictures

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
SCHEDULER = {"_class_name": PIPELINE["scheduler"][1], **SCHEDULE, "skip_prk_steps": True, "trained_betas": None}
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
# A word that was never taught gets the rows of its nearest concepts, the more the likelier it means the same: nothing of
# them below the first cosine, all from the second on.
LIKE_FROM, LIKE_TO = 0.5, 0.72
SHARPNESS = 0.05


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def save_half(tensors: dict[str, torch.Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})


def spread(table: torch.Tensor, texts: Texts, words: Path) -> torch.Tensor:
    """[49408, width] from the small table: what was taught as it is, every other word near what it is like."""
    whole = table[texts.rows].clone()
    file = np.load(words)
    concepts = [texts.tokenizer(str(concept))["input_ids"][1:-1] for concept in file["concepts"]]
    for token, nearest, likeness in zip(file["ids"].tolist(), file["nearest"], file["likeness"]):
        single = [(concepts[k][0], float(like)) for k, like in zip(nearest, likeness) if len(concepts[k]) == 1]
        if texts.rows[token] or not single or single[0][1] <= LIKE_FROM:
            continue
        share = min(1.0, (single[0][1] - LIKE_FROM) / (LIKE_TO - LIKE_FROM))
        weights = torch.softmax(torch.tensor([like for _, like in single]) / SHARPNESS, 0)
        near = (weights[:, None] * table[texts.rows[torch.tensor([one for one, _ in single])]]).sum(0)
        whole[token] = share * near + (1 - share) * table[0]
    return whole


def export_text_encoder(model: Both, texts: Texts, words: Path, folder: Path) -> None:
    """With the names that older transformers publish."""
    tensors = {}
    for name, tensor in model.text_encoder.state_dict().items():
        name = "text_model." + name.removeprefix("text_model.")
        if name.endswith("token_embedding.weight"):
            tensor = spread(tensor, texts, words)
        if not name.endswith("position_ids"):
            tensors[name] = tensor
    save_half(tensors, folder / "model.safetensors")
    write_json(folder / "config.json", TEXT_ENCODER)


@torch.no_grad()
def preview_factors(vae: AutoencoderKL, renderer: Renderer) -> tuple[list[list[float]], list[float]]:
    """Least squares from scaled latents to the mean colour (-1..1) of the 8×8 pixels under each."""
    shown = pictures(renderer, random.Random(11), 256)
    latents = torch.cat([vae.encode(batch).latent_dist.mean for batch in shown.split(32)]) * vae.config.scaling_factor
    inputs = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
    wanted = F.avg_pool2d(shown, 8).permute(0, 2, 3, 1).reshape(-1, 3)
    solved = torch.linalg.lstsq(inputs, wanted).solution
    print(f"preview: mean error {(inputs @ solved - wanted).abs().mean() * 127.5:.1f}/255")
    rounded = [[round(value, 4) for value in row] for row in solved.tolist()]
    return rounded[:-1], rounded[-1]


def combinations() -> dict[str, list[list[str]]]:
    """What training never showed, for the evaluation."""
    shapes = [[s, c, b] for s in SHAPES for c in COLOURS for b in COLOURS if c != b and held_out(s, c, b)]
    colours = [[t, c] for t in THINGS for c in COLOURS if held_out(t, c)]
    places = [[t, p] for t in THINGS for p in PLACES if held_out(t, p)]
    return {"shapes": shapes, "colours": colours, "places": places}


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--checkpoint", type=Path, required=True)
    flags.add_argument("--vae", type=Path, required=True)
    flags.add_argument("--icons", type=Path, required=True)
    flags.add_argument("--words", type=Path, required=True)
    flags.add_argument("--tokenizer", type=Path, help="where it is not in --out already")
    flags.add_argument("--out", type=Path, required=True, help="folder that already holds tokenizer/")
    args = flags.parse_args()

    texts = Texts(args.tokenizer or args.out / "tokenizer", args.words)
    saved = torch.load(args.checkpoint, weights_only=True)
    model = Both(len(texts.taught))
    model.load_state_dict(saved["average"])
    vae = AutoencoderKL.from_pretrained(args.vae, low_cpu_mem_usage=False).eval()

    save_half(model.unet.state_dict(), args.out / "unet" / "diffusion_pytorch_model.safetensors")
    write_json(args.out / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", "norm_eps": 1e-5, **UNET})
    save_half(vae.state_dict(), args.out / "vae" / "diffusion_pytorch_model.safetensors")
    kept = {key: value for key, value in json.loads((args.vae / "config.json").read_text()).items() if value is not None and key != "_name_or_path"}
    write_json(args.out / "vae" / "config.json", kept)
    export_text_encoder(model, texts, args.words, args.out / "text_encoder")
    write_json(args.out / "scheduler" / "scheduler_config.json", SCHEDULER)
    write_json(args.out / "model_index.json", PIPELINE)
    factors, bias = preview_factors(vae, Renderer(load_icons(args.icons)))
    write_json(args.out / "easel.json", {**DEFAULTS, "latentRgb": factors, "latentRgbBias": bias})
    lists = ",\n".join(
        f'  {json.dumps(name)}: [\n' + ",\n".join(f"    {json.dumps(one)}" for one in ones) + "\n  ]" for name, ones in combinations().items()
    )
    (args.out / "held-out.json").write_text(f"{{\n{lists}\n}}\n")
    print(f"exported after {saved['samples']} samples; {len(texts.taught)} taught tokens")


if __name__ == "__main__":
    main()
