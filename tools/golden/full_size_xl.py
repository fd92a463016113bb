"""Makes a Stable Diffusion XL of real size with seeded random weights in half precision, and what diffusers computes with it.

    python tools/golden/full_size_xl.py --tokenizer models/sketch/tokenizer --out /tmp/easel-full-size-xl
    EASEL_FULL_SIZE_XL=/tmp/easel-full-size-xl npx vitest run test/engine/pipeline/full-size-xl.test.ts

7 GB on disk, 16 GB in memory, some ten minutes. Nothing of it belongs into the repository.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from family_specs import XL_SCHEDULER
from full_size import SEED, VAE, VOCABULARY, timed
from golden_file import write_tensors
from initialise import TEXT_GAINS, VAE_GAINS, initialise, let_latents_through
from make_families import ADDED_GAINS, save
from make_models import MODEL_INDEX, stored_config, write_json

PROMPT = "a photo of an astronaut riding a horse on mars"
STEPS, GUIDANCE, SIZE, TIMESTEP = 2, 6.0, 1024, 500

UNET = {
    "sample_size": 128,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "block_out_channels": [320, 640, 1280],
    "layers_per_block": 2,
    "attention_head_dim": [5, 10, 20],
    "transformer_layers_per_block": [1, 2, 10],
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
TEXTS = (
    ("text_encoder", CLIPTextModel, {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12, "hidden_act": "quick_gelu"}),
    ("text_encoder_2", CLIPTextModelWithProjection, {"hidden_size": 1280, "intermediate_size": 5120, "num_attention_heads": 20, "num_hidden_layers": 32, "hidden_act": "gelu", "projection_dim": 1280}),
)


def write_model(folder: Path, tokenizer: Path) -> None:
    index = {key: value for key, value in MODEL_INDEX.items() if "safety" not in key and key != "feature_extractor"}
    index |= {
        "_class_name": "StableDiffusionXLPipeline",
        "force_zeros_for_empty_prompt": True,
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer_2": ["transformers", "CLIPTokenizer"],
    }
    write_json(folder / "model_index.json", index)
    write_json(folder / "scheduler" / "scheduler_config.json", XL_SCHEDULER)
    for name in ("tokenizer", "tokenizer_2"):
        shutil.copytree(tokenizer, folder / name, dirs_exist_ok=True)
    special = json.loads((folder / "tokenizer_2" / "special_tokens_map.json").read_text("utf-8"))
    write_json(folder / "tokenizer_2" / "special_tokens_map.json", {**special, "pad_token": "!"})
    ends = {"vocab_size": VOCABULARY, "bos_token_id": VOCABULARY - 2, "eos_token_id": VOCABULARY - 1}
    for seed, (name, kind, options) in enumerate(TEXTS):
        config = CLIPTextConfig(**options, **ends, max_position_embeddings=77)
        network = kind(config)
        initialise(network, TEXT_GAINS, seed)
        write_json(folder / name / "config.json", {key: value for key, value in config.to_dict().items() if value not in (None, "")})
        tensors = {
            key if key.startswith("text_projection") else f"text_model.{key.removeprefix('text_model.')}": value
            for key, value in network.state_dict().items()
        }
        save(folder / name / "model.safetensors", tensors, half=True)
    unet = UNet2DConditionModel(**UNET)
    initialise(unet, ADDED_GAINS, 2)
    let_latents_through(unet, 2.0)
    write_json(folder / "unet" / "config.json", {**stored_config(unet), "_class_name": "UNet2DConditionModel"})
    save(folder / "unet" / "diffusion_pytorch_model.safetensors", unet.state_dict(), half=True)
    vae = AutoencoderKL(**{**VAE, "scaling_factor": 0.13025, "sample_size": 1024})
    initialise(vae, VAE_GAINS, 3)
    write_json(folder / "vae" / "config.json", {**stored_config(vae), "_class_name": "AutoencoderKL"})
    save(folder / "vae" / "diffusion_pytorch_model.safetensors", vae.state_dict(), half=True)


@torch.no_grad()
def reference(pipeline: StableDiffusionXLPipeline) -> dict[str, torch.Tensor]:
    context, _, pooled, _ = timed("text", lambda: pipeline.encode_prompt(PROMPT, do_classifier_free_guidance=False))
    side = SIZE // 16
    sample = torch.randn((1, 4, side, side), generator=torch.Generator("cpu").manual_seed(SEED))
    ids = torch.tensor([[SIZE / 2, SIZE / 2, 0, 0, SIZE / 2, SIZE / 2]])
    added = {"text_embeds": pooled, "time_ids": ids}
    predict = lambda: pipeline.unet(sample, TIMESTEP, encoder_hidden_states=context, added_cond_kwargs=added).sample
    prediction = timed("UNet at half the size", predict)
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
        "text": context,
        "pooled": pooled,
        "sample": sample,
        "prediction": prediction,
        "picture": torch.from_numpy((picture * 255).round().astype("uint8")),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tokenizer", type=Path, required=True, help="CLIP's full tokenizer folder")
    arguments.add_argument("--out", type=Path, required=True, help="a temporary folder")
    options = arguments.parse_args()
    model = options.out / "xl"
    if not (model / "vae" / "config.json").exists():
        timed("weights", lambda: write_model(model, options.tokenizer))
    pipeline = StableDiffusionXLPipeline.from_pretrained(model, local_files_only=True, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    write_tensors(options.out / "golden.safetensors", reference(pipeline))
    case = {"prompt": PROMPT, "steps": STEPS, "guidance": GUIDANCE, "seed": SEED, "size": SIZE, "timestep": TIMESTEP}
    (options.out / "golden.json").write_text(json.dumps(case) + "\n", "utf-8")


if __name__ == "__main__":
    main()
