"""One program's times for one model, as a line of JSON: see run.ts.

    python tools/bench/peers/peer.py --model FOLDER --peer torch-bfloat16 --steps 5
"""

import argparse
import json
import resource
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

PEERS = ("torch-float32", "torch-bfloat16", "openvino-float32", "openvino-bfloat16")
ROWS, SIDE = 2, 64
"""A guided call of one picture of 512×512."""


class UnetCall(torch.nn.Module):
    def __init__(self, unet: UNet2DConditionModel):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, context):
        return self.unet(sample, timestep, encoder_hidden_states=context, return_dict=False)[0]


class Decode(torch.nn.Module):
    def __init__(self, vae: AutoencoderKL):
        super().__init__()
        self.vae = vae

    def forward(self, latents):
        return self.vae.decode(latents, return_dict=False)[0]


def openvino_call(module: torch.nn.Module, example: tuple, precision: str):
    import openvino

    converted = openvino.convert_model(module, example_input=example)
    hint = {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32"}
    compiled = openvino.Core().compile_model(converted, "CPU", hint)
    return lambda *inputs: compiled([value.numpy() for value in inputs])


def torch_call(module: torch.nn.Module, precision: str):
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    module = module.to(dtype, memory_format=torch.channels_last)
    return lambda *inputs: module(*(value.to(dtype) for value in inputs))


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@torch.no_grad()
def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--model", type=Path, required=True)
    flags.add_argument("--peer", choices=PEERS, required=True)
    flags.add_argument("--steps", type=int, default=5)
    options = flags.parse_args()
    program, precision = options.peer.split("-")
    began = time.perf_counter()
    unet = UnetCall(UNet2DConditionModel.from_pretrained(options.model / "unet").eval())
    vae = Decode(AutoencoderKL.from_pretrained(options.model / "vae").eval())
    inputs = (torch.randn(ROWS, 4, SIDE, SIDE), torch.tensor([500.0, 500.0]), torch.randn(ROWS, 77, 768))
    latents = torch.randn(1, 4, SIDE, SIDE)
    if program == "torch":
        predict, decode = torch_call(unet, precision), torch_call(vae, precision)
    else:
        predict = openvino_call(unet, inputs, precision)
        decode = openvino_call(vae, (latents,), precision)
    load = time.perf_counter() - began
    first = timed(lambda: predict(*inputs))
    steps = [timed(lambda: predict(*inputs)) for _ in range(options.steps)]
    decodes = [timed(lambda: decode(latents)) for _ in range(2)]
    print(
        json.dumps(
            {
                "peer": options.peer,
                "load": load,
                "firstStep": first,
                "step": sum(steps) / len(steps),
                "decode": decodes[-1],
                "peakGB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
            }
        )
    )


if __name__ == "__main__":
    main()
