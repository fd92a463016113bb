"""Variations: the noise of one seed turned towards the noise of another.

The rule is AUTOMATIC1111's (modules/rng.py), exactly, on one picture's noise of shape (channels, height, width): the
angle is taken along axis 1, which for that shape is the *height*, so each channel and column turns by its own angle.
When the two noises nearly agree it blends linearly, with the weights the other way round (`strength` weighs the seed's
noise); that branch only ever meets equal seeds, where the weights do not matter.
"""

from pathlib import Path

import torch

from golden_file import numbers, write_cases

SHAPE = (4, 8, 8)
NEARLY_PARALLEL = 0.9995
CASES = [(0, 1, 0.1), (42, 43, 0.0), (42, 43, 0.05), (42, 43, 0.5), (42, 43, 1.0), (1234, 7, 0.3), (5, 5, 0.25)]


def noise(seed: int, shape: tuple[int, ...] = SHAPE) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


def slerp(strength: float, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    cosine = torch.nn.functional.normalize(low, dim=1).mul(torch.nn.functional.normalize(high, dim=1)).sum(1)
    if cosine.mean() > NEARLY_PARALLEL:
        return strength * low + (1 - strength) * high
    angle = torch.acos(cosine).unsqueeze(1)
    return (torch.sin((1 - strength) * angle) * low + torch.sin(strength * angle) * high) / torch.sin(angle)


def make(out: Path) -> None:
    facts = {
        "rule": "slerp(strength, noise(seed), noise(subseed)) with norms and dot products along axis 1 (height)",
        "shape": SHAPE,
        "axis": 1,
        "nearlyParallel": NEARLY_PARALLEL,
        "tolerance": 2e-6,
    }
    cases = [
        {
            "seed": seed,
            "subseed": subseed,
            "strength": strength,
            "noise": numbers(slerp(strength, noise(seed), noise(subseed))),
        }
        for seed, subseed, strength in CASES
    ]
    write_cases(out / "variation.json", facts, cases)
