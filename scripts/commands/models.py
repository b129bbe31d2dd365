"""``smartcart models``: train, average, export and evaluate the detector; train the recogniser."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcart.scripts.models.average import add_average
from smartcart.scripts.models.embedding import add_embedding
from smartcart.scripts.models.evaluate import add_evaluate
from smartcart.scripts.models.names import add_names
from smartcart.scripts.models.quantize import add_quantize
from smartcart.scripts.models.recogniser import add_recogniser
from smartcart.scripts.models.shrink import add_shrink
from smartcart.scripts.models.worth import add_worth
from smartcart.scripts.shared_scenes_option import add_shared_scenes

if TYPE_CHECKING:
    from smartcart.models.training.recipe import Recipe


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = commands.add_parser("models", help="train, export and evaluate the model that sees items and hands")
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    _add_train(actions)
    add_average(actions)
    _add_export(actions)
    add_quantize(actions)
    add_shrink(actions)
    add_names(actions)
    add_recogniser(actions)
    add_embedding(actions)
    add_evaluate(actions)
    add_worth(actions)


def _add_train(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "train",
        help='fine-tune a YOLO (needs: pip install "smartcart[train]")',
        epilog="Examples:  smartcart models train --data mine.yaml --weights smartcart-eye.onnx --out runs/mine\n"
        "           smartcart models train --data mine.yaml --weights yolo11n.pt --out runs/mine --epochs 30",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="YAML", help="data sets; joined by name")
    parser.add_argument(
        "--weights", type=Path, help="start: .pt, .safetensors or an exported .onnx; omitted: from scratch"
    )
    parser.add_argument("--network", default="yolo11n.yaml", help="for a start without a .pt (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("runs/eye"), help="folder of the run (default %(default)s)")
    parser.add_argument("--resume", action="store_true", help="continue the interrupted training in --out")
    parser.add_argument("--epochs", type=int, default=30, help="(default %(default)s)")
    parser.add_argument("--hours", type=float, help="a time budget that decides the number of epochs instead")
    parser.add_argument("--image-size", type=int, default=320, help="side in pixels (default %(default)s)")
    parser.add_argument(
        "--freeze", type=int, default=0, help="number of first layers that are not trained (default %(default)s)"
    )
    parser.add_argument("--backbone-rate", type=float, default=0.3, help="its share of the learning rate (default 0.3)")
    parser.add_argument("--batch", type=int, default=16, help="photos per step (default %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="at the start (default %(default)s)")
    parser.add_argument("--strong", action="store_true", help="vary photos more: for tens of epochs, as on a GPU")
    parser.add_argument("--close-mosaic", type=int, default=5, help="last epochs on whole photos (default %(default)s)")
    parser.add_argument("--bf16", action="store_true", help="16-bit floats: faster on processors that have them")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--threads", type=int, help="of PyTorch (default: one a processor)")
    add_shared_scenes(parser)
    parser.add_argument("--json", action="store_true", help="print the record as one JSON object")
    parser.set_defaults(run=_run_train)


def _add_export(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "export",
        help='write a checkpoint as ONNX (needs: pip install "smartcart[train]")',
        epilog="Example:  smartcart models export --weights runs/mine/weights/last.pt --out models/mine.onnx",
    )
    parser.add_argument("--weights", type=Path, required=True, help="the .pt of a training")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx to write")
    parser.add_argument("--size", type=_size, default=(416, 320), help="default WIDTHxHEIGHT (default 416x320)")
    parser.add_argument(
        "--source", action="append", default=[], help="a training data set with author and licence; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=_run_export)


def _run_train(args: argparse.Namespace) -> int:
    from smartcart.models.training.training import resume, train
    from smartcart.scripts.main import CommandError

    if bool(args.data) == args.resume:
        raise CommandError("give either --data, to start a training, or --resume, to continue the one in --out")
    if args.resume:
        record = resume(args.out)
    else:
        options = {"weights": args.weights, "shared_scenes": args.shared_scenes}
        record = train(args.data, out=args.out, recipe=_recipe(args), **options)
    print(json.dumps(record) if args.json else f"{args.out}: {record['seconds']:.0f} s, losses {record['losses']}")
    return 0


def _recipe(args: argparse.Namespace) -> "Recipe":
    from smartcart.models.training.recipe import Recipe

    chosen = (
        "network",
        "epochs",
        "hours",
        "image_size",
        "freeze",
        "backbone_rate",
        "batch",
        "learning_rate",
        "strong",
        "close_mosaic",
        "bf16",
        "seed",
    )
    settings = {name: getattr(args, name) for name in chosen}
    return Recipe(**settings | ({"threads": args.threads} if args.threads else {}))


def _run_export(args: argparse.Namespace) -> int:
    from smartcart.models.export.detector import export

    done = export(args.weights, out=args.out, size=args.size, sources=args.source)
    figures = {"file": str(done.file), "megabytes": round(done.megabytes, 2)}
    figures |= {"pixels_off": done.pixels_off, "score_off": done.score_off, "metadata": dict(done.metadata)}
    if args.json:
        print(json.dumps(figures))
    else:
        print(f"{done.file}: {done.megabytes:.1f} MB; differs from PyTorch by {done.pixels_off:.4f} pixels at most")
    return 0


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, e.g. 416x320")
    return int(width), int(height)
