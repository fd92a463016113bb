"""Writes the golden fixtures under test/fixtures/golden. See README.md for the command and for what each file holds."""

import argparse
import warnings
from pathlib import Path

import diffusers
import torch
import transformers

import brownian_goldens
import checkpoint_name_goldens
import key_stride_goldens
import network_goldens
import noise_goldens
import picture_goldens
import sampler_goldens
import schedule_goldens
import tokenizer_goldens
import variation_goldens


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tokenizer", type=Path, required=True, help="CLIP's full tokenizer folder")
    arguments.add_argument("--models", type=Path, required=True, help="what make_models.py wrote")
    arguments.add_argument("--out", type=Path, required=True)
    makers = {
        "noise": lambda: noise_goldens.make(options.out),
        "variation": lambda: variation_goldens.make(options.out),
        "brownian": lambda: brownian_goldens.make(options.out),
        "schedules": lambda: schedule_goldens.make(options.out, options.models),
        "samplers": lambda: sampler_goldens.make(options.out, options.models),
        "networks": lambda: network_goldens.make(options.out, options.models),
        "key-stride": lambda: key_stride_goldens.make(options.out, options.models),
        "pictures": lambda: picture_goldens.make(options.out, options.models),
        "checkpoint-names": lambda: checkpoint_name_goldens.make(options.out, options.models),
        "tokenizer": lambda: tokenizer_goldens.make(options.out, options.tokenizer),
    }
    arguments.add_argument("--only", nargs="*", default=list(makers), choices=list(makers))
    options = arguments.parse_args()

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", category=FutureWarning)
    diffusers.logging.set_verbosity_error()
    diffusers.logging.disable_progress_bar()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name in options.only:
        makers[name]()


if __name__ == "__main__":
    main()
