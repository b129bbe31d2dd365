"""Trips without pictures: the same physics and truth as a rendered clip, and boxes from a coarse raster.

An unrendered clip is ``NAME.truth.json`` and ``NAME.frames.jsonl`` without a video. It contains what a perfect detector
would see; a noise model fitted on rendered clips turns that into what a real one sees.
"""

import json
from pathlib import Path
from typing import Any

from smartcart.datasets.errors import SimulatorError
from smartcart.datasets.output.clip import clip_files, clip_name, drafts, ends_as_told, length_s, true_events
from smartcart.datasets.products.products import Split
from smartcart.datasets.scene.unrendered_world import UnrenderedWorld
from smartcart.datasets.scene.visibility import told
from smartcart.datasets.story.play import Moment
from smartcart.models.dataset.truth import write_truth


def write_trip(
    seed: int, split: Split, folder: Path, *, situation: str | None = None, fps: float | None = None
) -> float:
    """Writes the trip of a seed, unless it exists; returns its length in seconds.

    The truth file is written last: if it exists, the trip is complete.

    Raises:
        SimulatorError: no trip of this seed succeeds.
    """
    files = clip_files(folder, clip_name(seed, split, situation))
    there = length_s(files)
    if there is not None:
        return there
    for script in drafts(seed, split, situation=situation, fps=fps):
        lines: list[str] = []

        def watch(world: UnrenderedWorld, moment: Moment, lines: list[str] = lines) -> None:
            lines.append(json.dumps(_line(world, moment), separators=(",", ":")) + "\n")

        play = ends_as_told(script, situation, stage=UnrenderedWorld, watch=watch)
        if play is not None:
            files.frames.write_text("".join(lines), encoding="utf-8")
            write_truth(files.truth, true_events(script, play, files.video.name))
            return len(lines) / script.fps
    raise SimulatorError(f"no trip succeeds for seed {seed}; take another seed")


def _line(world: UnrenderedWorld, moment: Moment) -> dict[str, Any]:
    items, hands = world.sight(moment.shake)
    seen = told(world, items, hands, held=moment.held)
    return {"t": round(moment.t, 4), "weight_g": moment.weight_g, **seen}
