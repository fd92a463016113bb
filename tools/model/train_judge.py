"""Trains the judge: a small network that names the thing in a picture, for `npm run eval:model`; writes it as ONNX.

    python train_judge.py --icons icons.npz --out judge.pt --onnx judge.onnx --pictures 80000

It sees renderings of its own (other seeds), softened and noisy, and never a picture of the generator; the generator
never sees the judge. Input [n,3,64,64] in -1..1, output [n, things] logits in the order of `things.json`.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageFilter
from torch import nn

from icons import STYLES, THINGS, load_icons
from machine import Threads, rate, save
from places import PLACES
from scenes import COLOURS, Renderer, Scene

SIDE = 64
BATCH = 64
PEAK_RATE = 2e-3
WIDTHS = (32, 64, 112, 176)
SAVE_SECONDS = 120
NAMES = list(THINGS)


class Judge(nn.Module):
    """Four strided convolutions, a residual one behind each but the first, the mean, and a linear reader."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.same = nn.ModuleList(), nn.ModuleList()
        width = 3
        for wider in WIDTHS:
            self.down.append(nn.Sequential(nn.Conv2d(width, wider, 3, 2, 1, bias=False), nn.BatchNorm2d(wider)))
            self.same.append(nn.Sequential(nn.Conv2d(wider, wider, 3, 1, 1, bias=False), nn.BatchNorm2d(wider)))
            width = wider
        self.reader = nn.Linear(width, len(NAMES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, (down, same) in enumerate(zip(self.down, self.same)):
            x = torch.relu(down(x))
            if i:
                x = torch.relu(x + same(x))
        return self.reader(nn.functional.dropout(x.mean((2, 3)), 0.1, self.training))


def random_single(rng: random.Random) -> Scene:
    """One thing in any style, colour and place, held-out combinations too: the judge knows nothing of them otherwise."""
    background = rng.choice(["", *COLOURS, *PLACES])
    colour = rng.choice(list(COLOURS)) if rng.random() < 0.3 else ""
    return Scene(rng.choice(NAMES), colour, background, rng.choice(STYLES), rng.choices(("", "big", "small"), (0.8, 0.1, 0.1))[0])


def softened(picture: Image.Image, rng: random.Random) -> np.ndarray:
    """[3, SIDE, SIDE] in -1..1, as a picture by a small generator may look: soft, noisy, its light and colours off."""
    if rng.random() < 0.8:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.5)))
    if rng.random() < 0.3:
        small = rng.randint(24, 56)
        picture = picture.resize((small, small), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX if picture.width > SIDE else Image.Resampling.BILINEAR), np.float32) / 127.5 - 1
    pixels = pixels * rng.uniform(0.8, 1.1) + rng.uniform(-0.1, 0.1)
    noise = np.random.default_rng(rng.getrandbits(32)).standard_normal(pixels.shape, np.float32)
    return (pixels + rng.uniform(0, 0.08) * noise).clip(-1, 1).transpose(2, 0, 1)


def batch(renderer: Renderer, rng: random.Random, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    scenes = [random_single(rng) for _ in range(count)]
    pixels = np.stack([softened(renderer.draw(scene, rng), rng) for scene in scenes])
    return torch.from_numpy(pixels), torch.tensor([NAMES.index(scene.thing) for scene in scenes])


def folded(pair: nn.Sequential) -> tuple[np.ndarray, np.ndarray]:
    """(weight, bias) of a convolution with its batch norm folded in."""
    convolution, norm = pair
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return (convolution.weight * scale[:, None, None, None]).detach().numpy(), (norm.bias - norm.running_mean * scale).detach().numpy()


def export(judge: Judge, path: Path) -> None:
    """ONNX with fp16 weights, computed in fp32."""
    nodes, weights, name = [], [], "pixels"

    def constant(label: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(value.astype(np.float16), f"{label}.half"))
        nodes.append(helper.make_node("Cast", [f"{label}.half"], [label], to=TensorProto.FLOAT))
        return label

    def convolution(label: str, source: str, pair: nn.Sequential, stride: int) -> str:
        weight, bias = folded(pair)
        inputs = [source, constant(f"{label}.weight", weight), constant(f"{label}.bias", bias)]
        nodes.append(helper.make_node("Conv", inputs, [label], kernel_shape=[3, 3], strides=[stride, stride], pads=[1, 1, 1, 1]))
        return label

    def relu(source: str) -> str:
        nodes.append(helper.make_node("Relu", [source], [f"{source}.relu"]))
        return f"{source}.relu"

    for i, (down, same) in enumerate(zip(judge.down, judge.same)):
        name = relu(convolution(f"down{i}", name, down, 2))
        if i:
            nodes.append(helper.make_node("Add", [name, convolution(f"same{i}", name, same, 1)], [f"sum{i}"]))
            name = relu(f"sum{i}")
    nodes.append(helper.make_node("GlobalAveragePool", [name], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    reader = [constant("reader.weight", judge.reader.weight.detach().numpy()), constant("reader.bias", judge.reader.bias.detach().numpy())]
    nodes.append(helper.make_node("Gemm", ["flat", *reader], ["logits"], transB=1))
    graph = helper.make_graph(
        nodes,
        "judge",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(NAMES)])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.metadata_props.add(key="things", value="\n".join(NAMES))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--icons", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True, help="checkpoint file, read when it exists")
    flags.add_argument("--onnx", type=Path, required=True)
    flags.add_argument("--pictures", type=int, default=80_000)
    args = flags.parse_args()

    torch.manual_seed(3)
    judge = Judge().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=PEAK_RATE, weight_decay=0.02, fused=True)
    step, done = 0, 0
    if args.out.exists():
        saved = torch.load(args.out, weights_only=True)
        judge.load_state_dict(saved["judge"])
        optimiser.load_state_dict(saved["optimiser"])
        step, done = saved["step"], saved["pictures"]
    renderer, rng = Renderer(load_icons(args.icons)), random.Random(f"judge {step}")
    threads, shown, right, last_save = Threads(), [], [], time.time()
    while done < args.pictures:
        threads.before()
        pixels, wanted = batch(renderer, rng, BATCH)
        said = judge(pixels.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(said, wanted, label_smoothing=0.05)
        for group in optimiser.param_groups:
            group["lr"] = rate(PEAK_RATE, done / args.pictures, step, 50, 0.3)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step, done = step + 1, done + BATCH
        shown.append(loss.item())
        right.append((said.argmax(1) == wanted).float().mean().item())
        threads.after()
        if step % 50 == 0:
            print(f"{time.strftime('%H:%M:%S')} pictures {done} loss {np.mean(shown[-50:]):.3f} right {np.mean(right[-50:]):.3f}", flush=True)
        if time.time() - last_save > SAVE_SECONDS or done >= args.pictures:
            save({"judge": judge.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "pictures": done}, args.out)
            last_save = time.time()
    judge.eval()
    with torch.no_grad():
        pixels, wanted = batch(renderer, random.Random("judge's examination"), 1000)
        print(f"right of 1000 new renderings: {(judge(pixels).argmax(1) == wanted).sum().item()}")
    export(judge, args.onnx)


if __name__ == "__main__":
    main()
