"""Seeded weights for networks that were never trained.

Default initialisation makes a network whose output hardly depends on its input. These weights keep activations near
unit size and let the prompt, the timestep and the latents each matter, so that a mistake in any layer shows in the
picture, while a rounding error of 1e-7 stays one.
"""

import torch
from torch import nn

# Standard deviation of a layer's output when its input has unit size; the first suffix that matches wins.
UNET_GAINS = {
    "conv_out": 1.4,
    "to_q": 1.5,
    "to_k": 1.5,
    "attn2.to_out.0": 1.5,
    "time_embedding.linear_1": 1.6,
    "time_embedding.linear_2": 1.6,
    "conv2": 0.8,
    "conv_in": 1.0,
}
VAE_GAINS = {
    # Latents reach the decoder with a deviation of 20 to 100; undamped, they would drown its residual branches.
    "decoder.conv_in": 0.05,
    "decoder.conv_out": 0.9,
    "encoder.conv_out": 1.0,
    "to_q": 1.5,
    "to_k": 1.5,
    "conv2": 0.8,
}
TEXT_GAINS = {"q_proj": 1.5, "k_proj": 1.5, "fc2": 1.0}

TOKEN_STD, POSITION_STD = 1.0, 0.4
NORM_SPREAD, BIAS_STD = 0.15, 0.1


def gain_of(name: str, gains: dict[str, float]) -> float:
    return next((gain for suffix, gain in gains.items() if name.endswith(suffix)), 1.0)


@torch.no_grad()
def initialise(network: nn.Module, gains: dict[str, float], seed: int) -> None:
    """Draws every parameter of `network` afresh, in module order, from one generator seeded with `seed`."""
    generator = torch.Generator("cpu").manual_seed(seed)

    def normal(parameter: torch.Tensor, std: float, mean: float = 0.0) -> None:
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * std + mean)

    for name, module in network.named_modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            inputs_per_output = module.weight[0].numel()
            normal(module.weight, gain_of(name, gains) / inputs_per_output**0.5)
        elif isinstance(module, (nn.GroupNorm, nn.LayerNorm)):
            normal(module.weight, NORM_SPREAD, mean=1.0)
        elif isinstance(module, nn.Embedding):
            normal(module.weight, POSITION_STD if "position" in name else TOKEN_STD)
        else:
            continue
        if getattr(module, "bias", None) is not None:
            normal(module.bias, BIAS_STD)


@torch.no_grad()
def let_latents_through(unet: nn.Module, strength: float) -> None:
    """Makes the prediction resemble the input, as a denoiser's does: without that, latents grow 14-fold in sampling.

    The path is conv_in → the outermost skip → the last resnet's shortcut → conv_out. Each latent channel travels as a
    pair of opposite signs because silu(z) − silu(−z) = z.
    """
    # An inpainting UNet takes more channels than it gives.
    latents = unet.config.out_channels
    shortcut = unet.up_blocks[-1].resnets[-1].conv_shortcut.weight
    hidden_channels = shortcut.shape[1] - unet.conv_in.weight.shape[0]
    for channel in range(latents):
        for row, sign in ((channel, 1.0), (channel + latents, -1.0)):
            unet.conv_in.weight[row, channel, 1, 1] += sign * strength
            shortcut[row, hidden_channels + row, 0, 0] += strength
            unet.conv_out.weight[channel, row, 1, 1] += sign * strength
