"""torch's CPU generator: what `torch.randn(n, generator=Generator("cpu").manual_seed(seed))` gives, draw after draw."""

from pathlib import Path

import torch

from golden_file import numbers, write_cases

SEEDS = [0, 1, 42, 1234, 2**32 - 1, 2**32 + 42]
SINGLE_DRAWS = [5, 15, 16, 17, 100, 4 * 16 * 16, 16384]
CONSECUTIVE_DRAWS = [
    [256, 256],
    [5, 16],
    [3, 3, 3, 3],
    [15, 17, 15, 5],
    [1, 1, 1],
    [7, 100, 7, 1],
    [16384, 16384, 100],
]
FULL_UP_TO = 100


def drawn(values: torch.Tensor) -> dict:
    summary = {
        "n": values.numel(),
        "first": numbers(values[:8]),
        "last": numbers(values[-8:]),
        "sum": values.double().sum().item(),
    }
    return {**summary, "values": numbers(values)} if values.numel() <= FULL_UP_TO else summary


def case(seed: int, sizes: list[int]) -> dict:
    generator = torch.Generator("cpu").manual_seed(seed)
    return {"seed": seed, "draws": [drawn(torch.randn(size, generator=generator)) for size in sizes]}


def make(out: Path) -> None:
    sequences = [*([size] for size in SINGLE_DRAWS), *CONSECUTIVE_DRAWS]
    facts = {"tolerance": {"value": 1e-6, "sum": 1e-2}}
    write_cases(out / "noise.json", facts, [case(seed, sizes) for seed in SEEDS for sizes in sequences])
