"""Definitions of others' data sets: a small TOML file that names their parts relative to a root folder.

For example::

    source = "who made it, which version"
    licence = "CC BY 4.0"
    form = "voc"                          # yolo, coco, voc, or folders (named by the one thing that each picture shows)
    judges = ["can"]                      # the classes that it boxes completely, by our names
    ignore_below = 0.04                   # things under this share of a picture are unboxed (may be left out)

    [map]                                 # from its classes to ours, "-" leaves one out (may be left out)
    "Tin can" = "can"

    squeezed = true                       # its photos were pressed into squares (may be left out)

    [train]                               # and [val]; at least one of them
    images = "tins/JPEGImages"
    labels = "tins/Annotations"           # a folder, or the .json file of a COCO set
    only = ["shop_*"]                     # patterns of the names of its pictures (may be left out)
    without = ["shop_2_*"]                # those that it leaves out (may be left out)

A YOLO set numbers its classes: ``classes`` lists their names in that order; without it they are ours. ``only`` and
``without`` split a set by scene: pictures of one scene share the beginning of their names.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Final, get_args

from smartcart.datasets.errors import DataError
from smartcart.datasets.real.foreign import Form
from smartcart.models.labels import LABELS

DROPPED: Final = "-"
FORMS: Final[tuple[Form, ...]] = get_args(Form)
PARTS: Final = ("train", "val")
GIVEN: Final = Path(__file__).parents[1] / "definitions"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOf:
    """The places of a part's pictures and labels, relative to the root, and the patterns of its pictures."""

    images: str
    labels: str
    only: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()

    def holds(self, picture: Path) -> bool:
        """True if a picture belongs to the part, by its file's name."""
        name = picture.name
        return any(fnmatchcase(name, one) for one in self.only) and not any(
            fnmatchcase(name, one) for one in self.without
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Somebody else's data set.

    Attributes:
        source: its author.
        licence: its terms.
        form: yolo, coco, voc or folders.
        classes: a YOLO set's names in the order of their numbers.
        renamed: from its names to ours, or to ``-``.
        judges: the classes that it labels completely.
        ignore_below: the share of a picture below which it leaves things unlabelled.
        squeezed: whether its photos were pressed into squares.
        parts: ``train`` and ``val``, or one of them.
    """

    source: str
    licence: str
    form: Form
    classes: tuple[str, ...]
    renamed: dict[str, str]
    judges: tuple[str, ...]
    ignore_below: float
    squeezed: bool
    parts: dict[str, PartOf]


def given() -> list[str]:
    """The names of the definitions shipped with the project."""
    return sorted(path.stem for path in GIVEN.glob("*.toml"))


def read_definition(name: str) -> Definition:
    """Reads a definition: one of ``given()``, or a ``.toml`` file.

    Raises:
        DataError: it does not exist, or is malformed; the message says what is wrong.
    """
    file = GIVEN / f"{name}.toml" if name in given() else Path(name)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{name}: is neither a file nor one of {', '.join(given())}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{file}: is not a TOML file ({error})") from error
    try:
        return _definition(raw)
    except (KeyError, ValueError) as error:
        raise DataError(f"{file}: is not a definition of a data set: {error}") from error


def _definition(raw: Mapping[str, Any]) -> Definition:
    known = {"source", "licence", "form", "classes", "judges", "ignore_below", "squeezed", "map", *PARTS}
    if unknown := sorted(set(raw) - known):
        raise ValueError(f"unknown entry {unknown[0]!r}")
    form = next((known for known in FORMS if known == raw.get("form")), None)
    if form is None:
        raise ValueError(f"'form' must be one of {', '.join(FORMS)}, not {raw.get('form')!r}")
    ignore_below = raw.get("ignore_below", 0.0)
    if not isinstance(ignore_below, int | float) or not 0 <= ignore_below < 1:
        raise ValueError("'ignore_below' must be a share of a picture in [0, 1)")
    if not isinstance(squeezed := raw.get("squeezed", False), bool):
        raise ValueError("'squeezed' must be true or false")
    renamed = raw.get("map", {})
    if not isinstance(renamed, dict) or not set(map(str, renamed.values())) <= {*LABELS, DROPPED}:
        raise ValueError(f"'map' must lead to {', '.join(LABELS)}, or - to leave a class out")
    judges = _words(raw, "judges", ())
    if not set(judges) <= set(LABELS):
        raise ValueError(f"'judges' must be some of {', '.join(LABELS)}")
    parts = {name: _part(name, raw[name]) for name in PARTS if name in raw}
    if not parts:
        raise ValueError("it has neither [train] nor [val]")
    return Definition(
        source=str(raw.get("source", "")),
        licence=str(raw.get("licence", "")),
        form=form,
        classes=_words(raw, "classes", LABELS),
        renamed={str(old): str(new) for old, new in renamed.items()},
        judges=judges,
        ignore_below=float(ignore_below),
        squeezed=squeezed,
        parts=parts,
    )


def _words(raw: Mapping[str, Any], key: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    words = raw.get(key, list(otherwise))
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{key!r} must be a list of strings")
    return tuple(words)


def _part(name: str, raw: object) -> PartOf:
    if not isinstance(raw, dict) or not {"images", "labels"} <= set(raw) <= {"images", "labels", "only", "without"}:
        raise ValueError(f"[{name}] must hold 'images' and 'labels', may hold 'only' and 'without', and nothing else")
    for place in (raw["images"], raw["labels"]):
        if not isinstance(place, str) or PurePosixPath(place).is_absolute() or ".." in PurePosixPath(place).parts:
            raise ValueError(f"[{name}]: {place!r} must be a path below the root")
    return PartOf(
        images=raw["images"],
        labels=raw["labels"],
        only=_words(raw, "only", ("*",)),
        without=_words(raw, "without", ()),
    )
