"""Makes a Stable Diffusion v1-4 of real size with seeded random weights, and what diffusers computes with it.

    python tools/golden/full_size.py --tokenizer models/sketch/tokenizer --out /tmp/easel-full-size
    EASEL_FULL_SIZE=/tmp/easel-full-size npx vitest run test/engine/pipeline/full-size.test.ts

4 GB on disk, 6 GB in memory, minutes. Nothing of it belongs into the repository.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from golden_file import write_tensors
from make_models import MODEL_INDEX, write_json, write_text_encoder, write_unet, write_vae
from model_specs import ModelSpec

VOCABULARY = 49408
PROMPT = "a photo of an astronaut riding a horse on mars"
STEPS, GUIDANCE, SEED, SIZE, TIMESTEP = 4, 7.5, 42, 512, 500

UNET = {
    "act_fn": "silu",
    "attention_head_dim": 8,
    "block_out_channels": [320, 640, 1280, 1280],
    "center_input_sample": False,
    "cross_attention_dim": 768,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "layers_per_block": 2,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-05,
    "norm_num_groups": 32,
    "out_channels": 4,
    "sample_size": 64,
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
}
VAE = {
    "act_fn": "silu",
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "out_channels": 3,
    "sample_size": 512,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
TEXT_ENCODER = {
    "hidden_act": "quick_gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
}
SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "clip_sample": False,
}


def spec(legacy: bool) -> ModelSpec:
    """`legacy` VAE names are those of the published fp32 files, the others those of the published fp16 files."""
    return ModelSpec(
        seed=1,
        text_encoder=TEXT_ENCODER,
        unet=UNET,
        vae=VAE,
        scheduler=SCHEDULER,
        latents_through=2.0,
        legacy=legacy,
        position_ids=True,
    )


def write_model(folder: Path, tokenizer: Path) -> None:
    write_json(folder / "model_index.json", MODEL_INDEX)
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    shutil.copytree(tokenizer, folder / "tokenizer", dirs_exist_ok=True)
    write_text_encoder(folder / "text_encoder", spec(legacy=True), VOCABULARY)
    write_unet(folder / "unet", spec(legacy=True))
    write_vae(folder / "vae", spec(legacy=True))
    write_vae(folder.with_name("current") / "vae", spec(legacy=False))


@torch.no_grad()
def reference(pipeline: StableDiffusionPipeline) -> dict[str, torch.Tensor]:
    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(SEED))

    tokens = pipeline.tokenizer([PROMPT], padding="max_length", max_length=77, return_tensors="pt")
    text = timed("text", lambda: pipeline.text_encoder(tokens.input_ids).last_hidden_state)
    sample = normal(1, 4, SIZE // 8, SIZE // 8)
    prediction = timed("UNet", lambda: pipeline.unet(sample, TIMESTEP, encoder_hidden_states=text).sample)
    latents = normal(1, 4, SIZE // 8, SIZE // 8) / pipeline.vae.config.scaling_factor
    image = timed("decode", lambda: pipeline.vae.decode(latents).sample)
    clamped = image.clamp(-1, 1)
    moments = timed("encode", lambda: pipeline.vae.encode(clamped).latent_dist.parameters)
    picture = timed(
        "picture",
        lambda: pipeline(
            PROMPT,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            width=SIZE,
            height=SIZE,
            generator=torch.Generator("cpu").manual_seed(SEED),
            output_type="np",
        ).images[0],
    )
    return {
        "text": text,
        "sample": sample,
        "prediction": prediction,
        "latents": latents,
        "image": image,
        "moments": moments,
        "picture": torch.from_numpy((picture * 255).round().astype("uint8")),
    }


def timed(name: str, work):
    began = time.monotonic()
    result = work()
    print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    return result


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tokenizer", type=Path, required=True, help="CLIP's full tokenizer folder")
    arguments.add_argument("--out", type=Path, required=True, help="a temporary folder")
    options = arguments.parse_args()
    model = options.out / "v1-4"
    timed("weights", lambda: write_model(model, options.tokenizer))
    pipeline = StableDiffusionPipeline.from_pretrained(model, local_files_only=True, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    write_tensors(options.out / "golden.safetensors", reference(pipeline))
    case = {"prompt": PROMPT, "steps": STEPS, "guidance": GUIDANCE, "seed": SEED, "size": SIZE, "timestep": TIMESTEP}
    (options.out / "golden.json").write_text(json.dumps(case) + "\n", "utf-8")


if __name__ == "__main__":
    main()
