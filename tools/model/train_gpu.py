"""Trains the VAE, then the UNet and the text encoder together, within minutes of one GPU.

    python train_gpu.py --icons icons.npz --words words.npz --model models/sketch --out FOLDER --vae-seconds 100 --both-seconds 300

Begins with the networks of `--model`, or of FOLDER where an earlier run left them. Pictures and captions come from
`render.py`, one process for each core. A training step is one CUDA graph: what is drawn, its noise and its captions are
chosen on the GPU, so that Python only replays it. The learning rates follow the
time that is left, not a number of samples. While the file FOLDER/pause exists, nothing is computed.

Writes FOLDER/vae (a diffusers folder), FOLDER/both.pt (for `export.py`) and FOLDER/log.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file
from torch.nn import functional as F

from calibrate_vae import equalise
from captions import MARKS
from gpu_pool import Pool, as_floats
from gpu_trainer import Trainer, half_precision
from render import CAPTIONS
from sampling import alphas_cumprod
from slots import POSITIONS, SLOTS, WIDTH
from texts import FIRST_SLOT, SLOT_NAMES, Texts
from train_both import ROWS_WEIGHT, Both
from train_unet import EMPTY_SHARE, noised
from train_vae import LATENT_NOISE, LATENT_PULL, reconstruction_loss

VAE_RATE, UNET_RATE, TEXT_RATE = 6e-4, 8e-4, 2e-4
# The VAE's is to forget the weights that it began with, within a few thousand steps.
VAE_DECAY, BOTH_DECAY = 0.998, 0.9995
# Pictures that must be there before the first step.
BEGINS_WITH = 2048
OFFSETS = [sum(len(words) for words in list(SLOTS.values())[:i]) for i in range(len(SLOTS))]


def train_vae(args: argparse.Namespace, trainer: Trainer, seconds: float, batch: int) -> AutoencoderKL:
    """@returns it calibrated (`calibrate_vae.equalise`)"""
    pool, device = trainer.pool, trainer.device
    vae = AutoencoderKL.from_pretrained(args.out / "vae" if (args.out / "vae").exists() else args.model / "vae", torch_dtype=torch.float32)
    if seconds > 0:
        vae = vae.train().to(device, memory_format=torch.channels_last)

        def loss_of() -> torch.Tensor:
            wanted = as_floats(pool.pictures[pool.pick(batch, pool.seen)])
            with half_precision(device):
                mean = vae.quant_conv(vae.encoder(wanted))[:, :4]
                drawn = vae.decode(mean + LATENT_NOISE * torch.randn_like(mean), return_dict=False)[0]
            mean, drawn = mean.float(), drawn.float()
            return reconstruction_loss(drawn, wanted) + LATENT_PULL * mean.square().mean()

        groups = [{"params": list(vae.parameters()), "peak": VAE_RATE * args.rate}]
        vae, _ = trainer.run("vae", vae, groups, loss_of, batch, seconds, VAE_DECAY)
    vae = vae.eval().to(device)
    with torch.no_grad():
        if seconds > 0 and not args.keep_scale:
            shown = as_floats(pool.pictures[pool.pick(2048, pool.seen)])
            equalise(vae, torch.cat([vae.encode(part).latent_dist.mean for part in shown.split(128)]))
        shown = as_floats(pool.pictures[pool.pick(256, pool.seen)])
        given = AutoencoderKL.from_pretrained(args.model / "vae", torch_dtype=torch.float32).eval().to(device)
        error, usual = round_trip_error(vae, shown), round_trip_error(given, shown)
        trainer.say(f"vae: scaling_factor {vae.config.scaling_factor}, L1 of round trips {error:.4f}, of the one in --model {usual:.4f}")
    vae.save_pretrained(args.out / "vae")
    if error <= usual:
        return vae
    trainer.say("vae: the one in --model is kept")
    given.save_pretrained(args.out / "vae")
    return given


def round_trip_error(vae: AutoencoderKL, pictures: torch.Tensor) -> float:
    """Mean distance in -1..1 units."""
    again = torch.cat([vae.decode(vae.encode(part).latent_dist.mean).sample for part in pictures.split(64)])
    return (again.clamp(-1, 1) - pictures).abs().mean().item()


def encoded_text(model: Both, rows: torch.Tensor) -> torch.Tensor:
    """[n, 77] rows of the small table → [n, 77, WIDTH]: CLIPTextModel's own layers, without what a graph cannot hold."""
    text = getattr(model.text_encoder, "text_model", model.text_encoder)
    x = text.embeddings.token_embedding(rows) + text.embeddings.position_embedding.weight[None]
    for layer in text.encoder.layers:
        attention, h = layer.self_attn, layer.layer_norm1(x)
        q, k, v = (project(h).unflatten(2, (attention.num_heads, -1)).transpose(1, 2) for project in (attention.q_proj, attention.k_proj, attention.v_proj))
        x = x + attention.out_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        h = layer.mlp.fc1(layer.layer_norm2(x))
        x = x + layer.mlp.fc2(h * torch.sigmoid(1.702 * h))
    return text.final_layer_norm(x)


def plain_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Of a text encoder: transformers' versions differ in a prefix."""
    return {name.removeprefix("text_model."): tensor for name, tensor in state.items() if not name.endswith("position_ids")}


def load_both(args: argparse.Namespace, texts: Texts) -> Both:
    """Of an earlier run, or of a published folder; the small table is read back from the whole one."""
    model = Both(len(texts.taught))
    own = list(model.text_encoder.state_dict())
    prefix = "text_model." if own[0].startswith("text_model.") else ""
    if (args.out / "both.pt").exists():
        saved = torch.load(args.out / "both.pt", weights_only=True)["average"]
        unet = {k.removeprefix("unet."): v.float() for k, v in saved.items() if k.startswith("unet.")}
        text = plain_names({k.removeprefix("text_encoder."): v.float() for k, v in saved.items() if k.startswith("text_encoder.")})
    else:
        unet = {k: v.float() for k, v in load_file(args.model / "unet" / "diffusion_pytorch_model.safetensors").items()}
        text = plain_names({k: v.float() for k, v in load_file(args.model / "text_encoder" / "model.safetensors").items()})
        table = text["embeddings.token_embedding.weight"]
        # Most words were never taught and are like none that was: they all have one row.
        others, counts = table[texts.rows == 0].unique(dim=0, return_counts=True)
        small = torch.cat([others[counts.argmax()][None], table[torch.tensor(texts.taught)]])
        text["embeddings.token_embedding.weight"] = small
    model.unet.load_state_dict(unet)
    missing = model.text_encoder.load_state_dict({f"{prefix}{name}": tensor for name, tensor in text.items()}, strict=False)
    if [name for name in missing.missing_keys if not name.endswith("position_ids")] or missing.unexpected_keys:
        raise ValueError(f"the text encoder does not fit: {missing}")
    return model


@torch.no_grad()
def mean_rows(model: Both, pool: Pool, trainer: Trainer) -> torch.Tensor:
    """[words of all slots + 1, WIDTH]: what the encoder gives for each word at its slot's position; last, the filler."""
    device, size = trainer.device, OFFSETS[-1] + len(SLOTS["second_colour"])
    sums, counts = torch.zeros(size + 1, WIDTH, device=device), torch.zeros(size + 1, 1, device=device)
    offsets = torch.tensor(OFFSETS, device=device)
    for start in range(0, min(pool.taken, 65_536), 512):
        places = torch.arange(start, min(start + 512, pool.taken), device=device)
        for c in range(CAPTIONS):
            given = encoded_text(model, pool.tokens[places, c].long())
            words = (pool.slots[places].long() + offsets).flatten()
            sums.index_add_(0, words, given[:, FIRST_SLOT:].reshape(-1, WIDTH))
            counts.index_add_(0, words, torch.ones(len(words), 1, device=device))
            middle = given[:, FIRST_SLOT // 2 : FIRST_SLOT].reshape(-1, WIDTH)
            sums[-1] += middle.sum(0)
            counts[-1] += len(middle)
    trainer.say(f"rows: {int((counts == 0).sum())} of {size} words were not seen")
    return sums / counts.clamp(min=1)


def train_both(args: argparse.Namespace, trainer: Trainer, vae: AutoencoderKL, seconds: float, batch: int) -> None:
    pool, device = trainer.pool, trainer.device
    texts = Texts(args.tokenizer or args.model / "tokenizer", args.words)
    model = load_both(args, texts).to(device, memory_format=torch.channels_last)
    with pool.lock:
        pool.freeze(vae)
    table, powers = mean_rows(model, pool, trainer), alphas_cumprod().to(device)
    offsets = torch.tensor(OFFSETS, device=device)
    marked = torch.tensor([SLOT_NAMES.index(slot) for slot in MARKS], device=device)
    nothing = texts.rows[torch.tensor(texts.tokenizer("", padding="max_length", max_length=POSITIONS)["input_ids"])].to(device)
    each = torch.arange(batch, device=device)

    def loss_of() -> torch.Tensor:
        picked = pool.pick(batch, pool.told)
        phrasing = (torch.rand(batch, device=device) * CAPTIONS).long()
        empty = torch.rand(batch, device=device) < EMPTY_SHARE
        rows = torch.where(empty[:, None], nothing, pool.tokens[picked, phrasing].long())
        words = torch.where(empty[:, None], 0, pool.slots[picked].long()) + offsets
        marks = torch.where(empty[:, None], -1, pool.marks[picked, phrasing].long())
        # A mark that is not there is written behind the last position, which is cut off.
        marks = torch.where(marks < 0, POSITIONS, marks)
        target = table[-1].expand(batch, POSITIONS + 1, -1).clone()
        weight = torch.full((batch, POSITIONS + 1), 0.25 / POSITIONS, device=device)
        target[:, FIRST_SLOT:POSITIONS], weight[:, FIRST_SLOT:POSITIONS] = table[words], 1 / len(SLOTS)
        target[each[:, None], marks] = table[words[:, marked]]
        weight = weight.scatter(1, marks, 0.05)
        noisy, timesteps, wanted = noised(pool.latents[picked].float(), powers)
        with half_precision(device):
            given = encoded_text(model, rows)
            predicted = model.unet(noisy.contiguous(memory_format=torch.channels_last), timesteps, given, return_dict=False)[0]
        held = (given.float() - target[:, :POSITIONS]).square().mean(2) * weight[:, :POSITIONS]
        return F.mse_loss(predicted.float(), wanted) + ROWS_WEIGHT * held.sum(1).mean()

    groups = [
        {"params": list(model.unet.parameters()), "peak": UNET_RATE * args.rate},
        {"params": list(model.text_encoder.parameters()), "peak": TEXT_RATE * args.rate},
    ]
    average, samples = trainer.run("both", model, groups, loss_of, batch, seconds, BOTH_DECAY)
    state = {name: tensor.half().cpu() for name, tensor in average.state_dict().items() if not name.endswith("position_ids")}
    torch.save({"average": state, "samples": samples}, args.out / "both.partial")
    os.replace(args.out / "both.partial", args.out / "both.pt")


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--icons", type=Path, required=True)
    flags.add_argument("--words", type=Path, required=True)
    flags.add_argument("--model", type=Path, required=True, help="a folder as export.py writes it")
    flags.add_argument("--tokenizer", type=Path, help="where it is not in --model")
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--device", default="cuda")
    flags.add_argument("--vae-seconds", type=float, default=100)
    flags.add_argument("--both-seconds", type=float, default=300)
    flags.add_argument("--vae-batch", type=int, default=64)
    flags.add_argument("--both-batch", type=int, default=512)
    flags.add_argument("--rate", type=float, default=1.0, help="of the learning rates: less for what is trained already")
    flags.add_argument("--keep-scale", action="store_true", help="the VAE's latents are not made equally wide again")
    flags.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) - 2), help="that render")
    flags.add_argument("--pictures", type=int, default=400_000, help="kept while the VAE is trained, 49 KB each")
    flags.add_argument("--latents", type=int, default=2_500_000, help="kept afterwards, 3 KB each")
    args = flags.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    device = torch.device(args.device)
    torch.manual_seed(int(time.time()))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    blocks = Path("/dev/shm") / f"sketch-{os.getpid()}"
    given = ["--icons", args.icons, "--words", args.words, "--tokenizer", args.tokenizer or args.model / "tokenizer", "--out", blocks]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false"}
    here = Path(__file__).parent
    seeds = int(time.time()) % 100_000 * 100
    renderers = [subprocess.Popen(["nice", sys.executable, str(here / "render.py"), *map(str, given), "--seed", str(seeds + i)], env=quiet) for i in range(args.processes)]
    try:
        pool = Pool(blocks, device, args.pictures, args.latents)
        trainer = Trainer(args.out, pool, device)
        threading.Thread(target=pool.keep_growing, args=(args.out / "pause",), daemon=True).start()
        while pool.taken < BEGINS_WITH:
            if all(renderer.poll() is not None for renderer in renderers):
                raise RuntimeError("no process renders: see above why render.py ended")
            time.sleep(0.05)
        trainer.say(f"begins with {pool.taken} pictures")
        vae = train_vae(args, trainer, args.vae_seconds, args.vae_batch)
        if args.both_seconds > 0:
            train_both(args, trainer, vae, args.both_seconds, args.both_batch)
        (args.out / "done").touch()
    except Exception:
        traceback.print_exc()
    finally:
        for renderer in renderers:
            renderer.kill()
        # The thread that takes blocks may be in the midst of one.
        sys.stdout.flush()
        os._exit(0 if (args.out / "done").exists() else 1)


if __name__ == "__main__":
    main()
