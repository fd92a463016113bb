"""What `train_gpu.py` chooses its batches from: the blocks of `render.py` as rings on the GPU."""

import threading
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from captions import MARKS
from render import CAPTIONS
from slots import POSITIONS, SLOTS


class Pool:
    """Pictures on the GPU, later their latents, with what is said of them; a ring that render.py's blocks fill."""

    def __init__(self, folder: Path, device: torch.device, pictures: int, latents: int) -> None:
        self.folder, self.device = folder, device
        self.pictures = torch.zeros(pictures, 128, 128, 3, dtype=torch.uint8, device=device)
        self.latents = torch.zeros(latents, 4, 16, 16, dtype=torch.half, device=device)
        self.slots = torch.zeros(latents, len(SLOTS), dtype=torch.int16, device=device)
        self.tokens = torch.zeros(latents, CAPTIONS, POSITIONS, dtype=torch.int16, device=device)
        self.marks = torch.zeros(latents, CAPTIONS, len(MARKS), dtype=torch.int8, device=device)
        # How many there are to choose from, where a graph can read it.
        self.seen, self.told = torch.zeros((), device=device), torch.zeros((), device=device)
        self.taken = 0
        self.encoder: AutoencoderKL | None = None
        # Held while a graph is recorded and while the ring changes its kind: nothing comes in then.
        self.lock = threading.Lock()

    def keep_growing(self, pause: Path) -> None:
        """For a thread of its own: takes what lies ready, on a stream of its own, beside the training."""
        stream = torch.cuda.Stream() if self.device.type == "cuda" else None
        while True:
            with self.lock, torch.cuda.stream(stream):
                came = 0 if pause.exists() else self.grow()
                if stream is not None:
                    stream.synchronize()
            if came == 0:
                time.sleep(0.02)

    def grow(self, blocks: int = 4) -> int:
        """Takes a few of the blocks that lie ready. @returns how many"""
        ready = sorted(self.folder.glob("[0-9]*.npz"))[:blocks]
        for path in ready:
            block = {name: torch.from_numpy(array).to(self.device) for name, array in np.load(path).items()}
            path.unlink()
            count = len(block["slots"])
            places = torch.arange(self.taken, self.taken + count, device=self.device)
            if self.encoder is None:
                self.pictures[places % len(self.pictures)] = block["pictures"]
            else:
                self.latents[places % len(self.latents)] = self.encoded(block["pictures"])
            for name in ("slots", "tokens", "marks"):
                getattr(self, name)[places % len(self.latents)] = block[name]
            self.taken += count
            self.seen.fill_(min(self.taken, len(self.pictures)))
            self.told.fill_(min(self.taken, len(self.latents)))
        return len(ready)

    @torch.no_grad()
    def encoded(self, pictures: torch.Tensor) -> torch.Tensor:
        assert self.encoder is not None
        return (self.encoder.encode(as_floats(pictures)).latent_dist.mean * self.encoder.config.scaling_factor).half()

    def freeze(self, vae: AutoencoderKL) -> None:
        """From now on only latents are kept; the pictures that are there are encoded, the others forgotten."""
        self.encoder = vae
        kept = min(self.taken, len(self.pictures), len(self.latents))
        first = self.taken - kept
        for start in range(first, self.taken, 512):
            places = torch.arange(start, min(start + 512, self.taken), device=self.device)
            self.latents[places % len(self.latents)] = self.encoded(self.pictures[places % len(self.pictures)])
        # What came before the pictures that are left has no latents: its places are filled by what follows.
        if first:
            for name in ("latents", "slots", "tokens", "marks"):
                ring = getattr(self, name)
                ring[:kept] = ring[torch.arange(first, self.taken, device=self.device) % len(self.latents)].clone()
            self.taken = kept
            self.told.fill_(kept)
        self.pictures = self.pictures[:0]

    def pick(self, count: int, of: torch.Tensor) -> torch.Tensor:
        return (torch.rand(count, device=self.device) * of).long()


def as_floats(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 [n,128,128,3] → [n,3,128,128] in -1..1."""
    return (pictures.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
