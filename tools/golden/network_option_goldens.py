"""Small networks, one for each option of a config and for each constant that larger networks hide.

    python tools/golden/network_option_goldens.py --out test/fixtures/golden

No weights are stored: those of a case are drawn from one CPU generator, in the order of its `layout`, by the rule in `fill`,
and the engine's own generator gives them again. The inputs follow from the same generator.

The cases named `faint` have activations near the size of the norms' epsilons, and weights that let the activation functions
bend: there a wrong epsilon, or one per cent in quick_gelu's slope, is hundreds of times the tolerance.
"""

import argparse
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from golden_file import write_cases, write_tensors

TOKENS = 6
LATENT = (6, 6)
IMAGE = (12, 16)
FAINT = 0.003
"""Squared it is 1e-5: between the epsilons 1e-6 and 1e-5 of the norms."""

UNET = {
    "sample_size": 8,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "block_out_channels": [8, 16],
    "layers_per_block": 1,
    "attention_head_dim": 2,
    "norm_num_groups": 4,
    "cross_attention_dim": 12,
}
VAE = {
    "block_out_channels": [8, 16],
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "layers_per_block": 1,
    "norm_num_groups": 4,
}
TEXT = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 9,
    "hidden_act": "quick_gelu",
}
FAINT_UNET = {
    name: FAINT
    for name in ("conv_in", "conv2", "conv_shortcut", "time_emb_proj", "samplers.0.conv", "proj_in", "proj_out", "to_out.0", "ff.net.2")
}
FAINT_VAE = {
    name: FAINT for name in ("conv_in", "conv1", "conv2", "conv_shortcut", "samplers.0.conv", "to_out.0", "post_quant_conv")
}
FAINT_TEXT = {name: FAINT for name in ("token_embedding", "position_embedding", "out_proj", "fc2")}


@dataclass(frozen=True)
class Case:
    name: str
    kind: str
    changes: dict = field(default_factory=dict)
    gains: dict = field(default_factory=dict)
    """Deviation of a layer's output for unit input; the first part of a name that matches wins, and 1 otherwise."""
    sigma: float = 1.0
    """Deviation of the latents or the picture."""


CASES = [
    Case("plain", "unet"),
    Case("faint", "unet", gains=FAINT_UNET),
    Case("faint-norm-eps", "unet", {"norm_eps": 1e-6}, FAINT_UNET),
    *(Case(f"time-{name}", "unet", {"time_embedding_act_fn": name}) for name in ("silu", "gelu", "mish", "relu")),
    Case("timestep-post-act", "unet", {"timestep_post_act": "gelu", "time_embedding_act_fn": "silu"}),
    *(Case(f"act-{name}", "unet", {"act_fn": name}) for name in ("gelu", "mish", "relu")),
    Case("time-embedding-dim", "unet", {"time_embedding_dim": 20}),
    Case("sines-first", "unet", {"flip_sin_to_cos": False, "freq_shift": 1}),
    Case("centred", "unet", {"center_input_sample": True}),
    Case("kernels", "unet", {"conv_in_kernel": 1, "conv_out_kernel": 5}),
    Case("no-middle", "unet", {"mid_block_type": None}),
    Case("plain-middle", "unet", {"mid_block_type": "UNetMidBlock2D"}),
    Case("layers-by-level", "unet", {"layers_per_block": [2, 1]}),
    Case("depths-by-level", "unet", {"transformer_layers_per_block": [2, 1]}),
    Case("padding-0", "unet", {"downsample_padding": 0}),
    Case("widths-by-level", "unet", {"cross_attention_dim": [12, 12]}),
    Case("linear-projection", "unet", {"use_linear_projection": True}),
    Case("plain", "vae"),
    Case("faint", "vae", gains=FAINT_VAE),
    Case("attends-down", "vae", {"down_block_types": ["AttnDownEncoderBlock2D", "DownEncoderBlock2D"]}),
    Case("attends-up", "vae", {"up_block_types": ["UpDecoderBlock2D", "AttnUpDecoderBlock2D"]}),
    Case("attends-everywhere", "vae", {"down_block_types": ["AttnDownEncoderBlock2D"] * 2, "up_block_types": ["AttnUpDecoderBlock2D"] * 2}),
    Case("no-middle-attention", "vae", {"mid_block_add_attention": False}),
    Case("no-quant-conv", "vae", {"use_quant_conv": False}),
    Case("no-post-quant-conv", "vae", {"use_post_quant_conv": False}),
    *(Case(f"act-{name}", "vae", {"act_fn": name}) for name in ("gelu", "mish", "relu")),
    Case("bent", "text", gains={"fc1": 2.0, "fc2": 2.0}),
    Case("bent-gelu", "text", {"hidden_act": "gelu"}, {"fc1": 2.0, "fc2": 2.0}),
    Case("faint", "text", gains=FAINT_TEXT),
    Case("faint-eps", "text", {"layer_norm_eps": 1e-6}, FAINT_TEXT),
]


def build(case: Case) -> tuple[nn.Module, dict]:
    match case.kind:
        case "unet":
            network = UNet2DConditionModel(**UNET | case.changes)
        case "vae":
            network = AutoencoderKL(**VAE | case.changes)
        case _:
            config = CLIPTextConfig(**TEXT | case.changes)
            return CLIPTextModel(config), {"model_type": "clip_text_model", "layer_norm_eps": config.layer_norm_eps, **TEXT, **case.changes}
    return network, dict(network.config)


def gain_of(name: str, gains: dict[str, float]) -> float:
    return next((gain for part, gain in gains.items() if f".{part}." in f".{name}."), 1.0)


@torch.no_grad()
def fill(network: nn.Module, gains: dict[str, float], generator: torch.Generator) -> list[str]:
    """Draws every parameter in order of their names: `name sides` each.

    Norms: 1 + 0.15 z and 0.1 z. Biases: 0.1 · gain · z. Embedding tables: gain · z. Others: gain · z / √inputs.
    """
    layout = []
    for name, parameter in sorted(network.named_parameters()):
        layer, kind = name.rsplit(".", 1)
        gain = gain_of(layer, gains)
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in layer:
            value = 1 + 0.15 * noise if kind == "weight" else 0.1 * noise
        elif kind == "bias":
            value = 0.1 * gain * noise
        elif layer.endswith(("token_embedding", "position_embedding")):
            value = gain * noise
        else:
            value = gain / parameter[0].numel() ** 0.5 * noise
        parameter.copy_(value)
        layout.append(f"{name} {'x'.join(map(str, parameter.shape))}")
    return layout


@torch.no_grad()
def run(case: Case, network: nn.Module, generator: torch.Generator) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """What the network gives, and what it gives in float64."""
    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator) * case.sigma

    def both(call, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        single = call(*inputs)
        network.double()
        reference = call(*(value.double() if value.is_floating_point() else value for value in inputs))
        network.float()
        return single, reference

    if case.kind == "unet":
        sample, context = draw(2, 4, *LATENT), draw(2, TOKENS, UNET["cross_attention_dim"])
        timestep = torch.tensor([500.0, 3.0])
        return {"output": both(lambda x, c: network(x, timestep, encoder_hidden_states=c).sample, sample, context)}
    if case.kind == "vae":
        image, latents = draw(1, 3, *IMAGE), draw(1, 4, *LATENT)
        return {
            "moments": both(lambda x: network.encode(x).latent_dist.parameters, image),
            "image": both(lambda x: network.decode(x).sample, latents),
        }
    ids = torch.arange(TEXT["max_position_embeddings"]).unsqueeze(0) * 3
    return {"hidden": both(lambda x: network(x).last_hidden_state, ids)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    diffusers.logging.set_verbosity_error()
    cases, tensors, layouts = [], {}, []
    for seed, case in enumerate(CASES):
        generator = torch.Generator("cpu").manual_seed(seed)
        network, config = build(case)
        layout = fill(network.eval(), case.gains, generator)
        if layout not in layouts:
            layouts.append(layout)
        results = run(case, network, generator)
        for key, (single, _) in results.items():
            tensors[f"{case.kind}/{case.name}/{key}"] = single
        strayed = max(((single.double() - reference).abs().max() / reference.abs().max()).item() for single, reference in results.values())
        cases.append({
            "kind": case.kind, "name": case.name, "seed": seed, "sigma": case.sigma, "gains": case.gains, "config": config,
            "layout": layouts.index(layout),
            "strayedFromFloat64": float(f"{strayed:.2g}"),
        })
    facts = {
        "generator": "tools/golden/network_option_goldens.py",
        "command": "python tools/golden/network_option_goldens.py --out test/fixtures/golden",
        "tolerance": "2e-5 of the greatest magnitude",
        "inputs": {
            "unet": "sample [2, 4, 6, 6], context [2, 6, 12], timesteps [500, 3]",
            "vae": "image [1, 3, 12, 16], latents [1, 4, 6, 6]",
            "text": "ids 0, 3, 6 to 24",
        },
        "weights": "in order of the layout, from one generator of the case's seed; norms 1 + 0.15 z and 0.1 z, biases"
        " 0.1 gain z, embedding tables gain z, others gain z / sqrt(inputs); then the inputs, times sigma",
        "layouts": [" ".join(f"{part.split(' ')[0]}:{part.split(' ')[1]}" for part in layout) for layout in layouts],
    }
    write_cases(options.out / "network-options.json", facts, cases)
    write_tensors(options.out / "network-options.safetensors", tensors)


if __name__ == "__main__":
    main()
