"""``smartcart models embedding``: trains the model that distinguishes products; ``--evaluate`` measures one."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def add_embedding(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "embedding",
        help='train the model that distinguishes products by their looks (needs: pip install "smartcart[train]")',
        description="Learns from rendered products (`smartcart datasets views`) and real crops to distinguish "
        "products that it has never seen; writes ONNX. With --evaluate it measures a file on folders "
        "of real pictures instead.",
        epilog="Example:  smartcart models embedding --views out/views --kept out/kept --data my.yaml --out my.onnx\n"
        "          smartcart models embedding --evaluate my.onnx --enrol photos/train --ask photos/test",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--views", type=Path, nargs="+", default=[], metavar="FOLDER", help="products for training")
    parser.add_argument(
        "--kept", type=Path, nargs="+", default=[], metavar="FOLDER", help="products that choose the candidate"
    )
    parser.add_argument(
        "--products", type=Path, metavar="FOLDER", help="photos of real products, one folder per product"
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="YAML", help="real pictures with boxes")
    parser.add_argument("--weights", type=Path, help="of EfficientNet-Lite0 (default: ImageNet's)")
    parser.add_argument("--out", type=Path, help="the .onnx to write")
    parser.add_argument("--steps", type=int, default=100, help="of each loss (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument(
        "--source", action="append", default=[], help="a training data set with author and licence; repeatable"
    )
    parser.add_argument("--evaluate", type=Path, metavar="ONNX", help="measure this file")
    parser.add_argument("--enrol", type=Path, metavar="FOLDER", help="pictures that enrol, one folder per product")
    parser.add_argument("--ask", type=Path, metavar="FOLDER", help="pictures that ask, in folders of the same names")
    parser.add_argument(
        "--in-carts", action="store_true", help="ask with pictures as a cart's camera sees them: far, in other light"
    )
    parser.add_argument("--confusions", type=Path, metavar="JPG", help="draw the most frequent confusions")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.set_defaults(run=run_embedding)


def run_embedding(args: argparse.Namespace) -> int:
    from smartcart.scripts.main import CommandError

    if args.evaluate:
        return _evaluate(args)
    if not (args.views and args.kept and args.data and args.out):
        raise CommandError("give --views, --kept, --data and --out to train, or --evaluate with --enrol and --ask")
    record = _train(args)
    if args.json:
        print(json.dumps(record))
        return 0
    for name, figures in record["candidates"].items():
        for kind, figure in figures.items():
            mark = "*" if (name, kind) == (record["chosen"], record["by"]) else " "
            print(f"{mark} {name}, {kind} products: {_words(figure)}")
    print(f"{args.out}: {record['chosen']}, {record['products']} products, {record['seconds']:.0f} s")
    return 0


def _train(args: argparse.Namespace) -> "Mapping[str, Any]":
    from smartcart.models.embedding.training import EmbeddingRecipe, train_embedding
    from smartcart.scripts.models.embedding_pictures import product_photos

    recipe = EmbeddingRecipe(steps=args.steps, seed=args.seed)
    photos = product_photos(args.products) if args.products else None
    return train_embedding(
        args.data,
        views=args.views,
        kept=args.kept,
        out=args.out,
        recipe=recipe,
        photos=photos,
        weights=args.weights,
        sources=args.source,
    )


def _evaluate(args: argparse.Namespace) -> int:
    from smartcart.edge.gallery.embedder import OnnxEmbedder
    from smartcart.models.embedding.figures import SimilarityReading, told
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.models.embedding_pictures import confusions, embedded_pair, rows_as_enrolled, rows_in_carts

    if not (args.enrol and args.ask):
        raise CommandError("--evaluate needs --enrol FOLDER and --ask FOLDER, each with a folder a product")
    pair = embedded_pair(args.evaluate, args.enrol, args.ask)
    embedding = OnnxEmbedder(args.evaluate).embedding
    reading = SimilarityReading(like=embedding.like, sharpness=embedding.sharpness)
    enrolled = {"as shown": pair.enrolled, "as the edge does": rows_as_enrolled(args.evaluate, pair.crops[0])}
    asking = rows_in_carts(args.evaluate, pair.crops[1]) if args.in_carts else pair.asking
    figures = [
        {"enrolled": how, **told(rows, pair.of, asking, pair.truth, shots=shots, reading=reading).to_json()}
        for how, rows in enrolled.items()
        for shots in (5, 10)
    ]
    if args.confusions:
        confusions(pair, args.confusions)
    if args.json:
        print(json.dumps({"file": str(args.evaluate), "figures": figures}))
        return 0
    for figure in figures:
        print(
            f"{figure['shots']} pictures enrol {figure['enrolled']}, {figure['asked']} ask, "
            f"{figure['products']} products: {_words(figure)}"
        )
    return 0


def _words(figure: "Mapping[str, Any]") -> str:
    right = figure["accepted_and_right"]
    return f"top-1 {figure['top1']:.3f}, top-5 {figure['top5']:.3f}, accepted and right at 5 % false {right:.3f}"
