"""Random scenes — what the training pictures show — and their drawing.

A scene is told by eight slots; each holds one word of its own small vocabulary, or "" for "not said". The UNet is first
trained on these words directly (`slots.py`); captions are made from them later.
"""

import cmath
import json
import math
import random
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from icons import STYLES, THINGS
from places import GROUND, PLACES, SIZE, gradient, paint

HERE = Path(__file__).parent
SHAPES: dict[str, dict] = json.loads((HERE / "shapes.json").read_text())
VOCABULARY: dict[str, dict] = json.loads((HERE / "vocabulary.json").read_text())
COLOURS: dict[str, tuple[int, int, int]] = {name: tuple(rgb) for name, rgb in VOCABULARY["colours"].items()}
OVERSAMPLE = 3
# Shares of the frame that one object fills, by the word for its size.
EXTENT = {"": (0.74, 0.9), "big": (0.88, 0.98), "small": (0.36, 0.5)}
# The same for several objects.
CROWD_EXTENT = {"two": (0.48, 0.56), "three": (0.38, 0.44), "and": (0.48, 0.58)}
CENTRES = {"two": [(0.27, 0.52), (0.73, 0.52)], "three": [(0.26, 0.32), (0.74, 0.32), (0.5, 0.74)]}
CENTRES["and"] = CENTRES["two"]


@dataclass(frozen=True)
class Scene:
    thing: str
    colour: str = ""
    background: str = ""
    style: str = ""
    size: str = ""
    count: str = ""
    second: str = ""
    second_colour: str = ""


def held_out(*words: str) -> bool:
    """One combination in ten is never drawn for training: the evaluation asks for these."""
    return zlib.crc32("|".join(words).encode()) % 10 == 0


def trained(scene: Scene) -> bool:
    """Whether the training may see this scene."""
    if not scene.thing:
        return True
    if scene.thing in SHAPES and scene.background in COLOURS:
        return not held_out(scene.thing, scene.colour, scene.background)
    return not held_out(scene.thing, scene.colour or "-") and not held_out(scene.thing, scene.background or "-")


def random_background(rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.2:
        return ""
    return rng.choice(list(COLOURS)) if chance < 0.55 else rng.choice(list(PLACES))


def random_style(rng: random.Random) -> str:
    return rng.choices(STYLES, (1, 1, 1))[0]


def draw_one(rng: random.Random) -> Scene:
    chance = rng.random()
    background, style = random_background(rng), random_style(rng)
    thing, colour = rng.choice(list(THINGS)), rng.choice(list(COLOURS))
    size = rng.choices(("", "big", "small"), (0.8, 0.1, 0.1))[0]
    if chance < 0.03:
        return Scene("", "", rng.choice([*COLOURS, *PLACES]))
    if chance < 0.66:
        return Scene(thing, colour if rng.random() < 0.3 else "", background, style, size)
    shape = rng.choice(list(SHAPES))
    if chance < 0.84:
        background = background if background in PLACES and rng.random() < 0.4 else rng.choice([c for c in COLOURS if c != colour])
        return Scene(shape, colour, background, style if rng.random() < 0.25 else "", size)
    if chance < 0.92:
        count = rng.choices(("two", "three"), (0.7, 0.3))[0]
        return Scene(thing, colour if rng.random() < 0.15 else "", background, style, "", count)
    if rng.random() < 0.8:
        other = rng.choice([t for t in THINGS if t != thing])
        return Scene(thing, "", background, style, "", "and", other)
    other, other_colour = rng.choice([s for s in SHAPES if s != shape]), rng.choice([c for c in COLOURS if c != colour])
    plain = rng.choice([c for c in COLOURS if c not in (colour, other_colour)])
    return Scene(shape, colour, plain, "", "", "and", other, other_colour)


def random_scene(rng: random.Random) -> Scene:
    """One that the training may see."""
    while True:
        scene = draw_one(rng)
        if trained(scene):
            return scene


class Renderer:
    """Draws scenes with the icons of `icons.load_icons`."""

    def __init__(self, icons: dict[tuple[str, str], Image.Image]) -> None:
        self.icons = icons

    def draw(self, scene: Scene, rng: random.Random) -> Image.Image:
        """SIZE×SIZE, RGB."""
        picture = backdrop(scene, rng)
        for thing, colour, centre, extent in layout(scene, rng):
            sprite = self.sprite(thing, colour, scene, round(extent * SIZE), rng)
            left, top = round(centre[0] * SIZE - sprite.width / 2), round(centre[1] * SIZE - sprite.height / 2)
            if scene.background in GROUND and thing not in SHAPES:
                shadow(picture, sprite, left, top)
            straight = sprite.convert("RGBA")
            picture.paste(straight, (left, top), straight)
        return picture

    def sprite(self, thing: str, colour: str, scene: Scene, side: int, rng: random.Random) -> Image.Image:
        """An object with premultiplied alpha ("RGBa"), `side` pixels wide before a small turn."""
        if thing in SHAPES:
            return shape_sprite(thing, COLOURS[colour or rng.choice(list(COLOURS))], scene.style, side, rng)
        icon = self.icons[thing, scene.style or rng.choice(STYLES)].resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2)
        if rng.random() < 0.5:
            icon = icon.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if colour:
            icon = recoloured(icon, COLOURS[colour])
        if rng.random() < 0.7:
            icon = icon.rotate(rng.gauss(0, 4), Image.Resampling.BICUBIC, expand=True)
        return lit(icon, rng.uniform(0.93, 1.05))


def layout(scene: Scene, rng: random.Random) -> list[tuple[str, str, tuple[float, float], float]]:
    """(thing, colour, centre, extent) of every object; shares of the frame."""
    if not scene.thing:
        return []
    if not scene.count:
        extent = rng.uniform(*EXTENT[scene.size])
        room = max(0.02, (1 - extent) / 2 * 0.8)
        x, y = 0.5 + rng.uniform(-room, room), 0.5 + rng.uniform(-room, room)
        if scene.background in GROUND:
            y = min(0.96 - extent / 2, max(y, 0.5 + room * 0.3)) if scene.size != "small" else rng.uniform(0.6, 0.72)
        return [(scene.thing, scene.colour, (x, y), extent)]
    placed = []
    for i, (x, y) in enumerate(CENTRES[scene.count]):
        thing, colour = (scene.second, scene.second_colour) if scene.count == "and" and i else (scene.thing, scene.colour)
        lift = 0.08 if scene.background in GROUND and scene.count != "three" else 0
        centre = (x + rng.uniform(-0.03, 0.03), y + lift + rng.uniform(-0.05, 0.05))
        placed.append((thing, colour, centre, rng.uniform(*CROWD_EXTENT[scene.count])))
    return placed


def backdrop(scene: Scene, rng: random.Random) -> Image.Image:
    if scene.background in PLACES:
        return paint(scene.background, rng)
    if scene.background:
        colour = tuple(max(0, min(255, c + rng.randint(-5, 5))) for c in COLOURS[scene.background])
        return Image.new("RGB", (SIZE, SIZE), colour)
    # Nothing asked: a soft pastel, lighter above.
    hue = rng.random()
    pastel = [round(232 + 20 * math.cos(2 * math.pi * (hue + k / 3))) for k in range(3)]
    return gradient(tuple(min(255, c + 8) for c in pastel), tuple(c - 14 for c in pastel)).reduce(2)


def shadow(picture: Image.Image, sprite: Image.Image, left: int, top: int) -> None:
    """A soft ellipse under the object."""
    width, height = round(sprite.width * 0.8), max(6, sprite.height // 9)
    mask = Image.new("L", (width + 12, height + 12))
    ImageDraw.Draw(mask).ellipse((6, 6, width + 6, height + 6), fill=70)
    mask = mask.filter(ImageFilter.GaussianBlur(3))
    picture.paste((20, 24, 40), (left + sprite.width // 10 - 6, top + sprite.height - height // 2 - 10), mask)


def lit(sprite: Image.Image, light: float) -> Image.Image:
    r, g, b, a = sprite.split()
    r, g, b = (channel.point(lambda c: min(255, round(c * light))) for channel in (r, g, b))
    return Image.merge("RGBa", (Image.composite(r, a, compare(a, r)), Image.composite(g, a, compare(a, g)), Image.composite(b, a, compare(a, b)), a))


def compare(alpha: Image.Image, channel: Image.Image) -> Image.Image:
    """255 where the premultiplied channel is within its alpha."""
    return Image.fromarray(((np.asarray(channel) <= np.asarray(alpha)) * 255).astype(np.uint8))


def recoloured(sprite: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """The drawing in shades of `colour`: its usual brightness becomes the colour, darker and lighter parts stay so."""
    pixels = np.asarray(sprite).astype(np.float32) / 255
    alpha = pixels[..., 3:]
    straight = pixels[..., :3] / np.maximum(alpha, 1e-3)
    light = straight @ np.array([0.3, 0.59, 0.11], np.float32)
    visible = alpha[..., 0] > 0.5
    usual = float(np.clip(np.median(light[visible]) if visible.any() else 0.5, 0.25, 0.8))
    below = np.clip(light / usual, 0, 1)[..., None]
    above = np.clip((light - usual) / (1 - usual), 0, 1)[..., None]
    wanted = np.asarray(colour, np.float32) / 255
    tinted = wanted * (0.25 + 0.75 * below) * np.minimum(1, below * 2.5) * (1 - above * 0.85) + above * 0.85
    mixed = np.concatenate([np.clip(tinted, 0, 1) * alpha, alpha], 2)
    return Image.frombuffer("RGBa", sprite.size, (mixed * 255).round().astype(np.uint8).tobytes(), "raw", "RGBa", 0, 1)


def shape_sprite(shape: str, colour: tuple[int, int, int], style: str, side: int, rng: random.Random) -> Image.Image:
    """`style` "cartoon" adds an outline, "3d" light from above left."""
    turn = cmath.exp(1j * math.radians(rng.uniform(-1, 1) * SHAPES[shape]["turn"]))
    large = side * OVERSAMPLE
    mask = Image.new("L", (large, large))
    pen = ImageDraw.Draw(mask)
    for i, contour in enumerate(SHAPES[shape]["contours"]):
        points = [complex(x, y) * turn * large / 2.12 + complex(large / 2, large / 2) for x, y in contour]
        pen.polygon([(p.real, p.imag) for p in points], fill=0 if i else 255)
    fill = np.broadcast_to(np.asarray(colour, np.float32), (side, side, 3))
    alpha = np.asarray(mask.reduce(OVERSAMPLE), np.float32)[..., None] / 255
    if style == "3d":
        y, x = np.mgrid[0:side, 0:side] / side - 0.5
        shade = np.clip(1 - 0.9 * (x + y), 0.55, 1.45)[..., None]
        fill = np.where(shade > 1, fill + (255 - fill) * (shade - 1), fill * shade)
    if style == "cartoon":
        inner = np.asarray(mask.filter(ImageFilter.MinFilter(4 * OVERSAMPLE + 1)).reduce(OVERSAMPLE), np.float32)[..., None] / 255
        fill = fill * inner + fill * 0.35 * (1 - inner)
    pixels = np.concatenate([fill * alpha, alpha * 255], 2).round().clip(0, 255).astype(np.uint8)
    return Image.frombuffer("RGBa", (side, side), pixels.tobytes(), "raw", "RGBa", 0, 1)

