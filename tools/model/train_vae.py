"""Trains the AutoencoderKL (8-fold, 4 latent channels) on random scenes; resumes from its checkpoint.

    python train_vae.py --icons icons.npz --start VAE_FOLDER --out vae.pt --pictures 40000
    python train_vae.py --icons icons.npz --start CALIBRATED_FOLDER --out decoder.pt --pictures 60000 --decoder-only

The first line trains both halves. `--decoder-only` leaves the encoder alone, so that a UNet trained on its latents stays
good while pictures get sharper. `--pictures` counts from the start of `--out`, over which the learning rate falls.
"""

import argparse
import copy
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch.nn import functional as F

from icons import load_icons
from machine import Threads, follow, rate, save
from scenes import Renderer, random_scene

BATCH = 8
PEAK_RATE = 2e-4
EMA_DECAY = 0.999
# Noise the decoder learns to stand, and the pull of the latents towards 0 that keeps them from growing out of it.
LATENT_NOISE = 0.08
LATENT_PULL = 1e-3
SAVE_SECONDS = 180


def pictures(renderer: Renderer, rng: random.Random, count: int) -> torch.Tensor:
    """[count, 3, 128, 128] in -1..1."""
    drawn = np.stack([np.asarray(renderer.draw(random_scene(rng), rng)) for _ in range(count)])
    return (torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def edges(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(drawn: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """L1 on pixels, on their differences at two scales (sharp edges) and on 8×8 means (flat colours)."""
    error = F.l1_loss(drawn, wanted) + F.l1_loss(F.avg_pool2d(drawn, 8), F.avg_pool2d(wanted, 8))
    halves = F.avg_pool2d(drawn, 2), F.avg_pool2d(wanted, 2)
    for weight, (a, b) in ((1.0, (drawn, wanted)), (0.5, halves)):
        error = error + weight * sum(F.l1_loss(x, y) for x, y in zip(edges(a), edges(b)))
    return error


class RoundTrip(torch.nn.Module):
    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, wanted: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(loss, L1 in -1..1 units)."""
        mean = self.vae.encode(wanted).latent_dist.mean
        drawn = self.vae.decode(mean + LATENT_NOISE * noise).sample.float()
        mean = mean.float()
        loss = reconstruction_loss(drawn, wanted) + LATENT_PULL * mean.square().mean()
        return loss, F.l1_loss(drawn, wanted).detach()


@torch.no_grad()
def sheet(vae: AutoencoderKL, wanted: torch.Tensor, path: Path) -> None:
    """Rows of twelve pictures, below each row its round trip."""
    again = vae.decode(vae.encode(wanted).latent_dist.mean).sample.clamp(-1, 1)
    rows = []
    for first in range(0, len(wanted), 12):
        for part in (wanted, again):
            rows.append(np.concatenate(list(part[first : first + 12].permute(0, 2, 3, 1).numpy()), 1))
    Image.fromarray((np.concatenate(rows) * 127.5 + 127.5).round().astype(np.uint8)).save(path)


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--icons", type=Path, required=True, help="written by icons.py")
    flags.add_argument("--start", type=Path, help="a VAE folder to begin with when --out does not exist yet")
    flags.add_argument("--out", type=Path, required=True, help="checkpoint file, read when it exists")
    flags.add_argument("--pictures", type=int, default=40_000)
    flags.add_argument("--decoder-only", action="store_true")
    flags.add_argument("--bf16", action="store_true", help="1.7 times as fast where the processor has AMX; end without it")
    flags.add_argument("--sheet", type=Path, help="a PNG of round trips, written with every checkpoint")
    args = flags.parse_args()

    saved = torch.load(args.out, weights_only=True) if args.out.exists() else None
    source = saved["config"] if saved else AutoencoderKL.load_config(args.start)
    vae = AutoencoderKL.from_config(source)
    if saved:
        vae.load_state_dict(saved["vae"])
    else:
        vae.load_state_dict(AutoencoderKL.from_pretrained(args.start, torch_dtype=torch.float32).state_dict())
    vae = vae.to(memory_format=torch.channels_last)
    average = copy.deepcopy(vae).requires_grad_(False)
    if args.decoder_only:
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
    taught = [p for p in vae.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(taught, lr=PEAK_RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    step, done = 0, 0
    if saved:
        average.load_state_dict(saved["average"])
        step, done = saved["step"], saved["pictures"]
        if saved["decoder_only"] == args.decoder_only:
            optimiser.load_state_dict(saved["optimiser"])
    forward = RoundTrip(vae)

    renderer, rng = Renderer(load_icons(args.icons)), random.Random(step + 1)
    looked_at = pictures(renderer, random.Random(0), 36)
    torch.manual_seed(step + 1)
    threads, shown, began, first = Threads(), [], time.time(), done
    last_save = began
    print(f"{sum(p.numel() for p in vae.parameters()) / 1e6:.2f} M parameters; from picture {done}", flush=True)
    while done < args.pictures:
        threads.before()
        wanted = pictures(renderer, rng, BATCH)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            loss, error = forward(wanted, torch.randn(BATCH, 4, 16, 16))
        for group in optimiser.param_groups:
            group["lr"] = rate(PEAK_RATE, done / args.pictures, step, 50, 0.6)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(taught, 1.0)
        optimiser.step()
        step, done = step + 1, done + BATCH
        follow(average, vae, step, EMA_DECAY)
        shown.append(error.item())
        threads.after()
        if step % 50 == 0:
            speed = (done - first) / (time.time() - began)
            print(f"{time.strftime('%H:%M:%S')} pictures {done} L1 {np.mean(shown[-200:]):.4f} {speed:.1f}/s on {torch.get_num_threads()} threads", flush=True)
        if time.time() - last_save > SAVE_SECONDS or done >= args.pictures:
            state = {"vae": vae.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(), "config": dict(vae.config)}
            save({**state, "step": step, "pictures": done, "decoder_only": args.decoder_only}, args.out)
            if args.sheet:
                sheet(average, looked_at, args.sheet)
            last_save = time.time()


if __name__ == "__main__":
    main()
