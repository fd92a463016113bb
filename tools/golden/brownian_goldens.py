"""Brownian paths, value for value: torchsde's tree as diffusers' DPM++ SDE grows it, and NumPy's seed sequence under it."""

import warnings
from pathlib import Path

import numpy as np
import torch
import torchsde

from golden_file import numbers, write_cases

SIZE = 16
POOL_SIZE = 24
SEEDS = [0, 1, 42, 2**31, 2**32 - 1]
SPANS = [(0.0291675, 14.614647), (0.5, 4096.0), (0.1, 0.1001)]
"""Shares of a span: neighbours, all of it, the same stretch again after others, and beyond both ends."""
STRETCHES = [(0.5, 1.0), (0.25, 0.5), (0.0, 1.0), (0.123456, 0.654321), (0.5, 1.0), (-0.1, 0.3), (0.9, 1.1), (0.4, 0.4)]


def path_case(seed: int, span: tuple[float, float]) -> dict:
    start, end = span
    tree = torchsde.BrownianInterval(
        t0=start, t1=end, size=(SIZE,), entropy=seed, tol=1e-6, pool_size=POOL_SIZE, halfway_tree=True
    )
    queries = []
    for low, high in STRETCHES:
        a, b = (start + share * (end - start) for share in (low, high))
        queries.append({"from": a, "to": b, "increment": numbers(tree(a, b)[:4])})
    return {"kind": "path", "seed": seed, "start": start, "end": end, "queries": queries}


def sequence_case(seed: int, spawn_key: tuple[int, ...], pool_size: int) -> dict:
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=spawn_key, pool_size=pool_size)
    words = [int(word) for word in sequence.generate_state(6)]
    return {"kind": "sequence", "seed": seed, "spawnKey": list(spawn_key), "poolSize": pool_size, "words": words}


def make(out: Path) -> None:
    warnings.filterwarnings("ignore", message="Should have t")
    paths = [path_case(seed, span) for seed in SEEDS for span in SPANS]
    keys = [(), (0, 0), (1, 3), (2**33 + 5, 34), (0,)]
    sequences = [sequence_case(seed, key, size) for seed in [*SEEDS, 2**40 + 7] for key in keys for size in (4, POOL_SIZE)]
    facts = {"size": SIZE, "tolerance": {"increment": "2e-6 of the greatest", "words": "equal"}}
    write_cases(out / "brownian.json", facts, paths + sequences)
