"""Tokenizers as transformers saves and publishes them, and diffusers' pictures with what they say.

    python tools/golden/saved_pipeline_goldens.py --models test/fixtures/models --tokenizers test/fixtures/tokenizers --out test/fixtures/golden

Each case is tiny-conv with another tokenizer folder: transformers 5's own `save_pretrained` (`tokenizer.json` only), learned
words in `added_tokens.json` or `added_tokens_decoder`, and the padding of Stable Diffusion 2, `!`. Learned words are rows
added to the text encoder's own table: `torch.randn` from a generator seeded with 5.
"""

import argparse
import json
import shutil
import tempfile
import warnings
from pathlib import Path

import diffusers
import torch
from transformers import AddedToken, CLIPTokenizer

from golden_file import write_cases, write_tensors
from pipelines import create_sampler, load_pipeline, scheduler_config

MODEL = "tiny-conv"
ROW_SEED = 5
SKS = "<sks>"
WORDS = [SKS, "<Cat-Toy>", "<cat>", "<cat>_1", "<cat>_2", "bongo"]
ALONE = "<alone>"
PROMPTS = [
    "a photo of <sks> dog",
    "a<sks>dog, <SKS>!",
    "<cat> and <cat-toy>, bongos abongo",
    "a <alone> dog <alone>s",
    "a red fox in the snow! <|startoftext|> <|StartOfText|> <|endoftext|>",
    "",
]
PICTURES = {0, 2, 5}


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", "utf-8")


def edited(folder: Path, name: str, changes: dict) -> None:
    content = json.loads((folder / name).read_text("utf-8"))
    write_json(folder / name, {key: value for key, value in {**content, **changes}.items() if value is not None})


def write_tokenizers(source: Path, target: Path) -> dict[str, Path]:
    """Only the files that differ from `source`; `saved` stands alone."""
    shutil.rmtree(target, ignore_errors=True)
    saved = CLIPTokenizer.from_pretrained(source)
    saved.add_tokens(WORDS)
    saved.add_tokens([AddedToken(ALONE, single_word=True, normalized=False)])
    saved.save_pretrained(target / "saved")
    # One line: the file is for machines.
    whole = target / "saved" / "tokenizer.json"
    whole.write_text(json.dumps(json.loads(whole.read_text("utf-8")), ensure_ascii=False) + "\n", "utf-8")

    first = len(saved) - len(WORDS) - 1
    ids = {word: first + index for index, word in enumerate(WORDS)}
    (target / "added-tokens").mkdir()
    write_json(target / "added-tokens" / "added_tokens.json", ids)

    decoder = {str(index): {"content": word, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": False} for word, index in ids.items()}
    for name, changes in {
        "decoder": {"added_tokens_decoder": decoder},
        "pads-by-config": {"pad_token": "!"},
        "pads-by-map": {"pad_token": "<|endoftext|>"},
    }.items():
        (target / name).mkdir()
        shutil.copy(source / "tokenizer_config.json", target / name)
        edited(target / name, "tokenizer_config.json", changes)
    for name, pad in {"pads-by-config": None, "pads-by-map": "!"}.items():
        shutil.copy(source / "special_tokens_map.json", target / name)
        edited(target / name, "special_tokens_map.json", {"pad_token": pad})
    return {path.name: path for path in sorted(target.iterdir())}


def tokenizer_of(source: Path, own: Path) -> CLIPTokenizer:
    if (own / "tokenizer.json").exists():
        return CLIPTokenizer.from_pretrained(own)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        shutil.copytree(own, folder, dirs_exist_ok=True)
        return CLIPTokenizer.from_pretrained(folder)


@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    for option in ("--models", "--tokenizers", "--out"):
        arguments.add_argument(option, type=Path, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    diffusers.logging.set_verbosity_error()
    source = options.models / MODEL / "tokenizer"
    cases, tensors = [], {}
    for name, folder in write_tokenizers(source, options.tokenizers).items():
        pipeline = load_pipeline(options.models / MODEL)
        pipeline.tokenizer = tokenizer_of(source, folder)
        old = pipeline.text_encoder.get_input_embeddings().weight.shape[0]
        rows = max(0, len(pipeline.tokenizer) - old)
        if rows > 0:
            pipeline.text_encoder.resize_token_embeddings(old + rows)
            drawn = torch.randn(rows, pipeline.text_encoder.config.hidden_size, generator=torch.Generator("cpu").manual_seed(ROW_SEED))
            pipeline.text_encoder.get_input_embeddings().weight[old:] = drawn
        pipeline.scheduler = create_sampler("ddim", scheduler_config(options.models / MODEL))
        for index, prompt in enumerate(PROMPTS):
            key = f"{name}/{index}"
            tokens = pipeline.tokenizer([pipeline.maybe_convert_prompt(prompt, pipeline.tokenizer)], padding="max_length", max_length=77, truncation=True, return_tensors="pt")
            case = {"tokenizer": name, "rows": rows, "prompt": prompt, "ids": tokens.input_ids[0].tolist()}
            if index in PICTURES:
                picture = pipeline(prompt, num_inference_steps=4, width=64, height=64, generator=torch.Generator("cpu").manual_seed(42), output_type="np").images
                tensors[key] = torch.from_numpy((picture * 255).round().astype("uint8"))
                case["rgb"] = key
            cases.append(case)
    facts = {
        "generator": "tools/golden/saved_pipeline_goldens.py",
        "command": "python tools/golden/saved_pipeline_goldens.py --models test/fixtures/models --tokenizers test/fixtures/tokenizers --out test/fixtures/golden",
        "tolerance": {"ids": "equal", "rgb": 2},
        "pictures": "ddim, 4 steps, guidance 7.5, seed 42, 64x64, no negative prompt",
        "rowSeed": ROW_SEED,
    }
    write_cases(options.out / "saved-pipelines.json", facts, cases)
    write_tensors(options.out / "saved-pipelines.safetensors", tensors)


if __name__ == "__main__":
    main()
