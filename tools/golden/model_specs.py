"""What each tiny model is made of. Together they cover the forms that published SD 1.x/2.x folders take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelSpec:
    seed: int
    text_encoder: dict
    unet: dict
    vae: dict
    scheduler: dict
    latents_through: float
    """How much of its input the UNet's prediction repeats; see initialise.let_latents_through."""
    variant: str | None = None
    """"fp16" stores half precision under `*.fp16.safetensors` only."""
    legacy: bool = False
    """Configs hold only the keys written here, and the VAE's attention bears its names from before diffusers 0.15."""
    position_ids: bool = False
    """Adds the I64 tensor that older CLIP files carry and that loaders ignore."""


VAE_LEVELS = {
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "act_fn": "silu",
}

V1_SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.7.0.dev0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}

# Shaped as Stable Diffusion 1.x. attention_head_dim is the number of heads; 2 heads of 8 and of 16 channels differ
# from the misreading (heads of 2 channels).
TINY_CONV = ModelSpec(
    seed=1000,
    text_encoder={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "hidden_act": "quick_gelu",
    },
    unet={
        "sample_size": 16,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
        "block_out_channels": [16, 32],
        "layers_per_block": 2,
        "attention_head_dim": 2,
        "norm_num_groups": 8,
        "cross_attention_dim": 32,
        "use_linear_projection": False,
    },
    vae={
        **VAE_LEVELS,
        "block_out_channels": [8, 16, 16, 32],
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "sample_size": 128,
        "scaling_factor": 0.18215,
    },
    scheduler=V1_SCHEDULER,
    latents_through=1.0,
)

# Shaped as Stable Diffusion 2.x: linear projections, heads by level, gelu, v-prediction, DDIM with explicit spacing.
TINY_LINEAR = ModelSpec(
    seed=2000,
    text_encoder={
        "hidden_size": 24,
        "intermediate_size": 72,
        "num_hidden_layers": 3,
        "num_attention_heads": 3,
        "hidden_act": "gelu",
    },
    unet={
        "sample_size": 16,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
        "block_out_channels": [16, 16, 32],
        "layers_per_block": 1,
        "attention_head_dim": [2, 4, 4],
        "norm_num_groups": 4,
        "cross_attention_dim": 24,
        "use_linear_projection": True,
    },
    vae={
        **VAE_LEVELS,
        "block_out_channels": [8, 8, 16, 16],
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "sample_size": 128,
        "scaling_factor": 0.2,
    },
    scheduler={
        "_class_name": "DDIMScheduler",
        "_diffusers_version": "0.42.1",
        "beta_end": 0.02,
        "beta_schedule": "linear",
        "beta_start": 0.0001,
        "clip_sample": False,
        "num_train_timesteps": 1000,
        "prediction_type": "v_prediction",
        "set_alpha_to_one": True,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "timestep_spacing": "leading",
        "trained_betas": None,
    },
    latents_through=0.5,
)

# Half precision as the first published files had it.
TINY_HALF = ModelSpec(
    seed=3000,
    text_encoder={
        "hidden_size": 40,
        "intermediate_size": 80,
        "num_hidden_layers": 2,
        "num_attention_heads": 5,
        "hidden_act": "quick_gelu",
    },
    unet={
        "sample_size": 16,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
        "block_out_channels": [32, 48],
        "layers_per_block": 1,
        "attention_head_dim": 4,
        "norm_num_groups": 16,
        "cross_attention_dim": 40,
    },
    vae={
        **VAE_LEVELS,
        "block_out_channels": [16, 16, 16, 32],
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "sample_size": 128,
    },
    scheduler={key: value for key, value in V1_SCHEDULER.items() if key != "_diffusers_version"},
    latents_through=1.0,
    variant="fp16",
    legacy=True,
    position_ids=True,
)

MODELS = {"tiny-conv": TINY_CONV, "tiny-linear": TINY_LINEAR, "tiny-half": TINY_HALF}
