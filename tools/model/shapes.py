"""Geometry of the shapes, written once and read by the renderer (Python) and by the measuring tool (TypeScript).

    python shapes.py > shapes.json

A shape is a list of closed contours in a square of -1..1 (y points down): the first is filled, the later ones are cut
out of it. `turn` is the largest rotation in degrees under which a person would still call the shape by its name;
a square on its corner, for instance, would be a diamond.
"""

import json
import math

Contour = list[tuple[float, float]]


def arc(radius: float, start: float, end: float, steps: int, cx: float = 0.0, cy: float = 0.0) -> Contour:
    """Points on a circle from `start` to `end` degrees; 0 is to the right, 90 is down."""
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(cx + radius * math.cos(a), cy + radius * math.sin(a)) for a in angles]


def regular(corners: int, first: float = -90.0) -> Contour:
    """A regular polygon on the unit circle, its first corner at `first` degrees."""
    return [arc(1.0, first + 360 * i / corners, first, 1)[0] for i in range(corners)]


def star() -> Contour:
    """Five points; the inner radius is wider than a pentagram's so that arms survive an 8-fold smaller latent."""
    points = []
    for i in range(10):
        radius = 1.0 if i % 2 == 0 else 0.44
        angle = math.radians(-90 + 36 * i)
        points.append((radius * math.cos(angle), radius * math.sin(angle)))
    return points


def heart() -> Contour:
    """The classic sixteen-sin-cubed curve, scaled into the square."""
    points = []
    for i in range(64):
        t = 2 * math.pi * i / 64
        x = 16 * math.sin(t) ** 3
        y = -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t))
        points.append((x / 16.5, (y - 2.5) / 16.5))
    return points


def cross() -> Contour:
    arm, end = 0.32, 0.92
    quarter = [(arm, -end), (arm, -arm), (end, -arm)]
    points: Contour = []
    for _ in range(4):
        points += quarter
        quarter = [(-y, x) for x, y in quarter]
    return points


def crescent() -> Contour:
    """Two arcs through the same two tips: the outer circle, and one of 0.8 radius centred 0.5 to the right."""
    offset, inner = 0.5, 0.8
    x = (1 + offset**2 - inner**2) / (2 * offset)
    outer_tip = math.degrees(math.acos(x))
    inner_tip = math.degrees(math.acos((x - offset) / inner))
    outside = arc(1.0, outer_tip, 360 - outer_tip, 40)
    inside = arc(inner, 360 - inner_tip, inner_tip, 32, cx=offset)
    return [(px + 0.15, py) for px, py in outside + inside[1:-1]]


def arrow() -> Contour:
    """To the right."""
    return [(-1.0, -0.3), (0.1, -0.3), (0.1, -0.8), (1.0, 0.0), (0.1, 0.8), (0.1, 0.3), (-1.0, 0.3)]


SHAPES = {
    "circle": {"turn": 0, "contours": [arc(1.0, 0, 360, 64)[:-1]]},
    "square": {"turn": 10, "contours": [[(-0.84, -0.84), (0.84, -0.84), (0.84, 0.84), (-0.84, 0.84)]]},
    "triangle": {"turn": 10, "contours": [[(0, -0.92), (1.0, 0.8), (-1.0, 0.8)]]},
    "star": {"turn": 12, "contours": [star()]},
    "heart": {"turn": 10, "contours": [heart()]},
    "diamond": {"turn": 8, "contours": [[(0, -1.05), (0.74, 0), (0, 1.05), (-0.74, 0)]]},
    "hexagon": {"turn": 8, "contours": [regular(6, 0.0)]},
    "cross": {"turn": 10, "contours": [cross()]},
    "ring": {"turn": 0, "contours": [arc(1.0, 0, 360, 64)[:-1], arc(0.56, 0, 360, 48)[:-1]]},
    "crescent": {"turn": 12, "contours": [crescent()]},
    "arrow": {"turn": 10, "contours": [arrow()]},
    "pentagon": {"turn": 8, "contours": [regular(5)]},
}

if __name__ == "__main__":
    rounded = {
        name: {"turn": s["turn"], "contours": [[[round(x, 4), round(y, 4)] for x, y in c] for c in s["contours"]]}
        for name, s in SHAPES.items()
    }
    lines = [f"  {json.dumps(name)}: {json.dumps(shape)}" for name, shape in rounded.items()]
    print("{\n" + ",\n".join(lines) + "\n}")
