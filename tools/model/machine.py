"""What both trainings share: threads, checkpoints, averages, the learning rate."""

import os
import time
from pathlib import Path

import torch


class Threads:
    """Chooses between one and two threads: on a shared machine two that wait for each other can be the slower choice.

    Every `PERIOD` steps a few steps are timed with each.
    """

    PERIOD, TRIAL = 300, 4

    def __init__(self) -> None:
        self.seconds = {1: 0.0, 2: 0.0}
        self.chosen = 2
        self.began = 0.0
        self.steps = 0

    def before(self) -> None:
        phase = self.steps % self.PERIOD
        self.steps += 1
        trial = phase // self.TRIAL + 1
        if phase == 0:
            self.seconds = {1: 0.0, 2: 0.0}
        if phase == 2 * self.TRIAL:
            self.chosen = min(self.seconds, key=self.seconds.__getitem__)
        torch.set_num_threads(trial if trial in self.seconds else self.chosen)
        self.began = time.time()

    def after(self) -> None:
        self.seconds[torch.get_num_threads()] += time.time() - self.began


def save(state: dict, path: Path) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


@torch.no_grad()
def follow(average: torch.nn.Module, model: torch.nn.Module, step: int, decay: float) -> None:
    """Moves the average; early on it forgets faster, so that it is usable from the start."""
    share = 1 - min(decay, (1 + step) / (20 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), share)


def rate(peak: float, progress: float, step: int, warm_up: int, falls_from: float) -> float:
    """Linear warm-up, then flat, then from `falls_from` (share of the budget) on linear down to a fiftieth."""
    falling = (1 - min(1.0, progress)) / (1 - falls_from)
    return peak * min(1.0, (step + 1) / warm_up, max(0.02, falling))
