"""The last step of ``scripts/train_all``: chooses the better detector by the photos, and records its origin."""

import argparse
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

CHOICES: Final = ("trained", "mean")


def main() -> int:
    parser = argparse.ArgumentParser(description="Chooses the better detector of a folder of train_all, and says why.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, required=True, help="the budget")
    args = parser.parse_args()
    finish(args.folder, args.hours)
    return 0


def finish(folder: Path, hours: float) -> str:
    """Writes ``eye.onnx``, ``figures.txt`` and ``card.md``; returns the name of the chosen detector."""
    figures = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in CHOICES}
    chosen = max(CHOICES, key=lambda name: right(figures[name]))
    shutil.copyfile(folder / f"{chosen}.onnx", folder / "eye.onnx")
    table = "\n".join(_figures(figures[chosen])) + "\n"
    (folder / "figures.txt").write_text(table, encoding="utf-8")
    made = "\n".join(_made(folder, hours, chosen, figures))
    (folder / "card.md").write_text(f"{made}\n\n{table}", encoding="utf-8")
    return chosen


def right(sets: Mapping[str, Any]) -> float:
    """The share of true boxes found and named correctly, mean over the sets that have boxes of items."""
    shares = [(one["found"] or 0) * (one["named"] or 0) for one in sets.values() if one["boxes"]]
    return sum(shares) / len(shares) if shares else 0.0


def _made(folder: Path, hours: float, chosen: str, figures: Mapping[str, Any]) -> Iterator[str]:
    training = json.loads((folder / "eye" / "record.json").read_text(encoding="utf-8"))
    last = (folder / "recogniser.log").read_text(encoding="utf-8").splitlines()[-1]
    recogniser = json.loads(last)
    words = {"trained": "as trained", "mean": "mean of start (0.4) and end (0.6)"}
    rows = {
        "machine": (folder / "machine.txt").read_text(encoding="utf-8").strip(),
        "made": f"{datetime.now(UTC):%Y-%m-%d}, `scripts/train_all` with a budget of {hours:g} h",
        "detector": f"from {training['start']['file']}, {training['seconds']:.0f} s since it was last taken up, "
        f"losses {training['losses']}, photos {training['fingerprint'][:12]}",
        "learned from": ", ".join(f"{one['set']} {one['photos']}" for one in training["data"]),
        "recogniser": f"{recogniser['pass']} passes, {recogniser['seconds']:.0f} s",
        "found and named right, mean over the sets": ", ".join(f"{n} {right(figures[n]):.3f}" for n in CHOICES),
        "detector chosen": words[chosen],
    }
    yield "| what | how |"
    yield "|---|---|"
    yield from (f"| {name} | {value} |" for name, value in rows.items())


def _figures(sets: Mapping[str, Any]) -> Iterator[str]:
    yield "| photos (`val` parts) | boxes | found | precision | named |"
    yield "|---|---|---|---|---|"
    for name, one in sets.items():
        shares = (one["found"], one["precision"], one["named"])
        yield f"| {name} | {one['boxes']} | " + " | ".join("-" if s is None else f"{s:.3f}" for s in shares) + " |"


if __name__ == "__main__":
    raise SystemExit(main())
