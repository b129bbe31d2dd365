"""``smartcart replay``: the edge pipeline over recorded video, at full speed."""

import argparse
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

HELP = "run the edge over a recorded clip and print every decision as a JSON line"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from smartcart.scripts.pipeline_options import add_eye_options

    parser = commands.add_parser(
        "replay",
        help=HELP,
        description=HELP,
        epilog="Example:  smartcart replay visit.mp4 --zone cart.toml --save-video seen.webm",
    )
    parser.add_argument("clip", help="video file or folder of pictures")
    add_eye_options(parser)
    parser.add_argument("--save-video", type=Path, metavar="OUT.webm", help="write the annotated clip (.webm or .mp4)")
    parser.add_argument("--save-detections", type=Path, metavar="OUT.jsonl", help="write a file for --detections")
    parser.add_argument("--json", action="store_true", help="end with one JSON object of frames, seconds, fps, basket")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.edge.capture.sources import open_source
    from smartcart.edge.vision.recorded import DetectionRecorder
    from smartcart.scripts.pipeline import build_pipeline, open_detector, open_namer, open_zone
    from smartcart.scripts.progress import progress
    from smartcart.scripts.video_out import VideoWriter

    frames = open_source(args.clip)
    started, media, count = time.monotonic(), 0.0, 0
    basket: Counter[str] = Counter()
    zone = open_zone(args.zone)
    pipeline = build_pipeline(open_detector(args, zone), zone, open_namer(args))
    with contextlib.ExitStack() as stack:
        stack.callback(frames.close)
        record = stack.enter_context(DetectionRecorder(args.save_detections)) if args.save_detections else None
        video = (
            stack.enter_context(VideoWriter(args.save_video, frames, zone, pipeline.judge)) if args.save_video else None
        )
        for step in pipeline.run(progress(frames, total=frames.frame_count or None, unit="frame")):
            count, media = step.frame.index + 1, step.frame.time
            if record and step.detections:
                record.write(step.frame, step.detections)
            if video:
                video.write(step)
            for decision in step.decisions:
                print(json.dumps(decision.to_json()), flush=True)
                tally(basket, [(str(decision.type), decision.sku or decision.label)])
    seconds = time.monotonic() - started
    summary = {
        "frames": count,
        "seconds": round(seconds, 3),
        "media_seconds": round(media, 3),
        "fps": round(count / seconds, 2),
        "basket": {label: n for label, n in sorted(basket.items()) if n},
    }
    if args.json:
        print(json.dumps(summary))
    else:
        print(
            f"{count} frames in {seconds:.1f} s ({count / seconds:.0f}/s); basket {summary['basket']}", file=sys.stderr
        )
    return 0


def tally(basket: Counter[str], changes: Sequence[tuple[str, str | None]]) -> None:
    """Counts decided changes; removing what is not there leaves zero."""
    for kind, label in changes:
        if label and kind == "item_added":
            basket[label] += 1
        elif label and kind == "item_removed":
            basket[label] = max(0, basket[label] - 1)
