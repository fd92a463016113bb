"""A tiny safety checker, and what diffusers' and transformers' own make of a few pictures.

    python safety_goldens.py --out test/fixtures

Writes OUT/safety-checker/ (config.json, model.safetensors) and OUT/golden/safety.*.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor

from golden_file import numbers, write_cases, write_tensors

MADE = {"generator": "tools/golden/safety_goldens.py", "command": "python safety_goldens.py --out test/fixtures"}
SIDE = 32
SIZES = [(32, 32), (64, 48), (40, 100), (33, 57), (24, 20), (128, 128), (96, 64), (20, 90)]


def picture(width: int, height: int, index: int) -> np.ndarray:
    """Far enough from black and white that no filter overshoots: then it does not matter which way Pillow goes first."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 90 * np.sin(x / (3 + index)), 127 + 90 * np.cos(y / (2 + index)), 70 + 120 * ((x // 5 + y // 7) % 2)]
    return np.stack(planes, -1).round().astype("uint8")


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    torch.manual_seed(3)
    vision = {"hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "image_size": SIDE, "patch_size": 8, "hidden_act": "quick_gelu"}
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=16)).eval()
    processor = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    pictures = [picture(width, height, index) for index, (width, height) in enumerate(SIZES)]
    pixels = torch.cat([processor([Image.fromarray(one)], return_tensors="pt").pixel_values for one in pictures])
    embeddings = checker.visual_projection(checker.vision_model(pixels)[1])
    # Concepts near some of the pictures, thresholds so that some are caught, one of them only by special care.
    noise = torch.randn(17, 16)
    checker.concept_embeds.data = torch.cat([embeddings[:5] + 0.3 * embeddings[:5].norm(dim=-1, keepdim=True) * torch.nn.functional.normalize(noise[:5], dim=-1), noise[5:]])
    checker.special_care_embeds.data = torch.randn(3, 16)
    cosines = torch.nn.functional.normalize(embeddings, dim=-1) @ torch.nn.functional.normalize(checker.concept_embeds, dim=-1).T
    cares = torch.nn.functional.normalize(embeddings, dim=-1) @ torch.nn.functional.normalize(checker.special_care_embeds, dim=-1).T
    highest = cosines.max(dim=0).values
    checker.concept_embeds_weights.data = highest + 0.02
    checker.concept_embeds_weights.data[0] = highest[0] - 0.0102
    checker.concept_embeds_weights.data[1] = highest[1] + 0.005
    checker.special_care_embeds_weights.data = cares.max(dim=0).values - torch.tensor([0.001, -0.5, -0.5])
    flagged = checker(pixels, [one / 255 for one in pictures])[1]

    folder = options.out / "safety-checker"
    checker.save_pretrained(folder)
    tensors = {f"{index}/picture": torch.from_numpy(one) for index, one in enumerate(pictures)}
    tensors |= {f"{index}/pixels": pixels[index] for index in range(len(pictures))}
    cases = [
        {"width": width, "height": height, "picture": f"{index}/picture", "pixels": f"{index}/pixels", "embedding": numbers(embeddings[index]), "unsafe": bool(flagged[index])}
        for index, (width, height) in enumerate(SIZES)
    ]
    write_cases(options.out / "golden" / "safety.json", {**MADE, "side": SIDE, "tolerance": "pixels 1 of 255, embeddings 1e-4"}, cases)
    write_tensors(options.out / "golden" / "safety.safetensors", tensors)
    print([case["unsafe"] for case in cases])


if __name__ == "__main__":
    main()
