"""Trains the UNet on the text encoder's rows, and both a little towards each other; resumes from its checkpoint.

    python train_both.py --data FOLDER --unet unet.pt --text text.pt --tokenizer TOKENIZER --words words.npz --out both.pt --samples 300000

The last stage: until here the UNet knew the rows of `slots.py` only, and the encoder gave nearly these. Every picture
gets a new caption each time it is drawn.
"""

import argparse
import copy
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel

from machine import Threads, follow, rate, save
from sampling import alphas_cumprod
from slots import Slots
from texts import Texts, new_text_encoder, scene_of
from train_unet import EMA_DECAY, EMPTY_SHARE, UNET, Data, noised

BATCH = 64
UNET_RATE, TEXT_RATE = 2e-4, 1e-4
# How much the encoder is still held to the slots' rows.
ROWS_WEIGHT = 0.3
SAVE_SECONDS = 240


class Both(torch.nn.Module):
    def __init__(self, taught: int) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(**UNET)
        self.text_encoder: CLIPTextModel = new_text_encoder(taught)

    def forward(self, noisy: torch.Tensor, timesteps: torch.Tensor, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(predicted v, the encoder's [n, 77, WIDTH] rows)."""
        given = self.text_encoder(input_ids=rows).last_hidden_state
        return self.unet(noisy, timesteps, given).sample, given


def part(state: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(f"{name}."): tensor for key, tensor in state.items() if key.startswith(f"{name}.")}


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--unet", type=Path, required=True)
    flags.add_argument("--text", type=Path, required=True)
    flags.add_argument("--tokenizer", type=Path, required=True)
    flags.add_argument("--words", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--samples", type=int, default=300_000)
    args = flags.parse_args()

    data, powers, texts = Data(args.data), alphas_cumprod(), Texts(args.tokenizer, args.words)
    torch.manual_seed(1)
    begun = torch.load(args.unet, weights_only=True)["average"]
    slots = Slots().eval().requires_grad_(False)
    slots.load_state_dict(part(begun, "slots"))
    model = Both(len(texts.taught)).to(memory_format=torch.channels_last)
    step, done = 0, 0
    saved = torch.load(args.out, weights_only=True) if args.out.exists() else None
    if saved is None:
        model.unet.load_state_dict(part(begun, "unet"))
        model.text_encoder.load_state_dict(torch.load(args.text, weights_only=True)["model"])
    average = copy.deepcopy(model).requires_grad_(False)
    groups = [{"params": list(model.unet.parameters()), "peak": UNET_RATE}, {"params": list(model.text_encoder.parameters()), "peak": TEXT_RATE}]
    optimiser = torch.optim.AdamW(groups, lr=UNET_RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    if saved is not None:
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step, done = saved["step"], saved["samples"]
    torch.manual_seed(step + 1)
    rng, threads, began, first, shown = random.Random(step + 1), Threads(), time.time(), done, []
    last_save = began
    print(f"{len(data.slots)} pictures; {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters; from sample {done}", flush=True)
    while done < args.samples:
        threads.before()
        clean, indices = data.pick(BATCH)
        indices[torch.rand(BATCH) < EMPTY_SHARE] = 0
        rows, positions = texts.write([scene_of(one) for one in indices.tolist()], rng)
        target, weight = texts.wanted(slots, indices, positions)
        noisy, timesteps, wanted = noised(clean, powers)
        predicted, given = model(noisy.contiguous(memory_format=torch.channels_last), timesteps, rows)
        drawn = torch.nn.functional.mse_loss(predicted, wanted)
        loss = drawn + ROWS_WEIGHT * ((given - target).square().mean(2) * weight).sum(1).mean()
        for group in optimiser.param_groups:
            group["lr"] = rate(group["peak"], done / args.samples, step, 100, 0.4)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step, done = step + 1, done + BATCH
        follow(average, model, step, EMA_DECAY)
        shown.append(drawn.item())
        threads.after()
        if step % 50 == 0:
            speed = (done - first) / (time.time() - began)
            print(f"{time.strftime('%H:%M:%S')} samples {done} loss {np.mean(shown[-200:]):.4f} {speed:.0f}/s on {torch.get_num_threads()} threads", flush=True)
        if time.time() - last_save > SAVE_SECONDS or done >= args.samples:
            state = {"model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
            save({**state, "step": step, "samples": done}, args.out)
            data.grow()
            last_save = time.time()


if __name__ == "__main__":
    main()
