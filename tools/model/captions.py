"""Token ids of captions, and which of CLIP's 49,408 words the text encoder learns at all.

Every word outside `taught_ids` shares one embedding row, so that a prompt's unknown words do no harm. In training the
table is small: row 0 is that shared row, the others are the taught words in the order of `taught_ids`.
"""

from pathlib import Path

import numpy as np
import torch
from transformers import CLIPTokenizer

from scenes import COLOUR_WORDS, COLOURS, LEADS, SCENES, SHAPE_WORDS, SHAPES, SIZE_WORDS, TAILS, VOCABULARY

LENGTH = 77
BOS, EOS = 49406, 49407
GLUE = "a an on in front of with plain background backgrounds , ."


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(str(folder))


def taught_ids(tokenizer: CLIPTokenizer) -> list[int]:
    texts = [GLUE, *COLOURS, *SHAPES, *SCENES, *VOCABULARY["icons"], *LEADS, *TAILS]
    for synonyms in (COLOUR_WORDS, SHAPE_WORDS, SIZE_WORDS, SCENES):
        texts += [word for words in synonyms.values() for word in words]
    return sorted({BOS, EOS, *(i for text in texts for i in tokenizer(text)["input_ids"])})


def filler_words(tokenizer: CLIPTokenizer, taught: list[int]) -> list[str]:
    """Whole words of one token each that are not taught."""
    known = set(taught)
    return [
        token.removesuffix("</w>")
        for token, i in sorted(tokenizer.get_vocab().items())
        if i not in known and token.endswith("</w>") and token[:-4].isascii() and token[:-4].isalpha() and len(token) > 6
    ]


def encode(tokenizer: CLIPTokenizer, captions: list[str]) -> np.ndarray:
    """[captions, 77] uint16, padded with EOS as Stable Diffusion pads."""
    rows = tokenizer(captions, padding="max_length", max_length=LENGTH, truncation=True)["input_ids"]
    return np.asarray(rows, np.uint16)


def row_of_id(taught: list[int], vocabulary: int = 49408) -> torch.Tensor:
    """[49408] row of the small table for every token id; 0 for words that are not taught."""
    rows = torch.zeros(vocabulary, dtype=torch.long)
    rows[torch.tensor(taught)] = torch.arange(1, len(taught) + 1)
    return rows
