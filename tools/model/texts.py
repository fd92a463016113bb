"""Captions as token ids, and the rows that the text encoder is to give for them.

In training the embedding table is small: row 0 stands for every token that is not taught, the others are the taught
tokens in the order of `Texts.taught`. `export.py` spreads it over CLIP's 49,408 tokens.
"""

import random
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from captions import COLOUR_WORDS, LEADS, MOODS, SHAPE_WORDS, SIZE_WORDS, TAILS, caption, dressed, plural, unmarked
from scenes import VOCABULARY, Scene
from slots import POSITIONS, SLOTS, WIDTH, Slots
from words import concepts, stand_ins

BOS, EOS = 49406, 49407
GLUE = "a an the on in of at with and next to beside & front against background picture style 2 3 two three a pair of , . !"
# Words less like every concept than this carry no meaning here and serve as fillers.
MEANINGLESS = 0.42
TEXT = {
    "hidden_size": WIDTH,
    "intermediate_size": 512,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": POSITIONS,
    "hidden_act": "quick_gelu",
    "projection_dim": WIDTH,
}
SLOT_NAMES = list(SLOTS)
FIRST_SLOT = POSITIONS - len(SLOTS)


def scene_of(indices: list[int]) -> Scene:
    return Scene(**{slot: words[i] for (slot, words), i in zip(SLOTS.items(), indices)})


def new_text_encoder(taught: int) -> CLIPTextModel:
    """With the small table."""
    return CLIPTextModel(CLIPTextConfig(vocab_size=taught + 1, bos_token_id=0, eos_token_id=1, pad_token_id=None, **TEXT))


class Texts:
    def __init__(self, tokenizer: Path, words: Path) -> None:
        self.tokenizer = CLIPTokenizer.from_pretrained(str(tokenizer))
        self.near = stand_ins(words)
        file = np.load(words)
        texts = [GLUE, *LEADS, *TAILS, *MOODS, *concepts(), *(plural(word) for word in concepts())]
        for synonyms in (SIZE_WORDS, COLOUR_WORDS, SHAPE_WORDS, VOCABULARY["places"], VOCABULARY["styles"], self.near):
            texts += [word for group in synonyms.values() for word in group]
        self.taught = sorted({BOS, EOS, *(i for text in texts for i in self.tokenizer(text)["input_ids"])})
        self.rows = torch.zeros(49408, dtype=torch.long)
        self.rows[torch.tensor(self.taught)] = torch.arange(1, len(self.taught) + 1)
        empty = file["likeness"][:, 0] < MEANINGLESS
        self.fillers = [str(word) for i, word in zip(file["ids"][empty], file["words"][empty]) if self.rows[int(i)] == 0]

    def write(self, scenes: list[Scene], rng: random.Random) -> tuple[torch.Tensor, list[dict[str, int]]]:
        """([n, 77] rows of the small table, for each caption the position of the last token of every marked slot)."""
        plain, ends = zip(*(unmarked(dressed(caption(scene, rng, self.near), rng, self.fillers)) for scene in scenes))
        read = self.tokenizer(list(plain), padding="max_length", max_length=POSITIONS, truncation=True, return_offsets_mapping=True)
        positions = []
        for offsets, marks in zip(read["offset_mapping"], ends):
            last = {slot: [p for p, (start, end) in enumerate(offsets) if start < mark <= end] for slot, mark in marks.items()}
            positions.append({slot: found[-1] for slot, found in last.items() if found and found[-1] < FIRST_SLOT})
        return self.rows[torch.tensor(read["input_ids"])], positions

    def wanted(self, slots: Slots, indices: torch.Tensor, positions: list[dict[str, int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """([n, 77, WIDTH] rows that the encoder is to give, [n, 77] how much each counts)."""
        rows = slots.norm(slots.rows(indices + slots.offsets))
        target = slots.norm(slots.rows.weight[-1]).expand(len(indices), POSITIONS, -1).clone()
        weight = torch.full((len(indices), POSITIONS), 0.25 / POSITIONS)
        target[:, FIRST_SLOT:] = rows
        weight[:, FIRST_SLOT:] = 1 / len(SLOTS)
        for i, found in enumerate(positions):
            for slot, position in found.items():
                target[i, position] = rows[i, SLOT_NAMES.index(slot)]
                weight[i, position] = 0.05
        return target, weight
