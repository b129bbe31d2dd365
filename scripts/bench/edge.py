"""``smartcart bench edge``: the speed of the cart's process, part by part, and the judge's cost of a full basket."""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smartcart.edge.capture.frames import Frame
    from smartcart.edge.vision.detection import Detection
    from smartcart.edge.vision.detector import OnnxDetector

PARTS: Final = ("decode", "preprocess", "infer", "postprocess", "track", "judge")
CROWD: Final = 15
CROWD_FPS: Final = 15
CROWD_FRAMES: Final = 600
VISIT_FRAMES: Final = 60
STILL_FRAMES: Final = 30
WARM_UP: Final = 10


def add_parser(subjects: "argparse._SubParsersAction[Any]") -> None:
    from smartcart.models.labels import DEFAULT_MODEL
    from smartcart.scripts.require import add_figures_options

    parser = subjects.add_parser(
        "edge",
        help="frames/s of the cart's process against the bare model, and ms a frame of each part",
        description=(
            "Replays a clip at full speed and runs the bare model over the same prepared pictures, in turns; the "
            "median of the runs counts. Then tracks and judges a basket of 15 items with a hand in it half of the "
            "time, and measures the witness of change, per frame and per visit."
        ),
        epilog="Example:  smartcart bench edge --require 'ratio_bare >= 0.7 and crowd_ms <= 1'",
    )
    parser.add_argument("--source", type=Path, metavar="CLIP", help="a video (default: the bundled clip)")
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="ONNX model (default: the shipped one)")
    parser.add_argument("--threads", type=int, default=1, help="ONNX Runtime's (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=150, help="of the clip, per run (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="default: %(default)s")
    add_figures_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.edge.vision.detector import OnnxDetector
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.require import report

    if min(args.runs, args.threads) < 1 or args.frames <= WARM_UP:
        raise CommandError(f"give at least one run and one thread, and more than {WARM_UP} frames")
    detector = OnnxDetector(args.model, threads=args.threads, hand_class=None)
    clip = args.source or _demo_clip()
    figures = against_bare(clip, detector, args.frames, args.runs) | witness_ms(clip, args.frames, args.runs)
    figures |= {"threads": args.threads, "crowd_ms": round(1000 * crowd_seconds(args.runs), 3), "crowd_items": CROWD}
    split = ", ".join(f"{part} {ms}" for part, ms in figures["split_ms"].items())
    text = (
        f"{figures['fps']} frames/s, the bare model {figures['bare_ort_fps']}; ratio {figures['ratio_bare']}\n"
        f"ms a frame: {split}\ntracking and judging {CROWD} items: {figures['crowd_ms']} ms of CPU a frame\n"
        f"witness of change: {figures['witness_frame_ms']} ms of CPU a frame, {figures['witness_visit_ms']} ms a visit"
    )
    return report(figures, args, text)


def against_bare(clip: Path, detector: "OnnxDetector", frames: int, runs: int) -> dict[str, Any]:
    """Frames/s of the whole and of the bare model, from wall time, and the parts in ms a frame.

    Raises:
        SourceError: the clip cannot be read, or is too short.
    """
    rates, bare, splits = [], [], []
    for _ in range(runs):
        seconds, parts = _replay(clip, detector, frames)
        rates.append(1 / seconds)
        splits.append(parts)
        bare.append(1 / _bare(clip, detector, frames))
    fps, bare_fps = statistics.median(rates), statistics.median(bare)
    return {
        "fps": round(fps, 1),
        "bare_ort_fps": round(bare_fps, 1),
        "ratio_bare": round(fps / bare_fps, 3),
        "split_ms": {part: round(1000 * statistics.median(s[part] for s in splits), 3) for part in PARTS},
        "input": list(detector.input_size(*_first_size(clip))),
        "runs": runs,
    }


def _replay(clip: Path, detector: "OnnxDetector", count: int) -> tuple[float, dict[str, float]]:
    """Seconds a frame of the whole, and of each part."""
    from smartcart.edge.judge.judge import Judge
    from smartcart.edge.tracking.tracker import CartTracker
    from smartcart.edge.vision.zone import DEFAULT_ZONE

    tracker, judge = CartTracker(), Judge(DEFAULT_ZONE)
    marks: list[list[float]] = []
    before = time.perf_counter()
    for frame in _frames(clip, count):
        at = [before, time.perf_counter()]
        tensor, letterbox = detector.prepare(frame.image)
        at.append(time.perf_counter())
        output = detector.infer(tensor)
        at.append(time.perf_counter())
        detections = detector.decode(output, letterbox)
        at.append(time.perf_counter())
        tracks = tracker.update(frame.time, detections)
        at.append(time.perf_counter())
        judge.update(frame.time, tracks)
        at.append(before := time.perf_counter())
        marks.append(at)
    kept = marks[WARM_UP:]
    spent = {p: statistics.mean(at[k + 1] - at[k] for at in kept) for k, p in enumerate(PARTS)}
    return (kept[-1][-1] - kept[0][0]) / len(kept), spent


def _bare(clip: Path, detector: "OnnxDetector", count: int) -> float:
    """Seconds a frame of the model alone, on pictures prepared beforehand."""
    tensors = [detector.prepare(frame.image)[0] for frame in _frames(clip, count)]
    for tensor in tensors[:WARM_UP]:
        detector.infer(tensor)
    start = time.perf_counter()
    for tensor in tensors[WARM_UP:]:
        detector.infer(tensor)
    return (time.perf_counter() - start) / (len(tensors) - WARM_UP)


def _demo_clip() -> Path:
    return Path(str(resources.files("smartcart.datasets") / "demo" / "demo.mp4"))


def _frames(clip: Path, count: int) -> "Iterator[Frame]":
    from smartcart.edge.capture.sources import open_source

    return islice(open_source(str(clip)), count)


def _first_size(clip: Path) -> tuple[int, int]:
    height, width = next(iter(_frames(clip, 1))).image.shape[:2]
    return width, height


def crowd_seconds(runs: int) -> float:
    """CPU seconds a frame of tracker and judge with 15 items in the basket; the median of the runs."""
    from smartcart.edge.judge.judge import Judge
    from smartcart.edge.tracking.tracker import CartTracker
    from smartcart.edge.vision.zone import DEFAULT_ZONE

    frames = crowd()
    spent = []
    for _ in range(runs):
        tracker, judge = CartTracker(), Judge(DEFAULT_ZONE)
        start = time.process_time()
        for number, seen in enumerate(frames):
            judge.update(number / CROWD_FPS, tracker.update(number / CROWD_FPS, seen))
        spent.append((time.process_time() - start) / len(frames))
    return statistics.median(spent)


def witness_ms(clip: Path, count: int, runs: int) -> dict[str, float]:
    """CPU time in ms of the witness of change, the median of the runs.

    Per frame: the mean over the clip's frames. Per visit: its begin and its end, with the clip's first picture still
        before it and the last one after it, and hands everywhere.
    """
    from smartcart.edge.capture.frames import Frame
    from smartcart.edge.judge.witness import ChangeWitness
    from smartcart.edge.vision.detection import Box
    from smartcart.edge.vision.zone import DEFAULT_ZONE

    frames = list(_frames(clip, count))
    of_frame, of_visit = [], []
    for _ in range(runs):
        witness = ChangeWitness(DEFAULT_ZONE)
        start = time.process_time()
        for frame in frames:
            witness.see(frame)
        of_frame.append((time.process_time() - start) / len(frames))
        witness, spent = ChangeWitness(DEFAULT_ZONE), 0.0
        for number in range(2 * STILL_FRAMES):
            shown = frames[0 if number < STILL_FRAMES else -1]
            now = number / CROWD_FPS
            witness.see(Frame(image=shown.image, index=number, time=now))
            start = time.process_time()
            if number == STILL_FRAMES - 1:
                witness.began(now)
            if number == 2 * STILL_FRAMES - 1:
                witness.change(STILL_FRAMES / CROWD_FPS, now, [Box(0, 0, 1, 1)])
            spent += time.process_time() - start
        of_visit.append(spent)
    figures = {"witness_frame_ms": of_frame, "witness_visit_ms": of_visit}
    return {name: round(1000 * statistics.median(seconds), 3) for name, seconds in figures.items()}


def crowd() -> "list[Sequence[Detection]]":
    """The detections of a basket with 15 items, into which a hand reaches every eight seconds for four."""
    from smartcart.edge.vision.detection import Box, Detection
    from smartcart.models.labels import HAND, ITEMS

    places = [(0.1 + 0.16 * (k % 5), 0.2 + 0.24 * (k // 5)) for k in range(CROWD)]
    boxes = [Box(x, y, x + 0.12, y + 0.2) for x, y in places]
    items = [Detection(label=label, confidence=0.8, box=b) for label, b in zip(ITEMS, boxes, strict=False)]
    seen: list[Sequence[Detection]] = []
    for number in range(CROWD_FRAMES):
        way = abs(number % (2 * VISIT_FRAMES) - VISIT_FRAMES) / VISIT_FRAMES
        depth = max(0.0, 0.9 - 1.8 * way)
        hand = Detection(label=HAND, confidence=0.8, box=Box(0.4, 0.0, 0.6, depth))
        seen.append([*items, hand] if depth > 0.05 else items)
    return seen
