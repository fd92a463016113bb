"""CLIP's token ids for thousands of strings, without truncation and without the two special tokens around them."""

import importlib.util
from pathlib import Path

from transformers import CLIPTokenizer

from golden_file import write_cases
from tokenizer_prompts import prompts


def make(out: Path, tokenizer_folder: Path) -> None:
    tokenizer = CLIPTokenizer.from_pretrained(tokenizer_folder)
    cases = [[prompt, tokenizer(prompt, add_special_tokens=False, truncation=False).input_ids] for prompt in prompts()]
    facts = {
        "layout": "[prompt, ids]",
        "ftfyInstalled": importlib.util.find_spec("ftfy") is not None,
        "tolerance": "equal",
    }
    write_cases(out / "tokenizer.json", facts, cases)
