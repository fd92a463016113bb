"""One UNet call of each tiny model whose largest self-attention takes its keys from every second pixel of every second row.

diffusers has no such option, so its own attention processor is given the thinned tokens as `encoder_hidden_states`
(Smith et al. 2024, "ToDo: Token Downsampling", nearest neighbours).
"""

from pathlib import Path

import torch
from diffusers.models.attention_processor import AttnProcessor2_0

from network_goldens import CONTEXT_PROMPTS, Golden, normal, token_ids
from pipelines import load_pipeline

STRIDE = 2
# Latent height and width.
SIZES = [(16, 16), (9, 13)]


class ThinKeys:
    """Self-attention on maps of this height and width."""

    def __init__(self, height: int, width: int):
        self.height, self.width = height, width

    def __call__(self, attn, hidden_states, *args, **kwargs):
        batch, _, channels = hidden_states.shape
        pixels = hidden_states.reshape(batch, self.height, self.width, channels)
        keys = pixels[:, ::STRIDE, ::STRIDE].reshape(batch, -1, channels)
        return AttnProcessor2_0()(attn, hidden_states, encoder_hidden_states=keys)


def thin(unet, height: int, width: int) -> None:
    """Changes the blocks of the level at which self-attention sees the most pixels, on the way down and up."""
    level = unet.config.down_block_types.index("CrossAttnDownBlock2D")
    for _ in range(level):
        height, width = (height + 1) // 2, (width + 1) // 2
    for block in (unet.down_blocks[level], unet.up_blocks[len(unet.up_blocks) - 1 - level]):
        for transformer in getattr(block, "attentions", []):
            for inner in transformer.transformer_blocks:
                inner.attn1.set_processor(ThinKeys(height, width))


@torch.no_grad()
def make(out: Path, models: Path) -> None:
    golden = Golden("unet-key-stride", {"tolerance": 1e-4, "keyStride": STRIDE})
    for model in sorted(models.iterdir()):
        single, double = load_pipeline(model), load_pipeline(model, torch.float64)
        context = single.text_encoder(token_ids(single.tokenizer, CONTEXT_PROMPTS)).last_hidden_state
        golden.tensors[f"{model.name}/context"] = context
        for height, width in SIZES:
            prefix = f"{model.name}/{height}x{width}"
            latents = normal((2, 4, height, width), seed=100 * height + width)
            timestep = torch.tensor([999, 20])
            thin(single.unet, height, width)
            thin(double.unet, height, width)
            tensors = {
                f"{prefix}/latents": latents,
                f"{prefix}/output": single.unet(latents, timestep, encoder_hidden_states=context).sample,
            }
            reference = double.unet(latents.double(), timestep, encoder_hidden_states=context.double()).sample
            case = {
                "model": model.name,
                "timesteps": timestep.tolist(),
                "latents": f"{prefix}/latents",
                "context": f"{model.name}/context",
                "output": f"{prefix}/output",
            }
            golden.add(case, tensors, reference, f"{prefix}/output")
    golden.write(out)
