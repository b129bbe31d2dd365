"""Drawn surfaces: label art, fruit skin, metal, cloth, floors and shelves, as RGB pictures (h, w, 3) uint8."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from smartcart.datasets.products import barcode
from smartcart.datasets.products.barcode import ean13

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
SYLLABLES: Final = (
    "al ba bel bri ca cor da del do fa fi fre ga go ha jo ka la li lo lu ma mi mo na no ol pa pri qui ra re ri ro "
    "sa sol su ta ti to va ve vi vo wa yo za zi"
)
FLAVOURS: Final = (
    "original",
    "classic",
    "family size",
    "organic",
    "light",
    "extra fine",
    "no sugar",
    "traditional",
    "strawberry",
    "vanilla",
    "with herbs",
    "wholegrain",
    "fresh",
    "mild",
)


def brand(rng: np.random.Generator) -> str:
    """An invented brand word."""
    return "".join(rng.choice(SYLLABLES.split(), size=int(rng.integers(2, 4)))).upper()


def vivid(rng: np.random.Generator, *, dark: bool = False) -> Colour:
    """A colour that a maker would print on a pack."""
    hue, saturation = float(rng.uniform(0, 180)), float(rng.uniform(150, 255))
    value = float(rng.uniform(60, 150) if dark else rng.uniform(150, 255))
    red, green, blue = cv2.cvtColor(np.array([[[hue, saturation, value]]], np.uint8), cv2.COLOR_HSV2RGB)[0, 0]
    return int(red), int(green), int(blue)


def pale(rng: np.random.Generator) -> Colour:
    """White, cream or a light tint."""
    tint = rng.uniform(0.86, 1.0, 3) * rng.uniform(235, 255)
    return int(tint[0]), int(tint[1]), int(tint[2])


def grain(rng: np.random.Generator, height: int, width: int, cell: int, strength: float) -> NDArray[np.float32]:
    """Smooth noise (h, w) whose features are ``cell`` pixels wide."""
    small = rng.normal(0, strength, (max(2, height // cell), max(2, width // cell))).astype(np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _text(draw: ImageDraw.ImageDraw, x: float, y: float, words: str, width: float, height: float, ink: Colour) -> None:
    """Words centred at a point, as large as the given width and height allow."""
    size = max(6.0, min(height, 1.75 * width / max(len(words), 1)))
    font = ImageFont.load_default(size)
    draw.text((x, y), words, font=font, fill=ink, anchor="mm", stroke_width=int(size > 22), stroke_fill=ink)


def _motif(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, size: float, ink: Colour) -> None:
    """A picture of the contents: a heap of rounds, a fruit with leaves, a sun or a wave."""
    kind = int(rng.integers(4))
    if kind == 0:
        for _ in range(26):
            dx, dy, r = rng.normal(0, size * 0.3), rng.normal(0, size * 0.18), rng.uniform(0.08, 0.17) * size
            shade = tuple(int(np.clip(c + rng.normal(0, 35), 0, 255)) for c in ink)
            draw.ellipse([x + dx - r, y + dy - r, x + dx + r, y + dy + r], fill=shade, outline=(90, 60, 30))
    elif kind == 1:
        draw.ellipse([x - size / 2, y - size / 2, x + size / 2, y + size / 2], fill=ink)
        draw.ellipse([x - size * 0.3, y - size * 0.38, x - size * 0.1, y - size * 0.2], fill=(255, 245, 235))
        draw.ellipse([x, y - size * 0.72, x + size * 0.45, y - size * 0.48], fill=(60, 140, 50))
    elif kind == 2:
        for angle in np.linspace(0, 2 * np.pi, 13):
            end = x + size * 0.6 * np.cos(angle), y + size * 0.6 * np.sin(angle)
            draw.line([(x, y), end], fill=ink, width=max(2, int(size * 0.07)))
        draw.ellipse([x - size * 0.33, y - size * 0.33, x + size * 0.33, y + size * 0.33], fill=ink)
    else:
        for k in range(3):
            top = y - size * 0.35 + k * size * 0.27
            points = [(x + size * (s - 0.5), top + size * 0.09 * np.sin(9 * s + k)) for s in np.linspace(0, 1, 24)]
            draw.line(points, fill=ink, width=max(3, int(size * 0.11)))


def _facts(draw: ImageDraw.ImageDraw, rng: np.random.Generator, left: float, top: float, w: float, h: float) -> str:
    """A nutrition table; returns the number for the bar code under it."""
    draw.rectangle([left, top, left + w, top + h * 0.55], fill=(250, 250, 248), outline=(30, 30, 30))
    font = ImageFont.load_default(max(6.0, h * 0.06))
    for k, word in enumerate(("Energy", "Fat", "Sugar", "Salt", "Protein", "Fibre")):
        y = top + h * (0.03 + 0.085 * k)
        draw.text((left + w * 0.05, y), word, font=font, fill=(20, 20, 20))
        draw.text((left + w * 0.7, y), f"{rng.uniform(0, 40):.1f}", font=font, fill=(20, 20, 20))
        draw.line([left, y - 1, left + w, y - 1], fill=(120, 120, 120))
    return ean13(_article(rng, left, w))


def _article(rng: np.random.Generator, left: float, w: float) -> int:
    """A number of steps of 1 to 3, drawn until they fill a width; every label's art depends on how many are drawn."""
    number, x, unit = 0, left + w * 0.1, max(1.0, w / 120)
    while x < left + w * 0.88:
        bar, gap = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        number = (number * 9 + 3 * (bar - 1) + gap - 1) % 10**12
        x += bar * unit + gap * unit
    return number


def front(rng: np.random.Generator, width: int, height: int, paper: Colour, ink: Colour, accent: Colour) -> Picture:
    """The face of a pack: brand, flavour, picture and weight on a background that shades downwards."""
    shade = np.linspace(1.0, rng.uniform(0.6, 1.0), height)[:, None, None]
    image = Image.fromarray((np.array(paper) * np.broadcast_to(shade, (height, width, 3))).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    w, h = float(width), float(height)
    if rng.random() < 0.5:
        lean = rng.uniform(-0.2, 0.2) * h
        draw.polygon([(0, h * 0.55), (w, h * 0.55 + lean), (w, h), (0, h)], fill=accent)
    _motif(draw, rng, w / 2, h * 0.68, min(w, h) * rng.uniform(0.4, 0.62), vivid(rng))
    if rng.random() < 0.6:
        draw.rounded_rectangle([w * 0.06, h * 0.08, w * 0.94, h * 0.3], radius=w * 0.07, fill=ink)
        _text(draw, w / 2, h * 0.19, brand(rng), w * 0.82, h * 0.16, paper)
    else:
        _text(draw, w / 2, h * 0.19, brand(rng), w * 0.9, h * 0.19, ink)
    _text(draw, w / 2, h * 0.38, str(rng.choice(FLAVOURS)), w * 0.7, h * 0.08, ink)
    _text(draw, w * 0.8, h * 0.94, str(rng.choice(["250 g", "500 g", "1 kg", "330 ml", "1 L"])), w * 0.3, h * 0.06, ink)
    return np.asarray(image)


def back(rng: np.random.Generator, width: int, height: int, paper: Colour, ink: Colour) -> Picture:
    """The reverse of a pack: small print, nutrition table, bar code."""
    sheet, number = _reverse(rng, width, height, paper, ink)
    _code(sheet, number, width // 2, width)
    return sheet


def _reverse(rng: np.random.Generator, width: int, height: int, paper: Colour, ink: Colour) -> tuple[Picture, str]:
    """The reverse without its bar code, and the bar code's number."""
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    w, h = float(width), float(height)
    _text(draw, w / 2, h * 0.1, brand(rng), w * 0.8, h * 0.12, ink)
    for k in range(7):
        draw.line([w * 0.1, h * (0.2 + 0.025 * k), w * rng.uniform(0.6, 0.9), h * (0.2 + 0.025 * k)], fill=ink)
    number = _facts(draw, rng, w * 0.12, h * 0.42, w * 0.76, h * 0.52)
    return np.array(image), number


def _code(sheet: Picture, number: str, middle: int, room: int) -> None:
    """Prints the bar code if a reverse has room for it."""
    top, end = round(len(sheet) * 0.7424), round(len(sheet) * 0.94)
    barcode.paint(sheet, number, middle=middle, top=top, height=end - top, room=room)


def atlas(rng: np.random.Generator, cell: int, paper: Colour, ink: Colour, accent: Colour) -> Picture:
    """The 3 x 2 atlas of a box: front, back, left / right, top, bottom."""
    face = front(rng, cell, cell, paper, ink, accent)
    reverses = [_reverse(rng, cell, cell, paper, ink) for _ in range(2)]
    sides = [sheet for sheet, _ in reverses]
    for side in sides:
        _code(side, reverses[0][1], cell // 2, cell)
    lid = Image.new("RGB", (cell, cell), accent if rng.random() < 0.4 else paper)
    _text(ImageDraw.Draw(lid), cell / 2, cell / 2, brand(rng), cell * 0.8, cell * 0.3, ink)
    bottom = np.full((cell, cell, 3), paper, np.uint8)
    sheet = np.vstack([np.hstack([face, face, sides[0]]), np.hstack([sides[1], np.asarray(lid), bottom])])
    return _printed(rng, sheet)


def wrap(rng: np.random.Generator, width: int, height: int, paper: Colour, ink: Colour, accent: Colour) -> Picture:
    """A label that goes once around a bottle or can: two faces with small print between them."""
    panel = width * 3 // 10
    faces = [front(rng, panel, height, paper, ink, accent) for _ in range(2)]
    gap = width // 2 - panel
    small, number = _reverse(rng, gap, height, paper, ink)
    sheet = np.hstack([faces[0], small, faces[1], small])[:, :width]
    for middle in (panel + gap // 2, 2 * panel + gap + gap // 2):
        _code(sheet, number, middle, gap)
    return _printed(rng, sheet)


def bands(label: Picture, below: Colour, above: Colour, start: float, end: float) -> Picture:
    """A whole surface: the label between two heights (shares of the texture), plain colours under and over it."""
    rows, width = label.shape[:2]
    height = max(8, round(rows / (end - start)))
    sheet = np.empty((height, width, 3), np.uint8)
    top = round(height * (1 - end))
    sheet[:top], sheet[top:] = above, below
    sheet[top : top + rows] = label[: height - top]
    return sheet


def turned(sheet: Picture, share: float) -> Picture:
    """A surface whose upper ``share`` shows the rings of a pressed metal lid."""
    rows = int(len(sheet) * share)
    rings = 0.86 + 0.14 * np.sin(np.linspace(0, 17, rows)) - 0.2 * (np.linspace(0, 1, rows) > 0.86)
    out = sheet.copy()
    out[:rows] = np.clip(sheet[:rows] * rings[:, None, None], 0, 255)
    return out


def skin(rng: np.random.Generator, base: Colour, other: Colour, *, specks: int, ends: Colour | None = None) -> Picture:
    """The skin of a fruit: two colours that run into each other, specks, and darker ends."""
    height, width = 192, 256
    mix = np.clip(0.4 + grain(rng, height, width, 48, 0.35) + grain(rng, height, width, 10, 0.1), 0, 1)[..., None]
    sheet = np.ascontiguousarray(np.array(base) * (1 - mix) + np.array(other) * mix)
    for _ in range(specks):
        spot = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(sheet, spot, int(rng.integers(1, 3)), tuple(0.85 * v + 30 for v in other), -1)
    if ends is not None:
        sheet[: height // 20], sheet[-height // 20 :] = ends, ends
    return np.asarray(np.clip(sheet, 0, 255), np.uint8)


def tone(rng: np.random.Generator, colour: Colour, *, fine: float = 3.0, coarse: float = 8.0) -> Picture:
    """One colour with the unevenness of cloth, skin or painted metal."""
    noise = grain(rng, 256, 256, 3, fine) + grain(rng, 256, 256, 48, coarse)
    return np.asarray(np.clip(np.array(colour) + noise[..., None], 0, 255), np.uint8)


def _printed(rng: np.random.Generator, sheet: Picture) -> Picture:
    noise = grain(rng, sheet.shape[0], sheet.shape[1], 3, 2.5)
    return np.asarray(np.clip(sheet + noise[..., None], 0, 255), np.uint8)
