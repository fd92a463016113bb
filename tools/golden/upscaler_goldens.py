"""Tiny upscaler models in the names that they are published in, and what spandrel makes of a picture with them.

    pip install spandrel==0.4.2 torchvision
    python tools/golden/upscaler_goldens.py --upscalers test/fixtures/upscalers --out test/fixtures/golden
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from spandrel import ModelLoader
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet

from golden_file import write_cases, write_tensors
from initialise import initialise

MADE = {
    "generator": "tools/golden/upscaler_goldens.py",
    "command": "python tools/golden/upscaler_goldens.py --upscalers test/fixtures/upscalers --out test/fixtures/golden",
}
GAINS = {"conv5.0": 0.6}
SIZES = [(20, 24), (32, 18)]


def new_names(tensors: dict[str, torch.Tensor], blocks: int) -> dict[str, torch.Tensor]:
    """ESRGAN's names of 2018 → Real-ESRGAN's of 2021."""
    ends = {"model.0.": "conv_first.", f"model.1.sub.{blocks}.": "conv_body.", "model.3.": "conv_up1."}
    ends |= {"model.6.": "conv_up2.", "model.8.": "conv_hr.", "model.10.": "conv_last."}

    def rename(name: str) -> str:
        for old, new in ends.items():
            if name.startswith(old):
                return new + name[len(old) :]
        name = name.replace("model.1.sub.", "body.").replace(".RDB", ".rdb")
        return name.replace(".0.weight", ".weight").replace(".0.bias", ".bias")

    return {rename(name): value for name, value in tensors.items()}


def rrdb(scale: int, blocks: int, seed: int, unshuffle: int = 1) -> dict[str, torch.Tensor]:
    network = RRDBNet(in_nc=3 * unshuffle**2, out_nc=3, num_filters=8, num_blocks=blocks, scale=scale, shuffle_factor=None)
    initialise(network, GAINS, seed)
    return network.state_dict()


def compact(scale: int, seed: int) -> dict[str, torch.Tensor]:
    network = SRVGGNetCompact(num_feat=12, num_conv=3, upscale=scale, act_type="prelu")
    initialise(network, {}, seed)
    generator = torch.Generator("cpu").manual_seed(seed)
    with torch.no_grad():
        for name, slope in network.named_parameters():
            if slope.dim() == 1 and not name.endswith("bias"):
                slope.copy_(torch.rand(slope.shape, generator=generator) * 0.4)
    return network.state_dict()


def models() -> dict[str, dict[str, torch.Tensor]]:
    """In half precision: as stored, so computed."""
    chosen = {
        "old-x2": rrdb(2, 1, seed=2),
        "real-x4": new_names(rrdb(4, 2, seed=3), 2),
        # Real-ESRGAN of ×2: ×4 on a picture of half the size, four times the channels.
        "real-x2": new_names(rrdb(4, 1, seed=4, unshuffle=2), 1),
        "compact-x4": compact(4, 5),
        "compact-x2": compact(2, 6),
    }
    return {name: {key: value.half() for key, value in state.items()} for name, state in chosen.items()}


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--upscalers", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    torch.set_num_threads(1)
    options.upscalers.mkdir(parents=True, exist_ok=True)
    tensors, cases = {}, []
    for name, state in models().items():
        save_file({key: value.contiguous() for key, value in state.items()}, options.upscalers / f"{name}.safetensors")
        described = ModelLoader().load_from_state_dict({key: value.float() for key, value in state.items()})
        for height, width in SIZES:
            picture = torch.rand((1, 3, height, width), generator=torch.Generator("cpu").manual_seed(height))
            key = f"{name}/{height}x{width}"
            tensors |= {f"{key}/picture": picture, f"{key}/larger": described.model.eval()(picture)}
            cases.append({"name": name, "scale": described.scale, "key": key})
    write_cases(options.out / "upscalers.json", {**MADE, "tolerance": 1e-5}, cases)
    write_tensors(options.out / "upscalers.safetensors", tensors)


if __name__ == "__main__":
    main()
