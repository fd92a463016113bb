"""Twelve places, painted procedurally with variety: what an object of a scene stands in front of.

`python places.py --out SHEET.png` paints a sheet of six of each, for eyes.
"""

import argparse
import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 128
# Painted twice as large and reduced, which smooths the edges.
SIDE = 2 * SIZE

Rgb = tuple[int, int, int]
Pen = ImageDraw.ImageDraw


def vary(colour: Rgb, rng: random.Random, amount: int = 10) -> Rgb:
    shift = rng.uniform(-amount, amount)
    r, g, b = (max(0, min(255, round(c + shift + rng.uniform(-amount / 2, amount / 2)))) for c in colour)
    return r, g, b


def gradient(top: Rgb, bottom: Rgb, height: int = SIDE) -> Image.Image:
    """SIDE wide, from `top` to `bottom`."""
    share = np.linspace(0, 1, height)[:, None, None]
    rows = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
    return Image.fromarray(np.broadcast_to(rows, (height, SIDE, 3)).round().astype(np.uint8))


def sky(top: Rgb, bottom: Rgb, rng: random.Random) -> tuple[Image.Image, Pen]:
    picture = gradient(vary(top, rng), vary(bottom, rng))
    return picture, ImageDraw.Draw(picture)


def ridge(pen: Pen, rng: random.Random, height: float, roughness: float, fill: Rgb) -> None:
    """Ground from about `height` (share from the top) down, its upper edge a sum of waves of `roughness` (share)."""
    waves = [(rng.uniform(0.5, 1.2), rng.uniform(0, 6.3), 1.0), (rng.uniform(1.5, 3), rng.uniform(0, 6.3), 0.4)]
    points = []
    for x in range(0, SIDE + 1, 8):
        wave = sum(a * math.sin(x / SIDE * 6.28 * f + p) for f, p, a in waves)
        points.append((x, SIDE * (height + roughness * wave)))
    pen.polygon([*points, (SIDE, SIDE), (0, SIDE)], fill=fill)


def dots(pen: Pen, rng: random.Random, count: int, radii: tuple[float, float], fill: Rgb, top: float = 0.0, bottom: float = 1.0) -> None:
    for _ in range(count):
        x, y, r = rng.uniform(0, SIDE), rng.uniform(top, bottom) * SIDE, rng.uniform(*radii)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def puff(pen: Pen, x: float, y: float, r: float, fill: Rgb) -> None:
    """A cloud of three circles on a flat base."""
    for dx, dy, scale in ((-1.1, 0.2, 0.7), (0, -0.15, 1.0), (1.15, 0.22, 0.68)):
        cx, cy, cr = x + dx * r, y + dy * r, r * scale
        pen.ellipse((cx - cr, cy - cr, cx + cr, cy + cr), fill=fill)
    pen.rounded_rectangle((x - 1.8 * r, y + 0.1 * r, x + 1.85 * r, y + 0.9 * r), r * 0.4, fill=fill)


def disc(pen: Pen, x: float, y: float, r: float, fill: Rgb) -> None:
    pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def fir(pen: Pen, x: float, base: float, height: float, fill: Rgb) -> None:
    for i in range(3):
        top, half = base - height * (1 - 0.25 * i), height * (0.16 + 0.08 * i)
        pen.polygon([(x, top), (x - half, top + height * 0.5), (x + half, top + height * 0.5)], fill=fill)


def snow(rng: random.Random) -> Image.Image:
    picture, pen = sky((150, 196, 236), (214, 232, 246), rng)
    horizon = rng.uniform(0.52, 0.64)
    for _ in range(rng.randint(0, 5)):
        fir(pen, rng.uniform(0, SIDE), SIDE * (horizon + 0.05), SIDE * rng.uniform(0.18, 0.32), vary((74, 124, 116), rng))
    ridge(pen, rng, horizon, 0.02, vary((232, 240, 248), rng, 4))
    ridge(pen, rng, horizon + rng.uniform(0.12, 0.2), 0.02, (249, 251, 254))
    dots(pen, rng, rng.randint(14, 30), (2.5, 5.5), (254, 254, 255), 0, 0.9)
    return picture


def night(rng: random.Random) -> Image.Image:
    picture, pen = sky((14, 18, 58), (44, 48, 112), rng)
    dots(pen, rng, rng.randint(16, 26), (1.5, 4), (255, 246, 200))
    if rng.random() < 0.6:
        x, y, r = rng.choice((0.13, 0.87)) * SIDE, rng.uniform(0.1, 0.2) * SIDE, rng.uniform(18, 26)
        disc(pen, x, y, r, (252, 240, 184))
    if rng.random() < 0.6:
        ridge(pen, rng, rng.uniform(0.78, 0.88), 0.025, vary((16, 24, 44), rng, 5))
    return picture


def grass(rng: random.Random) -> Image.Image:
    picture, pen = sky((108, 186, 246), (196, 230, 250), rng)
    for _ in range(rng.randint(0, 2)):
        puff(pen, rng.uniform(0, SIDE), rng.uniform(0.1, 0.3) * SIDE, rng.uniform(14, 22), (250, 252, 255))
    horizon = rng.uniform(0.52, 0.66)
    ridge(pen, rng, horizon, 0.02, vary((128, 200, 84), rng))
    ridge(pen, rng, horizon + rng.uniform(0.1, 0.16), 0.02, vary((92, 178, 66), rng))
    for _ in range(18):
        x, y = rng.uniform(0, SIDE), rng.uniform(horizon + 0.18, 1.0) * SIDE
        pen.line((x, y, x + rng.uniform(-4, 4), y - rng.uniform(9, 15)), fill=(60, 140, 50), width=4)
    if rng.random() < 0.5:
        dots(pen, rng, rng.randint(3, 8), (4, 6), rng.choice(((250, 230, 90), (250, 250, 250), (244, 130, 160))), horizon + 0.18, 1.0)
    return picture


def sea(rng: random.Random) -> Image.Image:
    picture, pen = sky((132, 200, 248), (212, 238, 252), rng)
    horizon = rng.uniform(0.34, 0.5)
    if rng.random() < 0.4:
        disc(pen, rng.choice((0.15, 0.85)) * SIDE, rng.uniform(0.1, 0.2) * SIDE, rng.uniform(16, 24), (255, 232, 120))
    water = gradient(vary((70, 160, 222), rng), vary((18, 92, 176), rng))
    picture.paste(water, (0, round(SIDE * horizon)))
    for _ in range(rng.randint(8, 14)):
        x, y, w = rng.uniform(-10, SIDE), rng.uniform(horizon + 0.06, 1) * SIDE, rng.uniform(22, 42)
        pen.arc((x, y, x + w, y + w * 0.45), 200, 340, fill=(166, 214, 244), width=5)
    return picture


def desert(rng: random.Random) -> Image.Image:
    picture, pen = sky((250, 206, 130), (254, 236, 190), rng)
    if rng.random() < 0.7:
        disc(pen, rng.choice((0.15, 0.85)) * SIDE, rng.uniform(0.12, 0.24) * SIDE, rng.uniform(18, 26), (255, 248, 214))
    ridge(pen, rng, rng.uniform(0.48, 0.56), 0.05, vary((236, 188, 108), rng, 6))
    ridge(pen, rng, rng.uniform(0.64, 0.72), 0.04, vary((224, 166, 84), rng, 6))
    ridge(pen, rng, rng.uniform(0.82, 0.88), 0.03, vary((208, 146, 66), rng, 6))
    return picture


def beach(rng: random.Random) -> Image.Image:
    picture, pen = sky((92, 190, 246), (200, 236, 252), rng)
    horizon = rng.uniform(0.36, 0.46)
    pen.rectangle((0, SIDE * horizon, SIDE, SIDE), fill=vary((44, 168, 206), rng))
    shore = rng.uniform(0.58, 0.68)
    ridge(pen, rng, shore - 0.03, 0.015, (240, 250, 252))
    ridge(pen, rng, shore, 0.015, vary((246, 220, 160), rng, 6))
    if rng.random() < 0.6:
        side = rng.choice((0.02, 0.98)) * SIDE
        pen.line((side, SIDE * (shore + 0.06), side + rng.uniform(-14, 14), SIDE * 0.3), fill=(146, 98, 56), width=9)
        for turn in range(-150, 31, 36):
            a = math.radians(turn)
            tip = (side + 52 * math.cos(a), SIDE * 0.3 + 40 * math.sin(a) + 14)
            pen.line((side, SIDE * 0.3, *tip), fill=(50, 150, 70), width=11)
    return picture


def clouds(rng: random.Random) -> Image.Image:
    picture, pen = sky((70, 156, 240), (158, 212, 250), rng)
    for i in range(rng.randint(3, 5)):
        y = rng.uniform(0.08, 0.3) if i % 2 else rng.uniform(0.7, 0.95)
        puff(pen, rng.uniform(0, SIDE), y * SIDE, rng.uniform(16, 28), (250, 252, 255))
    return picture


def forest(rng: random.Random) -> Image.Image:
    picture, pen = sky((164, 214, 170), (206, 236, 186), rng)
    for depth, colour in ((0, (92, 158, 108)), (1, (52, 118, 72))):
        for _ in range(6):
            x, base = rng.uniform(0, SIDE), SIDE * (0.68 + 0.07 * depth)
            fir(pen, x, base, SIDE * rng.uniform(0.4, 0.6), vary(colour, rng, 8))
            pen.rectangle((x - 4, base - 6, x + 4, base + 12), fill=(96, 70, 44))
    ridge(pen, rng, rng.uniform(0.74, 0.8), 0.015, vary((70, 128, 56), rng, 8))
    return picture


def city(rng: random.Random) -> Image.Image:
    picture, pen = sky((150, 190, 226), (222, 232, 240), rng)
    x = -rng.uniform(0, 30)
    while x < SIDE:
        width, top = rng.uniform(34, 56), rng.uniform(0.12, 0.5) * SIDE
        body = vary(rng.choice(((110, 124, 148), (140, 128, 136), (92, 110, 130), (164, 146, 132))), rng, 8)
        pen.rectangle((x, top, x + width, SIDE), fill=body)
        lit = rng.choice(((250, 226, 140), (206, 226, 240)))
        for wy in range(round(top) + 10, round(SIDE * 0.76), 27):
            for wx in range(round(x) + 7, round(x + width) - 10, 19):
                pen.rectangle((wx, wy, wx + 10, wy + 14), fill=lit)
        x += width + rng.uniform(0, 5)
    pen.rectangle((0, SIDE * 0.8, SIDE, SIDE), fill=vary((86, 90, 98), rng, 6))
    for wx in range(-10, SIDE, 52):
        pen.rectangle((wx, SIDE * 0.9, wx + 26, SIDE * 0.9 + 5), fill=(240, 240, 232))
    return picture


def space(rng: random.Random) -> Image.Image:
    picture, pen = sky((8, 6, 22), (36, 14, 58), rng)
    glow = Image.new("RGB", (SIDE, SIDE))
    hue = rng.choice(((120, 40, 150), (30, 80, 160), (160, 50, 100)))
    for _ in range(2):
        disc(ImageDraw.Draw(glow), rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.uniform(40, 70), hue)
    glow = glow.resize((32, 32)).filter(ImageFilter.GaussianBlur(5)).resize((SIDE, SIDE))
    picture = Image.fromarray((np.asarray(picture).astype(int) + np.asarray(glow) // 2).clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    dots(pen, rng, rng.randint(22, 36), (1.2, 3.2), (255, 255, 255))
    if rng.random() < 0.6:
        x, y, r = rng.choice((0.12, 0.88)) * SIDE, rng.choice((0.14, 0.86)) * SIDE, rng.uniform(14, 26)
        disc(pen, x, y, r, vary(rng.choice(((224, 120, 80), (90, 170, 220), (210, 180, 120))), rng))
    return picture


def sunset(rng: random.Random) -> Image.Image:
    picture, pen = sky((110, 60, 140), (255, 172, 84), rng)
    horizon = rng.uniform(0.62, 0.72)
    disc(pen, rng.uniform(0.2, 0.8) * SIDE, SIDE * (horizon - rng.uniform(0, 0.08)), rng.uniform(34, 50), (255, 222, 120))
    for _ in range(rng.randint(1, 3)):
        x, y, w = rng.uniform(-20, SIDE), rng.uniform(0.1, 0.4) * SIDE, rng.uniform(50, 110)
        pen.rounded_rectangle((x, y, x + w, y + 10), 5, fill=vary((232, 120, 122), rng))
    ridge(pen, rng, horizon, 0.02, vary((92, 44, 92), rng, 8))
    ridge(pen, rng, horizon + 0.14, 0.02, vary((58, 28, 70), rng, 6))
    return picture


def room(rng: random.Random) -> Image.Image:
    wall = rng.choice(((236, 208, 186), (196, 216, 206), (226, 204, 220), (204, 214, 232)))
    picture, pen = sky(wall, wall, rng)
    floor = rng.uniform(0.7, 0.78) * SIDE
    pen.rectangle((0, floor, SIDE, SIDE), fill=vary((176, 124, 80), rng, 8))
    pen.rectangle((0, floor - 7, SIDE, floor), fill=(250, 246, 240))
    for i in range(1, 3):
        y = floor + (SIDE - floor) * i / 3
        pen.line((0, y, SIDE, y), fill=(146, 100, 62), width=3)
    x, y = rng.choice((8, SIDE - 82)), rng.uniform(14, 34)
    pen.rectangle((x, y, x + 72, y + 80), fill=(252, 250, 246))
    for px in (x + 6, x + 39):
        for py in (y + 6, y + 43):
            pen.rectangle((px, py, px + 27, py + 31), fill=(150, 206, 240))
    return picture


PLACES: dict[str, Callable[[random.Random], Image.Image]] = {
    "snow": snow,
    "night": night,
    "grass": grass,
    "sea": sea,
    "desert": desert,
    "beach": beach,
    "sky": clouds,
    "forest": forest,
    "city": city,
    "space": space,
    "sunset": sunset,
    "room": room,
}
# Where things stand rather than float.
GROUND = frozenset({"snow", "grass", "desert", "beach", "forest", "city", "sunset", "room"})


def paint(place: str, rng: random.Random) -> Image.Image:
    """SIZE×SIZE, RGB."""
    return PLACES[place](rng).reduce(2)


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--out", type=Path, required=True)
    args = flags.parse_args()
    sheet = Image.new("RGB", (12 * SIZE, 6 * SIZE))
    for column, place in enumerate(PLACES):
        for row in range(6):
            sheet.paste(paint(place, random.Random(f"{place} {row}")), (column * SIZE, row * SIZE))
    sheet.save(args.out)


if __name__ == "__main__":
    main()
