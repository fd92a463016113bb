"""Trains the UNet and the text encoder together on encoded scenes; resumes from its checkpoint.

    python train_unet.py --data FOLDER --tokenizer TOKENIZER --out CHECKPOINT --minutes 80

v-prediction on scaled_linear betas, classifier-free guidance by empty prompts, an exponential moving average of the
weights. The learning rate is constant and falls to zero over the last part of `--minutes` of training time.
"""

import argparse
import copy
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from captions import BOS, EOS, LENGTH, load_tokenizer, row_of_id, taught_ids

UNET = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": [48, 96, 192],
    "layers_per_block": 1,
    "cross_attention_dim": 128,
    "attention_head_dim": 4,
    "norm_num_groups": 16,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "act_fn": "silu",
    "flip_sin_to_cos": True,
    "freq_shift": 0,
}
TEXT = {
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": LENGTH,
    "hidden_act": "quick_gelu",
    "projection_dim": 128,
}
BATCH = 32
# The denoising loss alone teaches colours at once and nouns only after a long plateau, so the text encoder is also
# asked which taught words the caption holds; a linear reader must find them in what the padding positions carry.
WORDS_WEIGHT = 0.5
WORDS_FIRST_STEPS = 400
WORDS_FIRST_RATE = 1e-3
PEAK_RATE = 1e-3
WARM_UP_STEPS = 200
DECAY_SHARE = 0.25
EMPTY_SHARE = 0.11
EMA_DECAY = 0.998
# Below 1, noisier timesteps are drawn more often: forms are decided there, and forms are what takes longest to learn.
NOISY_BIAS = 0.65
# A schedule that ends at a signal-to-noise ratio above zero leaks the picture's mean colour into the "pure" noise of
# training; sampling starts without that leak. So some of the noisiest samples are trained on noise alone.
PURE_NOISE_FROM = 930
PURE_NOISE_SHARE = 0.4


def alphas_cumprod() -> torch.Tensor:
    """[1000] signal power left at each timestep: scaled_linear, 0.00085 to 0.012."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0).float()


def new_text_encoder(taught: int) -> CLIPTextModel:
    """With the small table of `captions.row_of_id`; `export.py` spreads it over the whole vocabulary."""
    return CLIPTextModel(CLIPTextConfig(vocab_size=taught + 1, bos_token_id=0, eos_token_id=1, pad_token_id=None, **TEXT))


def load_data(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    parts = [np.load(path) for path in sorted(folder.glob("part-*.npz"))]
    latents = torch.from_numpy(np.concatenate([part["latents"] for part in parts]))
    tokens = torch.from_numpy(np.concatenate([part["tokens"] for part in parts]).astype(np.int32))
    return latents, tokens


class Model(torch.nn.Module):
    """UNet and text encoder as one network: noisy latents, timesteps and rows of the small table → v."""

    def __init__(self, taught: int) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(**UNET)
        self.text_encoder = new_text_encoder(taught)
        self.reader = torch.nn.Linear(TEXT["hidden_size"], taught + 1)

    def forward(self, noisy: torch.Tensor, timesteps: torch.Tensor, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(predicted v, words loss)."""
        words = self.text_encoder(input_ids=rows).last_hidden_state
        return self.unet(noisy, timesteps, words).sample, self.words_loss(rows, words)

    def words_loss(self, rows: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """How badly the reader tells, from the last position, which words came before it: summed binary cross-entropy."""
        present = torch.zeros(len(rows), self.reader.out_features).scatter_(1, rows, 1.0)
        read = self.reader(words[:, -8:].mean(1))
        return torch.nn.functional.binary_cross_entropy_with_logits(read, present, reduction="sum") / len(rows)


def teach_words_first(model: Model, batches: Callable[[], torch.Tensor]) -> None:
    """The text encoder alone, before its words are used; `batches` gives rows of the small table."""
    taught = [*model.text_encoder.parameters(), *model.reader.parameters()]
    optimiser = torch.optim.AdamW(taught, lr=WORDS_FIRST_RATE, fused=True)
    for step in range(1, WORDS_FIRST_STEPS + 1):
        rows = batches()
        loss = model.words_loss(rows, model.text_encoder(input_ids=rows).last_hidden_state)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(taught, 1.0)
        optimiser.step()
        if step % 50 == 0:
            print(f"words only, step {step} loss {loss.item():.3f}", flush=True)


def noised(latents: torch.Tensor, powers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(noisy latents, timesteps, the v to predict) for a batch of clean latents."""
    timesteps = (1000 * torch.rand(len(latents)) ** NOISY_BIAS).long().clamp(max=999)
    power = powers[timesteps][:, None, None, None]
    noise = torch.randn_like(latents)
    noisy = power.sqrt() * latents + (1 - power).sqrt() * noise
    pure = (timesteps >= PURE_NOISE_FROM) & (torch.rand(len(latents)) < PURE_NOISE_SHARE)
    noisy = torch.where(pure[:, None, None, None], noise, noisy)
    return noisy, timesteps, (power.sqrt() * noisy - latents) / (1 - power).sqrt()


class Threads:
    """Chooses between one and two threads: on a shared machine two that wait for each other can be the slower choice.

    Every `PERIOD` steps a few steps are timed with each.
    """

    PERIOD, TRIAL = 400, 3

    def __init__(self) -> None:
        self.seconds = {1: 0.0, 2: 0.0}
        self.chosen = 2

    def before(self, step: int) -> None:
        phase = step % self.PERIOD
        trial = phase // self.TRIAL + 1
        if phase == 0:
            self.seconds = {1: 0.0, 2: 0.0}
        if phase == 2 * self.TRIAL:
            self.chosen = min(self.seconds, key=self.seconds.__getitem__)
        torch.set_num_threads(trial if trial in self.seconds else self.chosen)

    def after(self, seconds: float) -> None:
        self.seconds[torch.get_num_threads()] += seconds


def rate(progress: float, step: int) -> float:
    return PEAK_RATE * min(1.0, step / WARM_UP_STEPS, max(0.0, (1 - progress) / DECAY_SHARE))


@torch.no_grad()
def follow(average: torch.nn.Module, model: torch.nn.Module, step: int) -> None:
    """Moves the average; early on it forgets faster, so that it is usable from the start."""
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--tokenizer", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True, help="checkpoint file, read when it exists")
    flags.add_argument("--minutes", type=float, default=80)
    flags.add_argument("--compile", action="store_true")
    args = flags.parse_args()

    taught = taught_ids(load_tokenizer(args.tokenizer))
    rows_of = row_of_id(taught)
    empty = rows_of[torch.tensor([BOS] + [EOS] * (LENGTH - 1))]
    latents, tokens = load_data(args.data)
    powers = alphas_cumprod()

    torch.manual_seed(1)
    model = Model(len(taught))
    average = copy.deepcopy(model).requires_grad_(False)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    step, spent = 0, 0.0
    if args.out.exists():
        saved = torch.load(args.out)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step, spent = saved["step"], saved["spent"]
    torch.manual_seed(step + 1)
    forward = torch.compile(model) if args.compile else model
    print(f"{len(latents)} latents; {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters; from step {step}", flush=True)

    def pick() -> tuple[torch.Tensor, torch.Tensor]:
        picked = torch.randint(0, len(latents), (BATCH,))
        ids = tokens[picked, torch.randint(0, tokens.shape[1], (BATCH,))].long()
        return latents[picked].float(), torch.where(torch.rand(BATCH, 1) < EMPTY_SHARE, empty, rows_of[ids])

    if step == 0:
        teach_words_first(model, lambda: pick()[1])

    budget, last_save, shown = args.minutes * 60, time.time(), None
    threads = Threads()
    while spent < budget:
        began = time.time()
        threads.before(step)
        clean, rows = pick()
        noisy, timesteps, wanted = noised(clean, powers)
        predicted, words_loss = forward(noisy, timesteps, rows)
        denoising_loss = torch.nn.functional.mse_loss(predicted, wanted)
        loss = denoising_loss + WORDS_WEIGHT * words_loss
        for group in optimiser.param_groups:
            group["lr"] = rate(spent / budget, step)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        follow(average, model, step)
        shown = denoising_loss.item() if shown is None else 0.98 * shown + 0.02 * denoising_loss.item()
        spent += time.time() - began
        threads.after(time.time() - began)
        if step % 50 == 0:
            print(f"step {step} {spent / 60:.1f} min loss {shown:.4f} words {words_loss.item():.3f} {BATCH / (time.time() - began):.0f} samples/s on {torch.get_num_threads()} threads", flush=True)
        if time.time() - last_save > 180 or spent >= budget:
            partial = args.out.with_suffix(".partial")
            state = {"model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "step": step, "spent": spent}, partial)
            os.replace(partial, args.out)
            last_save = time.time()


if __name__ == "__main__":
    main()
