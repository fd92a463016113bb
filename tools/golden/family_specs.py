"""The tiny models of the families beside Stable Diffusion 1: SDXL and SD 2.x, in the forms that published models take."""

from dataclasses import dataclass, field, replace

from model_specs import VAE_LEVELS

XL_SCHEDULER = {
    "_class_name": "EulerDiscreteScheduler",
    "_diffusers_version": "0.19.0.dev0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "interpolation_type": "linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "sample_max_value": 1.0,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
    "use_karras_sigmas": False,
}
"""As published with SDXL base 1.0."""


@dataclass(frozen=True)
class FamilySpec:
    seed: int
    pipeline: str
    """`_class_name` of model_index.json."""
    text_encoder: dict
    unet: dict
    vae: dict
    scheduler: dict
    latents_through: float
    text_encoder_2: dict | None = None
    index: dict = field(default_factory=dict)
    """More keys of model_index.json."""
    half: bool = False
    """Weights are stored in half precision, under the plain names."""


TINY_XL = FamilySpec(
    seed=5000,
    pipeline="StableDiffusionXLPipeline",
    index={"force_zeros_for_empty_prompt": True},
    text_encoder={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "hidden_act": "quick_gelu",
    },
    text_encoder_2={
        "hidden_size": 24,
        "intermediate_size": 72,
        "num_hidden_layers": 4,
        "num_attention_heads": 3,
        "hidden_act": "gelu",
        "projection_dim": 20,
    },
    unet={
        "sample_size": 16,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "block_out_channels": [16, 24, 32],
        "layers_per_block": 2,
        "attention_head_dim": [1, 2, 4],
        "transformer_layers_per_block": [1, 1, 2],
        "norm_num_groups": 8,
        "cross_attention_dim": 56,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 20 + 6 * 8,
    },
    vae={
        **VAE_LEVELS,
        "block_out_channels": [8, 8, 16, 16],
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "sample_size": 128,
        "scaling_factor": 0.13025,
        "force_upcast": True,
    },
    scheduler=XL_SCHEDULER,
    latents_through=1.0,
    half=True,
)

# As NoobAI v-prediction and its kin: v-prediction, zero terminal SNR, trailing. An empty negative prompt is encoded.
TINY_XL_V = FamilySpec(
    seed=6000,
    pipeline="StableDiffusionXLPipeline",
    index={"force_zeros_for_empty_prompt": False},
    text_encoder={
        "hidden_size": 16,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "hidden_act": "quick_gelu",
    },
    text_encoder_2={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "hidden_act": "gelu",
        "projection_dim": 32,
    },
    unet={
        "sample_size": [16, 24],
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
        "block_out_channels": [16, 32],
        "layers_per_block": 1,
        "attention_head_dim": [2, 4],
        "transformer_layers_per_block": 2,
        "norm_num_groups": 4,
        "cross_attention_dim": 48,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 12,
        "projection_class_embeddings_input_dim": 32 + 6 * 12,
    },
    vae={
        **VAE_LEVELS,
        "block_out_channels": [8, 8, 8, 8],
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "sample_size": 128,
        "scaling_factor": 0.13025,
        "force_upcast": False,
    },
    scheduler={
        **XL_SCHEDULER,
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    },
    latents_through=0.5,
    half=True,
)

# As the published 2.1: the map file pads with "!", tokenizer_config.json with the end token, and the map counts.
TINY_V2 = FamilySpec(
    seed=7000,
    pipeline="StableDiffusionPipeline",
    text_encoder={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "hidden_act": "gelu",
    },
    unet={
        "sample_size": 24,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
        "block_out_channels": [16, 32],
        "layers_per_block": 1,
        "attention_head_dim": [2, 4],
        "norm_num_groups": 8,
        "cross_attention_dim": 32,
        "use_linear_projection": True,
        "upcast_attention": True,
    },
    vae={
        **VAE_LEVELS,
        "block_out_channels": [8, 8, 8, 16],
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "sample_size": 192,
    },
    scheduler={
        "_class_name": "DDIMScheduler",
        "_diffusers_version": "0.8.0",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "clip_sample": False,
        "num_train_timesteps": 1000,
        "prediction_type": "v_prediction",
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "trained_betas": None,
    },
    latents_through=0.5,
    half=True,
)

# Made for inpainting: the mask and the masked picture's latents come beside the noisy ones.
TINY_INPAINT = replace(
    TINY_V2,
    seed=8000,
    pipeline="StableDiffusionInpaintPipeline",
    text_encoder={**TINY_V2.text_encoder, "hidden_act": "quick_gelu", "num_hidden_layers": 2},
    unet={**TINY_V2.unet, "in_channels": 9, "sample_size": 16, "upcast_attention": False},
    vae={**TINY_V2.vae, "block_out_channels": [8, 8, 8, 8]},
    scheduler={**TINY_V2.scheduler, "prediction_type": "epsilon"},
    latents_through=1.0,
)
TINY_XL_INPAINT = replace(
    TINY_XL_V,
    seed=9000,
    pipeline="StableDiffusionXLInpaintPipeline",
    index={"force_zeros_for_empty_prompt": True, "requires_aesthetics_score": False},
    unet={**TINY_XL_V.unet, "in_channels": 9, "block_out_channels": [16, 16], "transformer_layers_per_block": 1},
    scheduler=XL_SCHEDULER,
    latents_through=1.0,
)

FAMILIES = {"tiny-xl": TINY_XL, "tiny-xl-v": TINY_XL_V, "tiny-v2": TINY_V2}
INPAINTING = {"tiny-inpaint": TINY_INPAINT, "tiny-xl-inpaint": TINY_XL_INPAINT}
