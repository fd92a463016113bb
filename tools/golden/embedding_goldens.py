"""Textual inversions for tiny-conv, and diffusers' token ids and text embeddings with them.

    python tools/golden/embedding_goldens.py --models test/fixtures/models --embeddings test/fixtures/embeddings --out test/fixtures/golden
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from golden_file import write_cases, write_tensors
from pipelines import load_pipeline

MODEL = "tiny-conv"
WORDS = ("glow", "bad-hands", "sketchy2")
PROMPTS = [
    "glow",
    "a fox, glow",
    "a fox in Glow style, bad-hands",
    "(sketchy2), sketchy",
    "bad-hands, sketchy2, glow, sketchy2",
    "a red fox in the snow",
    "glow " + "very long prompt, " * 12 + "bad-hands",
]


def write_embeddings(folder: Path, width: int) -> None:
    generator = torch.Generator("cpu").manual_seed(5)
    folder.mkdir(parents=True, exist_ok=True)
    # diffusers' form with one vector, AUTOMATIC1111's with several, diffusers' with several.
    save_file({"glow": torch.randn(width, generator=generator)}, folder / "glow.safetensors")
    save_file({"emb_params": torch.randn(3, width, generator=generator)}, folder / "bad-hands.safetensors")
    save_file({"sketchy2": torch.randn(2, width, generator=generator).half()}, folder / "sketchy2.safetensors")


@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    for option in ("--models", "--embeddings", "--out"):
        arguments.add_argument(option, type=Path, required=True)
    options = arguments.parse_args()
    pipeline = load_pipeline(options.models / MODEL)
    vocabulary = len(pipeline.tokenizer)
    write_embeddings(options.embeddings, pipeline.text_encoder.config.hidden_size)
    for word in WORDS:
        pipeline.load_textual_inversion(options.embeddings / f"{word}.safetensors", token=word)
    cases, tensors = [], {}
    for index, prompt in enumerate(PROMPTS):
        converted = pipeline.maybe_convert_prompt(prompt, pipeline.tokenizer)
        tokens = pipeline.tokenizer([converted], padding="max_length", max_length=77, truncation=True, return_tensors="pt")
        tensors[str(index)] = pipeline.text_encoder(tokens.input_ids).last_hidden_state
        cases.append({"prompt": prompt, "ids": tokens.input_ids[0].tolist(), "tensor": str(index)})
    write_cases(options.out / "embeddings.json", {"vocabulary": vocabulary, "words": WORDS, "tolerance": 5e-5}, cases)
    write_tensors(options.out / "embeddings.safetensors", tensors)


if __name__ == "__main__":
    main()
