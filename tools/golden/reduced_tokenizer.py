"""A small but legitimate CLIP tokenizer folder, cut out of the real one.

CLIP numbers its tokens: 256 byte symbols, the same 256 ending a word (`</w>`), one token per merge in merge order,
then the two special tokens. Keeping the first N merges therefore keeps every id below 512 + N as in the original,
and the two special tokens move down to 512 + N and 512 + N + 1.
"""

import json
from pathlib import Path

BYTE_SYMBOLS = 512
START, END = "<|startoftext|>", "<|endoftext|>"


def write_reduced_tokenizer(source: Path, target: Path, merges: int) -> int:
    """Writes vocab.json, merges.txt and both config files into `target`; returns the vocabulary's size."""
    vocabulary = json.loads((source / "vocab.json").read_text("utf-8"))
    header, *lines = (source / "merges.txt").read_text("utf-8").splitlines()

    kept = {token: index for token, index in vocabulary.items() if index < BYTE_SYMBOLS + merges}
    kept[START] = len(kept)
    kept[END] = len(kept)
    if len(kept) != BYTE_SYMBOLS + merges + 2:
        raise ValueError(f"{source}/vocab.json is not numbered as CLIP's is.")

    target.mkdir(parents=True, exist_ok=True)
    (target / "vocab.json").write_text(json.dumps(kept, ensure_ascii=False) + "\n", "utf-8")
    (target / "merges.txt").write_text("\n".join([header, *lines[:merges]]) + "\n", "utf-8")
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        (target / name).write_text((source / name).read_text("utf-8"), "utf-8")
    return len(kept)
