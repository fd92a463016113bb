"""Writing a golden: a JSON of small cases that says how it was made, and a safetensors file for the bigger tensors."""

import json
import platform
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from safetensors.torch import save_file


def provenance() -> dict:
    return {
        "generator": "tools/golden/make_goldens.py",
        "versions": {
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "transformers": transformers.__version__,
            "python": platform.python_version(),
        },
        "command": "python tools/golden/make_goldens.py --tokenizer CLIP_TOKENIZER_FOLDER"
        " --models test/fixtures/models --out test/fixtures/golden",
    }


def numbers(tensor: torch.Tensor) -> list:
    """A nested list whose floats are the shortest decimals that read back as the same float32."""
    if tensor.dim() > 0:
        return [numbers(part) for part in tensor]
    if not tensor.is_floating_point():
        return tensor.item()
    return float(np.format_float_scientific(np.float32(tensor.item()), unique=True))


def write_cases(path: Path, facts: dict, cases: list) -> None:
    """One case a line, so that a changed case is one changed line. ASCII only: prompts may hold control characters."""
    head = json.dumps({**provenance(), **facts}, indent=2)
    lines = ",\n".join("    " + json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{head[:-2]},\n  "cases": [\n{lines}\n  ]\n}}\n', "ascii")
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size / 1e3:.0f} kB", file=sys.stderr)


def write_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size / 1e3:.0f} kB", file=sys.stderr)
