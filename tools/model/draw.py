"""Draws prompts with the reference implementation (diffusers), one PNG a prompt, for eyes and for `eval.ts --pictures`.

    python draw.py --model models/sketch --prompts PROMPTS.json --out FOLDER [--scheduler DPMSolverMultistepScheduler]

PROMPTS.json is a list of objects with at least `prompt`; picture i is OUT/i.png, drawn from seed i. The list is copied
to OUT/prompts.json.
"""

import argparse
import json
from pathlib import Path

import diffusers
import torch

BATCH = 20


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--model", type=Path, required=True)
    flags.add_argument("--prompts", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--scheduler", help="a diffusers class in place of the model's own")
    flags.add_argument("--karras", action="store_true", help="use_karras_sigmas")
    flags.add_argument("--steps", type=int)
    flags.add_argument("--guidance", type=float)
    flags.add_argument("--negative", default="")
    flags.add_argument("--threads", type=int, default=2)
    args = flags.parse_args()
    torch.set_num_threads(args.threads)

    defaults = json.loads((args.model / "easel.json").read_text())
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(args.model, torch_dtype=torch.float32, safety_checker=None, feature_extractor=None)
    pipe.set_progress_bar_config(disable=True)
    if args.scheduler:
        extra = {"use_karras_sigmas": True} if args.karras else {}
        pipe.scheduler = getattr(diffusers, args.scheduler).from_config(pipe.scheduler.config, **extra)
    wanted = json.loads(args.prompts.read_text())
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "prompts.json").write_text(json.dumps(wanted, indent=1))
    for first in range(0, len(wanted), BATCH):
        prompts = [entry["prompt"] for entry in wanted[first : first + BATCH]]
        pictures = pipe(
            prompts,
            negative_prompt=[args.negative] * len(prompts),
            width=defaults["width"],
            height=defaults["height"],
            num_inference_steps=args.steps or defaults["steps"],
            guidance_scale=defaults["guidance"] if args.guidance is None else args.guidance,
            generator=[torch.Generator("cpu").manual_seed(first + i) for i in range(len(prompts))],
        ).images
        for i, picture in enumerate(pictures):
            picture.save(args.out / f"{first + i}.png")


if __name__ == "__main__":
    main()
