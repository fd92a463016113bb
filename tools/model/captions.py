"""What people might type for a scene: many phrasings, articles, synonyms, plurals, orders, and words without meaning.

A caption carries marks: the character MARKS[slot] stands behind the words that say that slot, so that the text encoder
can be taught to give the slot's row there. `unmarked` takes them out.
"""

import random
import re

from icons import THINGS
from scenes import COLOURS, SHAPES, VOCABULARY, Scene

SIZE_WORDS = {"small": ["small", "small", "little", "tiny"], "big": ["big", "big", "large", "huge", "giant"]}
COLOUR_WORDS = {"gray": ["gray", "grey"], "purple": ["purple", "purple", "violet"], "gold": ["gold", "golden"], "navy": ["navy", "navy blue", "dark blue"], "turquoise": ["turquoise", "turquoise", "teal"], "cyan": ["cyan", "cyan", "aqua"]}
SHAPE_WORDS = {"diamond": ["diamond", "diamond", "rhombus"], "cross": ["cross", "cross", "plus sign"], "circle": ["circle", "circle", "disc", "dot"]}
LEADS = ["a photo of", "a picture of", "a drawing of", "an illustration of", "a painting of", "an image of", "a sketch of", "draw", "show me", "please draw", "i want"]
TAILS = ["digital art", "highly detailed", "minimalist", "simple", "high quality", "cute", "beautiful", "masterpiece", "best quality", "4k", "centered", "colorful"]
MOODS = ["cute", "happy", "little", "nice", "funny", "lovely", "old", "new", "friendly"]
IRREGULAR = {"mouse": "mice", "fish": "fish", "sheep": "sheep", "deer": "deer", "leaf": "leaves"}


# Colours have no mark: when a colour is read it is not known yet what it is the colour of.
MARKS = {slot: chr(0xE000 + i) for i, slot in enumerate(("thing", "background", "style", "size", "count", "second"))}
# One of them is already many, so no article stands before it.
MANY = frozenset({"fries", "grapes", "cherries", "blueberries", "scissors", "glasses", "sunglasses", "dice"})


def unmarked(words: str) -> tuple[str, dict[str, int]]:
    """(the words as typed, for every marked slot the index of the character after its words)."""
    ends, plain = {}, []
    names = {mark: slot for slot, mark in MARKS.items()}
    for character in words:
        if character in names:
            ends[names[character]] = len(plain)
        else:
            plain.append(character)
    return "".join(plain), ends


def article(words: str) -> str:
    if words.split(" ")[-1].strip("".join(MARKS.values())) in MANY:
        return words
    return ("an " if words[0] in "aeiou" else "a ") + words


def plural(noun: str) -> str:
    *before, last = noun.split(" ")
    if last in IRREGULAR:
        last = IRREGULAR[last]
    elif last.endswith("y") and last[-2] not in "aeiou":
        last = last[:-1] + "ies"
    elif re.search(r"(s|x|z|ch|sh)$", last):
        last = last if last in MANY else last + "es"
    else:
        last += "s"
    return " ".join([*before, last])


def noun(thing: str, rng: random.Random, near: dict[str, list[str]]) -> str:
    """The thing's name, or a synonym, or one of the words of near meaning that a sentence model gave (`words.py`)."""
    if thing in SHAPES:
        return rng.choice(SHAPE_WORDS.get(thing, [thing]))
    chance = rng.random()
    if chance < 0.2 and "also" in THINGS[thing]:
        return rng.choice(THINGS[thing]["also"])
    if chance < 0.3 and near.get(thing):
        return rng.choice(near[thing])
    return thing


def tint(colour: str, rng: random.Random) -> str:
    return rng.choice(COLOUR_WORDS.get(colour, [colour]))


def subject(scene: Scene, rng: random.Random, near: dict[str, list[str]]) -> str:
    """The noun phrase with its articles."""
    first = noun(scene.thing, rng, near)
    adjectives = [rng.choice(SIZE_WORDS[scene.size]) + MARKS["size"]] if scene.size else []
    if rng.random() < 0.06 and not scene.size:
        adjectives.append(rng.choice([m for m in MOODS if m != "little"]))
    if scene.colour:
        adjectives.append(tint(scene.colour, rng))
    phrase = " ".join([*adjectives, first])
    if scene.count in ("two", "three"):
        number = rng.choice({"two": ["two", "two", "2", "a pair of"], "three": ["three", "three", "3"]}[scene.count])
        return f"{number}{MARKS['count']} {plural(phrase)}{MARKS['thing']}"
    bare = rng.random() < 0.25
    phrase = phrase + MARKS["thing"]
    phrase = phrase if bare else (f"the {phrase}" if rng.random() < 0.08 else article(phrase))
    if scene.count == "and":
        other = " ".join(word for word in (tint(scene.second_colour, rng) if scene.second_colour else "", noun(scene.second, rng, near)) if word)
        other = other if bare else article(other)
        link = rng.choice(["and", "and", "and", "with", "next to", "beside", "&"])
        return f"{phrase} {link}{MARKS['count']} {other}{MARKS['second']}"
    return phrase


def placed(scene: Scene, words: str, rng: random.Random) -> str:
    """The phrase with where it is."""
    if scene.background in COLOURS:
        colour = tint(scene.background, rng)
        backdrop = f"{colour} background{MARKS['background']}"
        if rng.random() < 0.5:
            return f"{words} on {article(backdrop)}"
        return rng.choice([
            f"{words} on {backdrop}",
            f"{words}, {backdrop}",
            f"{words} on {colour}{MARKS['background']}",
            f"{words} in front of {article(backdrop)}",
            f"{words} against {article(backdrop)}",
            f"{article(backdrop)} with {words}",
            f"{backdrop}, {words}",
        ])
    if scene.background:
        mark = MARKS["background"]
        place, name = rng.choice(VOCABULARY["places"][scene.background]) + mark, scene.background + mark
        return rng.choice([f"{words} {place}"] * 4 + [f"{words}, {place}", f"{words}, {name}", f"{place}, {words}", f"{place} {words}", f"{words}, {name} background"])
    return words


def styled(scene: Scene, words: str, rng: random.Random) -> str:
    if not scene.style:
        return words
    mark = MARKS["style"]
    name = rng.choice(VOCABULARY["styles"][scene.style]) + mark
    without = re.sub("^(an?|the) ", "", words)
    return rng.choice([
        f"{words}, {name}",
        f"{words}, {name}",
        f"{words} in {scene.style} style{mark}",
        f"{scene.style}{mark} {without}",
        f"{name}, {words}",
        f"{article(scene.style)}{mark} picture of {words}",
    ])


def bare(scene: Scene, rng: random.Random) -> str:
    """A background alone."""
    if scene.background in COLOURS:
        colour = tint(scene.background, rng)
        return rng.choice([f"{article(colour)} background", f"plain {colour}", colour])
    if not scene.background:
        return ""
    return rng.choice([rng.choice(VOCABULARY["places"][scene.background]), scene.background, article(scene.background)]) + MARKS["background"]


def caption(scene: Scene, rng: random.Random, near: dict[str, list[str]]) -> str:
    if not scene.thing:
        return bare(scene, rng)
    return styled(scene, placed(scene, subject(scene, rng, near), rng), rng)


def dressed(words: str, rng: random.Random, fillers: list[str]) -> str:
    """The caption amid words that carry no meaning here, so that unknown words do no harm."""
    if words and rng.random() < 0.2:
        words = f"{rng.choice(LEADS)} {words}"
    if words and rng.random() < 0.2:
        words = ", ".join([words, *rng.sample(TAILS, rng.randint(1, 3))])
    if words and rng.random() < 0.2:
        parts = words.split(" ")
        for _ in range(rng.randint(1, 6)):
            parts.insert(rng.choice((0, len(parts))), rng.choice(fillers))
        words = " ".join(parts)
    if rng.random() < 0.1:
        words = rng.choice([words.capitalize(), words.upper(), f"{words}.", f"{words}!"])
    return words
