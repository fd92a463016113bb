"""Doubles the channels of a VAE's innermost level without changing what it draws (Net2Net), so that training can go on.

    python widen_vae.py --vae VAE_FOLDER --out VAE_FOLDER

Every innermost channel gets a twin in its own norm group; what reads it takes unequal shares of both, so that they grow
apart. Wide convolutions on 16×16 cells are cheap, and there the decoder keeps what things look like.
"""

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderKL

# How unequal the twins' shares are at most.
UNEQUAL = 0.25


def twins(channels: int, groups: int) -> torch.Tensor:
    """[2 × channels] the old channel of every new one; group by group."""
    old = torch.arange(channels).reshape(groups, -1)
    return torch.cat([old, old], 1).flatten()


def doubled_out(tensor: torch.Tensor, twin: torch.Tensor) -> torch.Tensor:
    return tensor[twin]


def doubled_in(weight: torch.Tensor, twin: torch.Tensor) -> torch.Tensor:
    """Of two twins the first takes a share of 1/2 ± UNEQUAL, the second the rest."""
    share = 0.5 + UNEQUAL * (2 * torch.rand_like(weight) - 1)
    new = weight[:, twin].clone()
    seen: set[int] = set()
    for i, old in enumerate(twin.tolist()):
        new[:, i] *= 1 - share[:, old] if old in seen else share[:, old]
        seen.add(old)
    return new


def widened(state: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor], twin: torch.Tensor) -> dict[str, torch.Tensor]:
    """The small network's tensors in the shapes of the wide one."""
    new = {}
    for name, like in wanted.items():
        old = state.get(name)
        if old is None:
            # A shortcut where the widths were equal before: the identity.
            old = torch.eye(len(twin) // 2)[:, :, None, None] if name.endswith("weight") else torch.zeros(len(twin) // 2)
        if old.ndim > 1 and old.shape[1] != like.shape[1]:
            old = doubled_in(old, twin)
        if old.shape[0] != like.shape[0]:
            old = doubled_out(old, twin)
        if "attentions" in name and ".to_q." in name:
            # Twice as many channels in the product, and the scale goes with the root of their number.
            old = old / 2**0.5
        if old.shape != like.shape:
            raise ValueError(f"{name}: {tuple(old.shape)} does not become {tuple(like.shape)}")
        new[name] = old.contiguous()
    return new


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--vae", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    args = flags.parse_args()
    torch.manual_seed(5)
    small = AutoencoderKL.from_pretrained(args.vae, torch_dtype=torch.float32, low_cpu_mem_usage=False).eval()
    *outer, innermost = small.config.block_out_channels
    if outer[-1] != innermost:
        raise SystemExit("The innermost level is wider than the next already.")
    wide = AutoencoderKL.from_config({**small.config, "block_out_channels": [*outer, 2 * innermost]}).eval()
    twin = twins(innermost, small.config.norm_num_groups)
    wide.load_state_dict(widened(small.state_dict(), wide.state_dict(), twin))
    shown = torch.rand(2, 3, 128, 128) * 2 - 1
    apart = (wide.decode(wide.encode(shown).latent_dist.mean).sample - small.decode(small.encode(shown).latent_dist.mean).sample).abs().max()
    wide.save_pretrained(args.out)
    print(f"{sum(p.numel() for p in wide.parameters()) / 1e6:.2f} M parameters; largest difference {apart:.2e}")


if __name__ == "__main__":
    main()
