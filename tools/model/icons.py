"""The icons of `@iconify-json/fluent-emoji-flat` (Fluent Emoji, MIT, © Microsoft Corporation), rasterised.

`npm pack @iconify-json/fluent-emoji-flat` and unpack it anywhere; the set itself is not part of this repository.
"""

import io
import json
from pathlib import Path

import resvg_py
from PIL import Image

from scenes import VOCABULARY

SIDE = 256


def load_icons(package: Path) -> dict[str, Image.Image]:
    """Every icon of the vocabulary by the word it is asked for with: 256×256, premultiplied alpha ("RGBa").

    `package` is the unpacked npm package, the folder holding `icons.json`.
    """
    drawings = json.loads((package / "icons.json").read_text())["icons"]
    icons = {}
    for word, name in VOCABULARY["icons"].items():
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}" viewBox="0 0 32 32">'
            f'{drawings[name]["body"]}</svg>'
        )
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE))
        icons[word] = Image.open(io.BytesIO(png)).convert("RGBA").convert("RGBa")
    return icons
