"""The icons of the three styles, rasterised once: `python icons.py --packages FOLDER --out icons.npz`.

FOLDER holds the unpacked npm packages, each in a folder of its tarball's name (`npm pack NAME`, then `tar xzf` there):
`@iconify-json/fluent-emoji-flat` (style "flat") and `@lobehub/fluent-emoji-3d` (style "3d") are Microsoft's Fluent
Emoji, MIT licence; `@iconify-json/noto` (style "cartoon") is Google's Noto Emoji, Apache-2.0. None of them is part of
this repository. `things.json` says which icon of each set a word means.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
THINGS: dict[str, dict] = json.loads((HERE / "things.json").read_text())
STYLES = ("flat", "cartoon", "3d")
SIDE = 160


def one(folder: Path, pattern: str) -> Path:
    """The only path below `folder` that matches; ValueError otherwise."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise ValueError(f"{len(found)} paths match {folder / pattern}; unpack the npm packages there (see icons.py)")
    return found[0]


def square(picture: Image.Image) -> Image.Image:
    """Cut to what is visible, centred in a square of SIDE, so that every icon fills the frame alike."""
    picture = picture.convert("RGBA")
    picture = picture.crop(picture.getchannel("A").point(lambda a: 255 if a > 8 else 0).getbbox())
    side = max(picture.size)
    padded = Image.new("RGBA", (side, side))
    padded.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return padded.convert("RGBa").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def from_svg(icons: dict, name: str) -> Image.Image:
    # Where icons are only read, it need not be installed.
    import cairosvg

    icon = icons["icons"][name]
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
    return Image.open(io.BytesIO(cairosvg.svg2png(svg.encode(), output_width=2 * SIDE, output_height=2 * SIDE)))


def rasterise(packages: Path) -> dict[tuple[str, str], Image.Image]:
    """(thing, style) → SIDE×SIDE with premultiplied alpha ("RGBa")."""
    flat = json.loads(one(packages, "iconify-json-fluent-emoji-flat-*/package/icons.json").read_text())
    noto = json.loads(one(packages, "iconify-json-noto-*/package/icons.json").read_text())
    assets = one(packages, "lobehub-fluent-emoji-3d-*/package/assets")
    icons = {}
    for thing, names in THINGS.items():
        icons[thing, "flat"] = square(from_svg(flat, names["flat"]))
        icons[thing, "cartoon"] = square(from_svg(noto, names["cartoon"]))
        icons[thing, "3d"] = square(Image.open(assets / f"{names['3d']}.webp"))
    return icons


def load_icons(path: Path) -> dict[tuple[str, str], Image.Image]:
    """What `python icons.py` wrote."""
    pixels = np.load(path)["pixels"]
    keys = [(thing, style) for thing in THINGS for style in STYLES]
    if len(keys) != len(pixels):
        raise ValueError(f"{path} was made from another things.json; run icons.py again")
    return {key: Image.frombuffer("RGBa", (SIDE, SIDE), raw.tobytes(), "raw", "RGBa", 0, 1) for key, raw in zip(keys, pixels)}


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--packages", type=Path, required=True)
    flags.add_argument("--out", type=Path, required=True)
    args = flags.parse_args()
    icons = rasterise(args.packages)
    np.savez_compressed(args.out, pixels=np.stack([np.asarray(icons[thing, style]) for thing in THINGS for style in STYLES]))
    print(f"{len(icons)} icons of {len(THINGS)} things")


if __name__ == "__main__":
    main()
