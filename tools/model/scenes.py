"""What the model is taught: random scenes, their pictures (128×128 RGB) and the captions people might type for them.

A scene is plain data, so that a picture and any number of captions can be made from it. Pictures are drawn at
`OVERSAMPLE` times their size and averaged down, which is all the antialiasing there is.
"""

import cmath
import itertools
import json
import math
import random
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
VOCABULARY = json.loads((HERE / "vocabulary.json").read_text())
SHAPES = json.loads((HERE / "shapes.json").read_text())
COLOURS: dict[str, tuple[int, int, int]] = {name: tuple(rgb) for name, rgb in VOCABULARY["colours"].items()}
SCENES: dict[str, list[str]] = VOCABULARY["scenes"]

SIZE = 128
OVERSAMPLE = 3
MARGIN = 5
# A short training learns forms only where they do not wander: pixels to either side, and a share of `turn`.
REACH = 5.0
TURN_SHARE = 0.5
HELD_OUT_SEED = 20_26
HELD_OUT_SHARE = 0.1

# Half-widths in pixels. The gaps between the ranges keep "small" and "big" meaningful.
RADIUS = {"small": (17, 20), "": (32, 38), "big": (50, 56)}
SIZE_WORDS = {"small": ["small", "small", "little", "tiny"], "big": ["big", "big", "large", "huge"]}
COLOUR_WORDS = {"gray": ["gray", "grey"], "purple": ["purple", "purple", "purple", "violet"]}
SHAPE_WORDS = {"diamond": ["diamond", "diamond", "diamond", "rhombus"], "cross": ["cross", "cross", "cross", "plus sign"]}

LEADS = ["a photo of", "a picture of", "a drawing of", "an illustration of", "a painting of", "an image of", "a sketch of"]
TAILS = ["digital art", "highly detailed", "flat design", "minimalist", "simple", "vector art", "high quality", "cute"]


@dataclass(frozen=True)
class Scene:
    """`subject` is a shape, an icon or "" for a bare background; `background` a colour or a scene's name.

    `colour` is "" for icons, which have their own. `size` is "", "small" or "big".
    """

    kind: str
    subject: str
    colour: str
    size: str
    background: str


def held_out() -> list[tuple[str, str, str]]:
    """The (colour, shape, background) combinations never rendered for training; the same on every machine."""
    every = [c for c in itertools.product(COLOURS, SHAPES, COLOURS) if c[0] != c[2]]
    return sorted(random.Random(HELD_OUT_SEED).sample(every, round(len(every) * HELD_OUT_SHARE)))


HELD_OUT = frozenset(held_out())


def random_scene(rng: random.Random) -> Scene:
    """55 % shapes on colours, the rest icons, shapes in scenes and bare backgrounds."""
    kind = rng.choices(["shape", "shape in scene", "icon", "icon in scene", "bare"], [55, 3, 26, 13, 3])[0]
    size = rng.choices(["", "small", "big"], [60, 20, 20])[0]
    scene = rng.choice(list(SCENES))
    colour, background = rng.sample(list(COLOURS), 2)
    if kind == "shape":
        shape = rng.choice(list(SHAPES))
        if (colour, shape, background) in HELD_OUT:
            return random_scene(rng)
        return Scene("shape", shape, colour, size, background)
    if kind == "shape in scene":
        return Scene("shape", rng.choice(list(SHAPES)), colour, size, scene)
    if kind == "bare":
        return Scene("bare", "", "", "", rng.choice([background, scene]))
    icon = rng.choice(list(VOCABULARY["icons"]))
    return Scene("icon", icon, "", size, background if kind == "icon" else scene)


def article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def caption(scene: Scene, rng: random.Random) -> str:
    """One way of asking for the scene; sometimes says less than the picture shows, never anything else."""
    size = rng.choice(SIZE_WORDS[scene.size]) if scene.size else ""
    colour = rng.choice(COLOUR_WORDS.get(scene.colour, [scene.colour]))
    subject = rng.choice(SHAPE_WORDS.get(scene.subject, [scene.subject]))
    if scene.kind == "shape" and rng.random() < 0.04:
        colour = ""
    things = " ".join(word for word in (size, colour, subject) if word)
    backdrop = rng.choice(COLOUR_WORDS.get(scene.background, [scene.background]))
    in_scene = scene.background in SCENES
    place = rng.choice(SCENES[scene.background]) if in_scene else ""

    if scene.kind == "bare":
        bare = [place, backdrop] if in_scene else [f"{article(backdrop)} background", f"plain {backdrop}", backdrop]
        return rng.choice(bare)
    if not in_scene and rng.random() < (0.06 if scene.kind == "shape" else 0.25):
        return rng.choice([article(things), things])
    if in_scene:
        return rng.choice([f"{article(things)} {place}"] * 3 + [f"{things} {place}", f"{things}, {place}", f"{things}, {backdrop}"])
    if rng.random() < 0.5:
        return f"{article(things)} on {article(backdrop)} background"
    return rng.choice([
        f"{things} on {backdrop} background",
        f"{things}, {backdrop} background",
        f"{article(things)}, {backdrop} background",
        f"{things} on {backdrop}",
        f"{article(things)} on {backdrop}",
        f"{article(backdrop)} background with {article(things)}",
        f"{article(things)} in front of {article(backdrop)} background",
    ])


def dressed(words: str, rng: random.Random, fillers: list[str]) -> str:
    """The caption amid words that carry no meaning here, so that unknown words do no harm.

    `fillers` are strings whose tokens the model never learns; they all share one embedding row.
    """
    if rng.random() < 0.2:
        words = f"{rng.choice(LEADS)} {words}"
    if rng.random() < 0.15:
        words = ", ".join([words, *rng.sample(TAILS, rng.randint(1, 3))])
    if rng.random() < 0.2:
        extra = [rng.choice(fillers) for _ in range(rng.randint(1, 8))]
        parts = words.split(" ")
        if rng.random() < 0.6:
            parts = parts + extra if rng.random() < 0.5 else extra + parts
        else:
            parts.insert(rng.randint(0, len(parts)), extra[0])
        words = " ".join(parts)
    return words


def draw(scene: Scene, rng: random.Random, icons: dict[str, Image.Image]) -> Image.Image:
    """The scene as a 128×128 RGB picture. `icons` come from `icons.load_icons`."""
    picture = backdrop(scene.background, rng)
    if scene.kind == "shape":
        draw_shape(picture, scene, rng)
    elif scene.kind == "icon":
        draw_icon(picture, scene, rng, icons[scene.subject])
    return picture


def place(radius: float, rng: random.Random) -> tuple[float, float]:
    """A centre within `REACH` pixels of the middle that keeps the whole subject inside the margin."""
    reach = max(0.0, min(REACH, SIZE / 2 - MARGIN - radius))
    return SIZE / 2 + rng.uniform(-reach, reach), SIZE / 2 + rng.uniform(-reach, reach)


def shape_mask(shape: str, radius: float, turn: float, centre: tuple[float, float]) -> Image.Image:
    """Coverage of a shape, 0..255 a pixel; `turn` in degrees clockwise, the rest in pixels."""
    mask = Image.new("L", (SIZE * OVERSAMPLE, SIZE * OVERSAMPLE))
    pen = ImageDraw.Draw(mask)
    turned = cmath.exp(1j * math.radians(turn))
    for i, contour in enumerate(SHAPES[shape]["contours"]):
        points = [complex(x, y) * turned * radius + complex(*centre) for x, y in contour]
        pen.polygon([(p.real * OVERSAMPLE, p.imag * OVERSAMPLE) for p in points], fill=0 if i else 255)
    return mask.reduce(OVERSAMPLE)


def draw_shape(picture: Image.Image, scene: Scene, rng: random.Random) -> None:
    radius = rng.uniform(*RADIUS[scene.size])
    most = SHAPES[scene.subject]["turn"] * TURN_SHARE
    mask = shape_mask(scene.subject, radius, rng.uniform(-most, most), place(radius, rng))
    picture.paste(COLOURS[scene.colour], (0, 0), mask)


def draw_icon(picture: Image.Image, scene: Scene, rng: random.Random, icon: Image.Image) -> None:
    """`icon` is RGBA with its alpha premultiplied ("RGBa"), so that scaling and turning leave no fringe."""
    radius = rng.uniform(*RADIUS[scene.size]) * 1.06
    side = round(2 * radius)
    centre = place(radius, rng)
    small = icon.resize((side, side), Image.Resampling.BOX)
    small = small.rotate(rng.uniform(-4, 4), Image.Resampling.BICUBIC).convert("RGBA")
    picture.paste(small, (round(centre[0] - radius), round(centre[1] - radius)), small)


def backdrop(background: str, rng: random.Random) -> Image.Image:
    if background in COLOURS:
        return Image.new("RGB", (SIZE, SIZE), COLOURS[background])
    picture = Image.new("RGB", (SIZE * 2, SIZE * 2))
    PAINTERS[background](ImageDraw.Draw(picture), rng, SIZE * 2)
    return picture.reduce(2)


def dots(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, count: int, radii: tuple[float, float], fill: tuple[int, int, int]) -> None:
    for _ in range(count):
        x, y, r = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(*radii)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def hill(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, height: float, fill: tuple[int, int, int]) -> None:
    """Ground filling the picture from about `height` (share of the side, from the top) to the bottom."""
    top = side * height
    sag = rng.uniform(0.02, 0.07) * side
    pen.rectangle((0, top, side, side), fill=fill)
    middle = rng.uniform(0.2, 0.8) * side
    pen.ellipse((middle - side, top - sag, middle + side, top + 5 * sag), fill=fill)


def snow(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    pen.rectangle((0, 0, side, side), fill=(196, 218, 238))
    hill(pen, rng, side, rng.uniform(0.62, 0.72), (248, 250, 252))
    dots(pen, rng, side, 26, (2.5, 6), (252, 253, 255))


def night(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    pen.rectangle((0, 0, side, side), fill=(22, 26, 70))
    dots(pen, rng, side, 22, (1.5, 4.5), (255, 244, 190))


def grass(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    pen.rectangle((0, 0, side, side), fill=(160, 214, 246))
    hill(pen, rng, side, rng.uniform(0.6, 0.7), (94, 178, 70))
    for _ in range(30):
        x, y = rng.uniform(0, side), rng.uniform(0.74 * side, side)
        pen.line((x, y, x + rng.uniform(-4, 4), y - rng.uniform(8, 14)), fill=(58, 136, 48), width=3)


def sea(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    pen.rectangle((0, 0, side, side), fill=(178, 224, 248))
    top = side * rng.uniform(0.4, 0.5)
    pen.rectangle((0, top, side, side), fill=(30, 112, 190))
    for _ in range(12):
        x, y, w = rng.uniform(-10, side), rng.uniform(top + 14, side), rng.uniform(18, 36)
        pen.arc((x, y, x + w, y + w * 0.5), 200, 340, fill=(120, 184, 232), width=4)


def desert(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    pen.rectangle((0, 0, side, side), fill=(252, 226, 170))
    hill(pen, rng, side, rng.uniform(0.56, 0.64), (236, 190, 112))
    hill(pen, rng, side, rng.uniform(0.74, 0.82), (222, 168, 84))


def sky(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    pen.rectangle((0, 0, side, side), fill=(112, 186, 244))
    for _ in range(rng.randint(3, 5)):
        x, y, r = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(14, 24)
        for dx, dy, scale in ((-1.1, 0.25, 0.75), (0, 0, 1.0), (1.15, 0.3, 0.7)):
            cx, cy, cr = x + dx * r, y + dy * r, r * scale
            pen.ellipse((cx - cr, cy - cr, cx + cr, cy + cr), fill=(248, 251, 255))


PAINTERS = {"snow": snow, "night": night, "grass": grass, "sea": sea, "desert": desert, "sky": sky}
