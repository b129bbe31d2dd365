"""The figures of ``smartcart evaluate`` as text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

FEW_CLIPS: Final = 20
HEADLINES: Final = ("event_accuracy", "recall", "precision")
WORDS: Final = {"cacc": "baskets exact"}


def table(result: Mapping[str, Any]) -> str:
    """One section per group, never a mean over groups."""
    return "\n\n".join(_section(name, figures) for name, figures in result["groups"].items())


def _section(name: str, figures: Mapping[str, Any]) -> str:
    lines = [f"{name}: {figures['clips']} clips, {figures['events']} events"]
    if figures["clips"] <= FEW_CLIPS:
        lines += [_clip_line(clip) for clip in figures["per_clip"]]
    for key in HEADLINES:
        lines.append(_line(key.replace("_", " "), share(figures[key]), between(figures["intervals"][key])))
    lines.append(_line("f1", share(figures["f1"])))
    lines.append(_line("baskets exact", share(figures["cacc"]), between(figures["intervals"]["cacc"])))
    lines.append(_line("left uncertain", number(figures["interventions_per_100"]), "  per 100 events"))
    lines.append(_line("wrong, unmarked", number(figures["wrong_unmarked_per_100"]), "  per 100 events"))
    blamed = ", ".join(f"{room} {n}" for room, n in figures["errors"].items() if n)
    lines.append(_line("errors by room", "", f"  {blamed or 'none'}"))
    return "\n".join(lines + _by_product(figures) + _situations(figures) + _baselines(figures))


def _by_product(figures: Mapping[str, Any]) -> list[str]:
    """The same events, right only under the right product of the gallery."""
    if (told := figures.get("by_product")) is None:
        return []
    lines = ["", f"  by product, {told['clips']} clips, {told['events']} events"]
    lines += [_line(key.replace("_", " "), share(told[key]), between(told["intervals"][key])) for key in HEADLINES]
    lines.append(_line("left uncertain", number(told["interventions_per_100"]), "  per 100 events"))
    lines.append(_line("wrong, unmarked", number(told["wrong_unmarked_per_100"]), "  per 100 events"))
    return lines


def _situations(figures: Mapping[str, Any]) -> list[str]:
    """Event accuracy per situation, beside that of each baseline; a situation without events shows false events."""
    others = figures["baselines"] or {}
    lines = ["", f"  {'situation':16}{'accuracy':>9}  right missed wrong" + "".join(f"{_short(n):>18}" for n in others)]
    for name, row in figures["by_situation"].items():
        cells = "".join(f"{_cell(other['by_situation'].get(name)):>18}" for other in others.values())
        lines.append(f"  {name:16}{share(row['event_accuracy']):>9}  {row['tp']:5} {row['fn']:6} {row['fp']:5}{cells}")
    return lines


def _baselines(figures: Mapping[str, Any]) -> list[str]:
    others = figures["baselines"] or {}
    lines = [""] if others else []
    for name, other in others.items():
        told = f"accuracy {share(other['event_accuracy'])}{between(other['intervals']['event_accuracy'])}"
        told += f", recall {share(other['recall'])}, baskets exact {share(other['cacc'])}"
        lines.append(f"  {name.replace('_', ' '):18}{told}")
    return lines


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    return share(row["event_accuracy"]) if row["tp"] + row["fn"] else f"{row['fp']} wrong"


def _short(name: str) -> str:
    return name.replace("_", " ")


def _line(name: str, value: str, rest: str = "") -> str:
    return f"{name:18}{value:>7}{rest}"


def share(value: float | None) -> str:
    """A share in percent."""
    return "-" if value is None else f"{value:.1%}"


def number(value: float | None) -> str:
    """A number with two decimals."""
    return "-" if value is None else f"{value:.2f}"


def between(interval: Sequence[float] | None) -> str:
    """An interval in percent, in brackets."""
    return "" if interval is None else f"  (95 % interval {interval[0]:.1%} to {interval[1]:.1%})"


def _clip_line(clip: Mapping[str, Any]) -> str:
    basket = "exact" if clip["exact"] else f"{clip['basket']} instead of {clip['expected']}"
    counts = f"{clip['tp']} right, {clip['fn']} missed, {clip['fp']} wrong, {clip['uncertain']} uncertain"
    return f"{clip['clip']}: {counts}; basket {basket}"
