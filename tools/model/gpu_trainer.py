"""Repeats a training step for so many seconds, on a GPU as one CUDA graph."""

import copy
import time
from collections.abc import Callable
from pathlib import Path

import torch

from gpu_pool import Pool
from machine import rate

# Steps that run before they are recorded as a graph.
REHEARSALS = 4


def half_precision(device: torch.device) -> torch.autocast:
    """bfloat16 on a GPU; a graph cannot hold what autocast remembers."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda", cache_enabled=False)


class Trainer:
    """Repeats a step for so many seconds; the learning rate falls with the time that is left."""

    def __init__(self, out: Path, pool: Pool, device: torch.device) -> None:
        self.pause, self.pool, self.device = out / "pause", pool, device
        self.log = (out / "log").open("a", buffering=1)

    def say(self, line: str) -> None:
        print(line, flush=True)
        self.log.write(f"{time.strftime('%H:%M:%S')} {line}\n")

    def recorded(self, step: Callable[[], None], optimiser: torch.optim.Optimizer) -> Callable[[], None] | None:
        """The step as a CUDA graph; None where it cannot be recorded."""
        with self.pool.lock:
            torch.cuda.synchronize()
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(REHEARSALS):
                    step()
                    optimiser.zero_grad(set_to_none=True)
            torch.cuda.current_stream().wait_stream(side)
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(graph):
                    step()
                return graph.replay
            except RuntimeError as error:
                self.say(f"no graph: {error}")
                optimiser.zero_grad(set_to_none=True)
        return None

    def run(self, name: str, model: torch.nn.Module, groups: list[dict], loss_of: Callable[[], torch.Tensor], batch: int, seconds: float, decay: float) -> tuple[torch.nn.Module, int]:
        """@returns (the moving average of `model`, the samples that it saw)"""
        cuda = self.device.type == "cuda"
        average = copy.deepcopy(model).requires_grad_(False)
        pairs = [(a, p) for a, p in zip(average.parameters(), model.parameters()) if p.requires_grad]
        averages, values = [a for a, _ in pairs], [p for _, p in pairs]
        rates = [torch.tensor(0.0, device=self.device) for _ in groups]
        optimiser = torch.optim.AdamW(
            [{"params": group["params"], "lr": lr} for group, lr in zip(groups, rates)], betas=(0.9, 0.99), weight_decay=0.01, fused=True, capturable=cuda
        )
        total = torch.zeros((), device=self.device)

        def step() -> None:
            loss = loss_of()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(values, 1.0, foreach=True)
            optimiser.step()
            with torch.no_grad():
                torch._foreach_lerp_(averages, values, 1 - decay)
                total.add_(loss)

        def set_rates(progress: float, done: int) -> None:
            for group, lr in zip(groups, rates):
                lr.fill_(rate(group["peak"], progress, done, 200, 0.5))

        def plain() -> None:
            step()
            optimiser.zero_grad(set_to_none=True)

        set_rates(0, 0)
        replay = (self.recorded(step, optimiser) if cuda else None) or plain
        began, paused, done, since, shown = time.time(), 0.0, 0, 0, time.time()
        while (spent := time.time() - began - paused) < seconds:
            if self.pause.exists():
                if cuda:
                    torch.cuda.synchronize()
                stopped = time.time()
                while self.pause.exists():
                    time.sleep(0.05)
                paused += time.time() - stopped
            set_rates(spent / seconds, done)
            replay()
            done += 1
            since += 1
            if cuda and done % 8 == 0:
                torch.cuda.current_stream().synchronize()
            if time.time() - shown > 10:
                self.say(f"{name} {spent:.0f} s, step {done}, loss {total.item() / since:.4f}, {done * batch / spent:.0f} samples/s; {self.pool.taken} pictures came")
                total.zero_()
                since, shown = 0, time.time()
        self.say(f"{name} ended after {done} steps, {done * batch} samples")
        return average, done * batch
