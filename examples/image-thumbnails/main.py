# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow>=11"]
# ///
"""Make thumbnails of the uploaded images.

The header above is PEP 723: it tells Runyard (and `uv run`) what this file needs, so the script stays one file.
Files written: thumbnails/<name>.<format> and contact-sheet.png.
"""

import json
import os
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
SHEET_COLUMNS = 5
SHEET_CELL = 160
WHITE = (255, 255, 255)
SAMPLES = (("wide", (1200, 600), "#3b6fd4"), ("tall", (600, 1200), "#2f9e6e"), ("small", (90, 90), "#d4843b"))


def progress(percent, message):
    print(f"::progress {percent} {message}")


def make_samples():
    """Draw a few pictures, so that a first run without uploads has something to show."""
    print("No image was uploaded: working on three drawn samples.")
    paths = []
    for name, size, colour in SAMPLES:
        image = Image.new("RGB", size, colour)
        pen = ImageDraw.Draw(image)
        pen.ellipse((size[0] * 0.2, size[1] * 0.2, size[0] * 0.8, size[1] * 0.8), fill="white")
        path = Path(f"sample-{name}.png")
        image.save(path)
        paths.append(path)
    return paths


def thumbnail(source, size, *, square):
    """Return a small copy: upright, in RGB on white where it was transparent, without metadata."""
    with Image.open(source) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGBA")
    if square:
        side = min(size, *image.size)
        image = ImageOps.fit(image, (side, side))
    else:
        image.thumbnail((size, size))
    flat = Image.new("RGB", image.size, WHITE)
    flat.paste(image, mask=image.getchannel("A"))
    return flat


def contact_sheet(thumbnails):
    """Lay all thumbnails out in a grid."""
    rows = -(-len(thumbnails) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (min(len(thumbnails), SHEET_COLUMNS) * SHEET_CELL, rows * SHEET_CELL), WHITE)
    for index, image in enumerate(thumbnails):
        cell = ImageOps.contain(image, (SHEET_CELL - 12, SHEET_CELL - 12))
        row, column = divmod(index, SHEET_COLUMNS)
        left = column * SHEET_CELL + (SHEET_CELL - cell.width) // 2
        top = row * SHEET_CELL + (SHEET_CELL - cell.height) // 2
        sheet.paste(cell, (left, top))
    return sheet


def free_name(folder, stem, suffix):
    """`photo.jpg` and `photo.png` must not overwrite one another."""
    path = folder / f"{stem}.{suffix}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}.{suffix}"
        number += 1
    return path


def main():
    size = int(os.environ.get("SIZE") or 320)
    kind = os.environ.get("FORMAT") or "webp"
    quality = int(os.environ.get("QUALITY") or 82)
    square = os.environ.get("SQUARE") == "true"

    sources = sorted(path for path in Path().iterdir() if path.suffix.lower() in SUFFIXES) or make_samples()
    folder = Path("thumbnails")
    folder.mkdir(exist_ok=True)
    made, small, failed = [], [], []
    for index, source in enumerate(sources):
        progress(95 * index // len(sources), source.name)
        try:
            image = thumbnail(source, size, square=square)
        except (OSError, Image.DecompressionBombError) as problem:
            print(f"{source.name}: {problem}", file=sys.stderr)
            failed.append(source.name)
            continue
        target = free_name(folder, source.stem, kind)
        image.save(target, quality=quality)
        small.append(image)
        made.append(
            {
                "source": source.name,
                "thumbnail": target.as_posix(),
                "width": image.width,
                "height": image.height,
                "bytes": target.stat().st_size,
            }
        )
        print(f"{source.name} -> {target} ({image.width} x {image.height}, {target.stat().st_size:,} bytes)")

    if small:
        contact_sheet(small).save("contact-sheet.png")
    outputs = {"thumbnails": made, "failed": failed, "bytes": sum(entry["bytes"] for entry in made)}
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs), encoding="utf-8")
    if failed:
        sys.exit(f"{len(failed)} of {len(sources)} files are not readable images: {', '.join(failed)}")
    progress(100, f"{len(made)} thumbnails")


main()
