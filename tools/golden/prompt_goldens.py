"""Prompt editing, emphasis, chunks and weighted embeddings as AUTOMATIC1111's own code makes them.

    python prompt_goldens.py --webui CHECKOUT --models test/fixtures/models --out test/fixtures/golden

CHECKOUT is a checkout of AUTOMATIC1111/stable-diffusion-webui 1.10; of it `modules/prompt_parser.py`,
`modules/sd_hijack_clip.py` and `modules/sd_emphasis.py` run, unchanged, on settings as they come. Needs `lark`.
"""

import argparse
import random
import sys
import types
from pathlib import Path

import torch
from transformers import CLIPTextModel, CLIPTokenizer

from golden_file import write_cases, write_tensors

STEPS = 6
EVERY = 5
WORDS = ["a", "fox", "red sky", "in snow", ", ", " ", "BREAK", "x BREAK y", "it's", "12", "0.5", "é", "\n", "", "AND"]
MARKS = ["(", ")", "[", "]", ":", "|", "\\", "\\(", "\\]", ":1.2)", ":.5]", ": 3 ]", "::2]", ":1e1]", ":-0.3)"]
LONG = ", ".join(f"a painting of {thing} in the evening light" for thing in ("foxes", "owls", "hills", "rivers", "boats", "towers", "clouds", "children", "lamps", "roads"))
EMBEDDED = [
    "a fox in the snow",
    "",
    "a (red) fox, [grey] snow",
    "a (red:1.6) fox and ((two)) [[owls:0.3]]",
    "a fox BREAK in the snow",
    LONG,
    f"({LONG}:1.2), (best quality)",
    "un\\(weighted\\) text",
]


MADE = {
    "generator": "tools/golden/prompt_goldens.py",
    "command": "python prompt_goldens.py --webui CHECKOUT --models test/fixtures/models --out test/fixtures/golden",
}


def stubs(clip_skip: int = 1) -> types.SimpleNamespace:
    """The parts of the web interface that its prompt code touches, with its default settings."""
    opts = types.SimpleNamespace(emphasis="Original", comma_padding_backtrack=20, CLIP_stop_at_last_layers=clip_skip, use_old_emphasis_implementation=False, textual_inversion_add_hashes_to_infotext=False)
    for name, content in {"devices": {"device": "cpu", "torch_npu_set_device": lambda: None}, "shared": {"opts": opts}, "sd_hijack": {"StableDiffusionModelHijack": object}}.items():
        module = types.ModuleType(f"modules.{name}")
        module.__dict__.update(content)
        sys.modules[f"modules.{name}"] = module
    return opts


def structured(rng: random.Random, depth: int = 0) -> str:
    """Mostly whole groups."""
    kinds = ["plain", "plain", "round", "weighted", "square", "edit", "to", "from", "alternate"]
    pieces = []
    for _ in range(rng.randint(1, 3)):
        kind = rng.choice(kinds) if depth < 3 else "plain"
        inner = lambda: structured(rng, depth + 1)
        when = rng.choice(["1", "3", " 4 ", ".5", "0.25", "1.0", "0", "9", "-1"])
        pieces.append({
            "plain": lambda: rng.choice(WORDS),
            "round": lambda: f"({inner()})",
            "weighted": lambda: f"({inner()}:{rng.choice(['1.3', '.7', ' 2 ', '-1'])})",
            "square": lambda: f"[{inner()}]",
            "edit": lambda: f"[{inner()}:{inner()}:{when}]",
            "to": lambda: f"[{inner()}:{when}]",
            "from": lambda: f"[{inner()}::{when}]",
            "alternate": lambda: "[" + "|".join(inner() for _ in range(rng.randint(2, 3))) + "]",
        }[kind]())
    return "".join(pieces)


def broken(rng: random.Random) -> str:
    return "".join(rng.choice(WORDS if rng.random() < 0.5 else MARKS) for _ in range(rng.randint(1, 9)))


def prompts() -> list[str]:
    rng = random.Random(1)
    return list(dict.fromkeys([*EMBEDDED, *(structured(rng) for _ in range(400)), *(broken(rng) for _ in range(500))]))


def make_stages(parser, out: Path) -> None:
    cases = [[prompt, parser.get_learned_conditioning_prompt_schedules([prompt], STEPS)[0]] for prompt in prompts()]
    write_cases(out / "prompt-stages.json", {**MADE, "layout": "[prompt, [[end step, text], …]]", "steps": STEPS, "tolerance": "equal"}, cases)


def make_emphasis(parser, out: Path) -> None:
    cases = []
    for prompt in prompts():
        try:
            cases.append([prompt, parser.parse_prompt_attention(prompt)])
        except ValueError:
            continue  # It refuses a weight such as "..".
    write_cases(out / "prompt-emphasis.json", {**MADE, "layout": "[prompt, [[text, weight], …]]", "tolerance": "equal"}, cases)


class Transformer:
    """A text encoder under the names that it had in transformers 4."""

    def __init__(self, encoder: CLIPTextModel) -> None:
        self.encoder = encoder
        self.text_model = getattr(encoder, "text_model", encoder)

    def __call__(self, input_ids: torch.Tensor, output_hidden_states: int):
        return self.encoder(input_ids=input_ids, output_hidden_states=bool(output_hidden_states))


@torch.no_grad()
def make_embeddings(models: Path, out: Path) -> None:
    tensors, cases = {}, []
    for model in ("tiny-conv", "tiny-linear"):
        for clip_skip in (1, 2):
            opts = stubs(clip_skip)
            from modules import sd_hijack_clip

            sd_hijack_clip.opts = opts
            tokenizer = CLIPTokenizer.from_pretrained(models / model / "tokenizer")
            encoder = CLIPTextModel.from_pretrained(models / model / "text_encoder").eval()
            wrapped = types.SimpleNamespace(tokenizer=tokenizer, transformer=Transformer(encoder))
            no_embeddings = types.SimpleNamespace(find_embedding_at_position=lambda tokens, at: (None, None))
            hijack = types.SimpleNamespace(embedding_db=no_embeddings, fixes=None, extra_generation_params={})
            embedder = sd_hijack_clip.FrozenCLIPEmbedderWithCustomWords.__new__(sd_hijack_clip.FrozenCLIPEmbedderWithCustomWords)
            torch.nn.Module.__init__(embedder)
            vocabulary = tokenizer.get_vocab()
            embedder.__dict__.update(wrapped=wrapped, hijack=hijack, chunk_length=75, tokenizer=tokenizer, comma_token=vocabulary.get(",</w>"), id_start=tokenizer.bos_token_id, id_end=tokenizer.eos_token_id, id_pad=tokenizer.eos_token_id)
            for index, prompt in enumerate(EMBEDDED):
                key = f"{model}/{clip_skip}/{index}"
                chunks, _ = embedder.tokenize_line(prompt)
                tensors[key] = embedder([prompt])[0, ::EVERY].float()
                weights = [round(weight, 12) for chunk in chunks for weight in chunk.multipliers]
                cases.append({"key": key, "model": model, "clipSkip": clip_skip, "prompt": prompt, "ids": [i for chunk in chunks for i in chunk.tokens], "weights": weights})
    write_cases(out / "prompt-embeddings.json", {**MADE, "every": EVERY, "tolerance": "1e-5 of the largest"}, cases)
    write_tensors(out / "prompt-embeddings.safetensors", tensors)


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--webui", type=Path, required=True)
    flags.add_argument("--models", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    options = flags.parse_args()
    sys.path.insert(0, str(options.webui))
    stubs()
    from modules import prompt_parser

    make_stages(prompt_parser, options.out)
    make_emphasis(prompt_parser, options.out)
    make_embeddings(options.models, options.out)


if __name__ == "__main__":
    main()
