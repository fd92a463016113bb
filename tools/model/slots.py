"""The words of a scene as rows for the UNet's cross-attention, before there is a text encoder.

Each slot of a scene has its own learned row for each of its words and one for "not said". The text encoder is fitted
later to give these rows at the last eight of its 77 positions; the positions before them hold copies of what their words
mean, or the filler row. Hence a context here is: eight slot rows, eight that are a copy or the filler, and one filler
row that counts as often as the positions that are left.
"""

import math

import torch

from icons import STYLES, THINGS
from places import PLACES
from scenes import COLOURS, SHAPES, Scene

OBJECTS = ["", *SHAPES, *THINGS]
SLOTS: dict[str, list[str]] = {
    "thing": OBJECTS,
    "colour": ["", *COLOURS],
    "background": ["", *COLOURS, *PLACES],
    "style": ["", *STYLES],
    "size": ["", "big", "small"],
    "count": ["", "two", "three", "and"],
    "second": OBJECTS,
    "second_colour": ["", *COLOURS],
}
WIDTH = 128
POSITIONS = 77
COPY_SHARE = 0.5


def indices(scene: Scene) -> list[int]:
    """One index into each slot's words."""
    return [words.index(getattr(scene, slot)) for slot, words in SLOTS.items()]


class Slots(torch.nn.Module):
    """[n, 8] indices → ([n, 17, WIDTH] rows, the attention mask that counts the last row 61-fold)."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [len(words) for words in SLOTS.values()]
        self.register_buffer("offsets", torch.tensor([sum(sizes[:i]) for i in range(len(sizes))]), persistent=False)
        # The last row is the filler.
        self.rows = torch.nn.Embedding(sum(sizes) + 1, WIDTH)
        # As the text encoder's last layer has it; its weights become that layer's.
        self.norm = torch.nn.LayerNorm(WIDTH)
        repeated = POSITIONS - 2 * len(sizes)
        # diffusers turns a mask m into an attention bias of (1 - m) * -10000.
        mask = torch.ones(2 * len(sizes) + 1)
        mask[-1] += math.log(repeated) / 10_000
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rows = self.norm(self.rows(indices + self.offsets))
        filler = self.norm(self.rows.weight[-1]).expand(len(indices), 1, -1)
        copied = (indices > 0) & (torch.rand(indices.shape, device=indices.device) < COPY_SHARE)
        copies = torch.where(copied[..., None], rows, filler)
        return torch.cat([rows, copies, filler], 1), self.mask.expand(len(indices), -1)
