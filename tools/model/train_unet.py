"""Trains the UNet on encoded scenes with one learned row for each word (`slots.py`); resumes from its checkpoint.

    python train_unet.py --data FOLDER --out unet.pt --samples 1500000 [--sheet PNG --vae VAE_FOLDER]

v-prediction on scaled_linear betas, classifier-free guidance by scenes of which nothing is said, an exponential moving
average of the weights. `--samples` counts from the start of `--out`; over its second half the learning rate falls.
"""

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from machine import Threads, follow, rate, save
from sampling import alphas_cumprod, draw_sheet
from slots import SLOTS, WIDTH, Slots

UNET = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": [64, 128, 192],
    "layers_per_block": 1,
    "cross_attention_dim": WIDTH,
    "attention_head_dim": 4,
    "norm_num_groups": 16,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "act_fn": "silu",
    "flip_sin_to_cos": True,
    "freq_shift": 0,
}

PEAK_RATE = 6e-4
WARM_UP_STEPS = 150
FALLS_FROM = 0.5
EMPTY_SHARE = 0.1
EMA_DECAY = 0.9995
# Below 1, noisier timesteps are drawn more often: forms are decided there.
NOISY_BIAS = 0.85
# A schedule that ends at a signal-to-noise ratio above zero leaks the picture's mean colour into the "pure" noise of
# training; sampling starts without that leak. So some of the noisiest samples are trained on noise alone.
PURE_NOISE_FROM = 930
PURE_NOISE_SHARE = 0.3
SAVE_SECONDS = 240


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(**UNET)
        self.slots = Slots()

    def forward(self, noisy: torch.Tensor, timesteps: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
        """The predicted v."""
        rows, mask = self.slots(indices)
        return self.unet(noisy, timesteps, rows, encoder_attention_mask=mask).sample


def noised(latents: torch.Tensor, powers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(noisy latents, timesteps, the v to predict) for a batch of clean latents."""
    device = latents.device
    timesteps = (1000 * torch.rand(len(latents), device=device) ** NOISY_BIAS).long().clamp(max=999)
    power = powers[timesteps][:, None, None, None]
    noise = torch.randn_like(latents)
    noisy = power.sqrt() * latents + (1 - power).sqrt() * noise
    pure = (timesteps >= PURE_NOISE_FROM) & (torch.rand(len(latents), device=device) < PURE_NOISE_SHARE)
    noisy = torch.where(pure[:, None, None, None], noise, noisy)
    return noisy, timesteps, (power.sqrt() * noisy - latents) / (1 - power).sqrt()


class Data:
    """The parts in a folder; `grow` reads those that are new."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.read = folder, set()
        self.latents, self.slots = torch.empty(0, 4, 16, 16, dtype=torch.half), torch.empty(0, len(SLOTS), dtype=torch.int16)
        self.grow()

    def grow(self) -> None:
        for path in sorted(self.folder.glob("part-*.npz")):
            if path not in self.read and ".partial" not in path.name:
                part = np.load(path)
                self.latents = torch.cat([self.latents, torch.from_numpy(part["latents"])])
                self.slots = torch.cat([self.slots, torch.from_numpy(part["slots"])])
                self.read.add(path)

    def pick(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        picked = torch.randint(0, len(self.slots), (count,))
        return self.latents[picked].float(), self.slots[picked].long()


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True, help="checkpoint file, read when it exists")
    flags.add_argument("--samples", type=int, default=1_500_000)
    flags.add_argument("--batch", type=int, default=64, help="smaller ones learn more from a sample at first")
    flags.add_argument("--compile", action="store_true")
    flags.add_argument("--bf16", action="store_true", help="a little faster where the processor has AMX")
    flags.add_argument("--sheet", type=Path, help="a PNG of samples, drawn every --sheet-samples")
    flags.add_argument("--sheet-samples", type=int, default=25_000)
    flags.add_argument("--vae", type=Path, help="for --sheet")
    args = flags.parse_args()

    data, powers = Data(args.data), alphas_cumprod()
    torch.manual_seed(1)
    model = Model().to(memory_format=torch.channels_last)
    average = copy.deepcopy(model).requires_grad_(False)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    step, done = 0, 0
    if args.out.exists():
        saved = torch.load(args.out, weights_only=True)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step, done = saved["step"], saved["samples"]
    torch.manual_seed(step + 1)
    forward = torch.compile(model) if args.compile else model
    print(f"{len(data.slots)} pictures; {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters; from sample {done}", flush=True)

    threads, shown, began, first = Threads(), [], time.time(), done
    last_save, last_sheet = began, done // args.sheet_samples
    while done < args.samples:
        threads.before()
        clean, indices = data.pick(args.batch)
        indices[torch.rand(args.batch) < EMPTY_SHARE] = 0
        noisy, timesteps, wanted = noised(clean, powers)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            predicted = forward(noisy.contiguous(memory_format=torch.channels_last), timesteps, indices)
        loss = torch.nn.functional.mse_loss(predicted.float(), wanted)
        for group in optimiser.param_groups:
            group["lr"] = rate(PEAK_RATE, done / args.samples, step, WARM_UP_STEPS, FALLS_FROM)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step, done = step + 1, done + args.batch
        follow(average, model, step, EMA_DECAY)
        shown.append(loss.item())
        threads.after()
        if step % 50 == 0:
            speed = (done - first) / (time.time() - began)
            print(f"{time.strftime('%H:%M:%S')} samples {done} loss {np.mean(shown[-200:]):.4f} {speed:.0f}/s on {torch.get_num_threads()} threads", flush=True)
        if time.time() - last_save > SAVE_SECONDS or done >= args.samples:
            state = {"model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
            save({**state, "unet": UNET, "step": step, "samples": done}, args.out)
            data.grow()
            last_save = time.time()
            if args.sheet and done // args.sheet_samples != last_sheet:
                last_sheet = done // args.sheet_samples
                vae = AutoencoderKL.from_pretrained(args.vae, low_cpu_mem_usage=False)
                draw_sheet(average.unet, average.slots, vae, args.sheet.with_stem(f"{args.sheet.stem}-{done // 1000}k"))


if __name__ == "__main__":
    main()
