"""The noise of AUTOMATIC1111's pictures: CUDA's generator, variations, seeds resized.

    python seed_goldens.py --webui CHECKOUT --out test/fixtures/golden

CHECKOUT is a checkout of AUTOMATIC1111/stable-diffusion-webui 1.10; of it `modules/rng.py` and
`modules/rng_philox.py` run, unchanged.
"""

import argparse
import sys
import types
from pathlib import Path

import torch

from golden_file import numbers, write_cases

MADE = {
    "generator": "tools/golden/seed_goldens.py",
    "command": "python seed_goldens.py --webui CHECKOUT --out test/fixtures/golden",
}
SHAPE = (4, 6, 8)
FACTOR = 8
# seed, subseed, strength, width and height that the seed is resized from (pixels; 0: not)
CASES = [
    (0, None, 0, 0, 0),
    (4294967295, None, 0, 0, 0),
    (42, 43, 0.3, 0, 0),
    (42, None, 0, 48, 32),
    (42, None, 0, 104, 72),
    (42, None, 0, 40, 80),
    (7, 8, 0.6, 72, 40),
]


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--webui", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    sys.path.insert(0, str(options.webui))
    opts = types.SimpleNamespace(randn_source="NV", eta_noise_seed_delta=0)
    for name, content in {"devices": {"device": "cpu", "cpu": "cpu"}, "shared": {"opts": opts, "device": "cpu"}}.items():
        module = types.ModuleType(f"modules.{name}")
        module.__dict__.update(content)
        sys.modules[f"modules.{name}"] = module
    from modules import rng, rng_philox

    cases = []
    for device, source in (("cuda", "NV"), ("cpu", "CPU")):
        opts.randn_source = source
        for seed, subseed, strength, width, height in CASES:
            subseeds = None if subseed is None else [subseed]
            maker = rng.ImageRNG(SHAPE, [seed], subseeds, strength, seed_resize_from_h=height, seed_resize_from_w=width)
            case = {"device": device, "seed": seed, "subseed": subseed, "strength": strength, "width": width, "height": height}
            noise, fresh = maker.next()[0], maker.next()[0]
            cases.append({**case, "noise": numbers(noise.flatten().float()), "fresh": numbers(fresh.flatten()[:8].float())})
    long = torch.asarray(rng_philox.Generator(1234567890).randn((70000,)))
    facts = {**MADE, "shape": SHAPE, "factor": FACTOR, "philoxLast": numbers(long[-4:]), "tolerance": 2e-6}
    write_cases(options.out / "seeds.json", facts, cases)


if __name__ == "__main__":
    main()
