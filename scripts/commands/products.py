"""``smartcart products``: enrols a store's products, so that carts recognise them by their looks."""

import argparse
import contextlib
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smartcart.edge.capture.frames import FrameSource
    from smartcart.edge.gallery.embedder import OnnxEmbedder
    from smartcart.edge.gallery.enrolment import Enrolment, Seen
    from smartcart.edge.gallery.gallery_file import Enrolled, Gallery
    from smartcart.edge.vision.detector import OnnxDetector
    from smartcart.scripts.products.server import GalleryServer

HELP = "enrol products by their looks, without training; list and remove them"
SECONDS = 30.0


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = commands.add_parser("products", help=HELP, description=HELP)
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    enroll = actions.add_parser(
        "enroll",
        help="enrol a product from a camera, a clip or a folder of pictures",
        description="Takes 20 to 40 sharp, varied views of one product, and names similar products. Turn it by "
        "hand before the camera for half a minute; in a folder, each picture shows the product.",
        epilog="Example:  smartcart products enroll MILK-1 --name 'Milk 1 l' --source 0 --gallery store.gallery\n"
        "          smartcart products enroll MILK-1 --source pictures/ --server http://127.0.0.1:8000 --token FILE",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    enroll.add_argument("sku", help="the product's SKU or GTIN in the catalogue")
    enroll.add_argument("--name", help="its name (default: its SKU)")
    enroll.add_argument("--source", required=True, help="camera number, video, stream, or folder of pictures")
    enroll.add_argument("--seconds", type=float, default=SECONDS, help="maximum duration (default: %(default)s)")
    enroll.add_argument("--json", action="store_true", help="print the result as one JSON object")
    _add_models(enroll)
    _add_camera(enroll)
    _add_where(enroll)
    enroll.set_defaults(run=_enroll)
    every = actions.add_parser(
        "enroll-all",
        help="enrol a folder of products, each a folder of pictures named by its SKU",
        description="Each folder in FOLDER is a product, named by its SKU; its pictures show it alone. A product "
        "with too few usable pictures is skipped and listed at the end.",
        epilog="Example:  smartcart products enroll-all product-pictures --gallery store.gallery",
    )
    every.add_argument("folder", type=Path, metavar="FOLDER", help="a folder with one folder per product")
    _add_models(every)
    _add_where(every)
    every.set_defaults(run=_enroll_all)
    pictures = actions.add_parser(
        "enroll-catalogue",
        help="begin with the pictures of a server's catalogue",
        description="Enrols every product that is sold, has a picture in the server's catalogue and is not enrolled "
        "yet. One picture is enough to suggest a product in the queue and too little to decide by its looks: teach it, "
        "or settle some of it in the queue of a server with --learn.",
        epilog="Example:  smartcart products enroll-catalogue --server http://127.0.0.1:8000 --token token.txt",
    )
    _add_models(pictures)
    _add_store(pictures)
    _add_server(pictures, required=True)
    _add_token(pictures)
    pictures.set_defaults(run=_enroll_catalogue, gallery=None)
    listed = actions.add_parser("list", help="which products are enrolled")
    _add_where(listed)
    listed.set_defaults(run=_list)
    remove = actions.add_parser("remove", help="remove a product; nothing of it stays in the gallery")
    remove.add_argument("sku", help="its SKU")
    _add_where(remove)
    remove.set_defaults(run=_remove)


def _add_models(parser: argparse.ArgumentParser) -> None:
    from smartcart.models.labels import DEFAULT_MODEL

    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="the detector (default: the shipped one)")
    parser.add_argument("--embedding", type=Path, metavar="FILE", help="default: the shipped one")
    parser.add_argument("--threads", type=int, default=1, help="ONNX Runtime threads (default: 1)")


def _add_camera(parser: argparse.ArgumentParser) -> None:
    from smartcart.scripts.pipeline_options import add_camera_options, frame_rate

    parser.add_argument("--fps", type=frame_rate, help="request this many frames a second from a webcam")
    add_camera_options(parser)


def _add_where(parser: argparse.ArgumentParser) -> None:
    _add_store(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--gallery", type=Path, metavar="FILE", help="a gallery on this machine; made if not there")
    _add_server(where)
    _add_token(parser)


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", default="store-1", help="the store's name (default: store-1)")


def _add_server(to: "argparse._ActionsContainer", *, required: bool = False) -> None:
    to.add_argument(
        "--server", metavar="URL", required=required, help="the store's server, which gives it to its carts"
    )


def _add_token(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--token", type=Path, metavar="FILE", help="a file with an API token of the server")


def _enroll(args: argparse.Namespace) -> int:
    from smartcart.edge.capture.sources import open_source
    from smartcart.edge.gallery.enrolment import Enrolment
    from smartcart.edge.gallery.nearest import nearest
    from smartcart.edge.gallery.search import Index
    from smartcart.scripts.pipeline import camera_mode

    embedder, detector = _opened_models(args)
    gallery = _begun(args, embedder)
    is_folder = Path(args.source).is_dir()
    seconds = math.inf if is_folder else args.seconds
    enrolment = Enrolment(embedder, whole_pictures=is_folder)
    frames = open_source(args.source, mode=camera_mode(args))
    _watch(enrolment, detector, frames, seconds=seconds, says=None if args.json else _say)
    product = enrolment.enrolled(args.sku, args.name or args.sku)
    near = nearest(Index(gallery), product)
    again = any(known.sku == args.sku for known in gallery.products)
    version = _keep(args, gallery, product)
    if args.json:
        seen = {word: n for word, n in enrolment.seen.items() if n}
        close = [[r.sku, r.similarity, r.too_close] for r in near]
        print(json.dumps({"sku": args.sku, "views": enrolment.views, "seen": seen, "near": close, "version": version}))
        return 0
    print(f"{product.name} ({product.sku}): {enrolment.views} views, gallery version {version}"
          + ("; it replaces what was enrolled under this SKU before" if again else ""))  # fmt: skip
    for other in near:
        print(f"  {other.advice}")
    return 0


def _enroll_all(args: argparse.Namespace) -> int:
    """Enrols all usable products, one version each; exit status 1 if some were skipped."""
    from smartcart.edge.capture.sources import open_source
    from smartcart.edge.gallery.enrolment import Enrolment
    from smartcart.edge.gallery.gallery_file import GalleryError
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.progress import progress

    folders = sorted(one for one in args.folder.iterdir() if one.is_dir()) if args.folder.is_dir() else []
    if not folders:
        raise CommandError(f"{args.folder}: contains no folders; give a folder with one folder of pictures per product")
    embedder, detector = _opened_models(args)
    gallery = _begun(args, embedder)
    left_out = []
    for folder in progress(folders, total=len(folders), unit="product"):
        enrolment = Enrolment(embedder, whole_pictures=True)
        _watch(enrolment, detector, open_source(str(folder)))
        try:
            product = enrolment.enrolled(folder.name, folder.name)
        except GalleryError as error:
            left_out.append(str(error))
            continue
        _keep(args, gallery, product)
        gallery = gallery.with_product(product)
    return _told(len(folders), left_out, "are enrolled")


def _enroll_catalogue(args: argparse.Namespace) -> int:
    """Enrols what is not enrolled yet, one version a product; exit status 1 where some were left out."""
    from smartcart.edge.gallery.gallery_file import GalleryError
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.products.from_catalogue import known_from_picture
    from smartcart.scripts.progress import progress

    server = _server(args)
    pictured = server.pictured()
    if not pictured:
        raise CommandError("no product of the catalogue has a picture: set some on the page Catalogue")
    embedder, detector = _opened_models(args)
    gallery = _begun(args, embedder)
    known = {product.sku for product in gallery.products}
    wanted = [one for one in pictured if one.sku not in known]
    left_out = []
    for one in progress(wanted, total=len(wanted), unit="product"):
        try:
            picture = server.picture(one.picture)
            _keep(args, gallery, known_from_picture(embedder, detector, picture, one.sku, one.name))
        except GalleryError as error:
            left_out.append(str(error))
    if len(wanted) < len(pictured):
        print(f"{len(pictured) - len(wanted)} products were enrolled before and stay as they are")
    return _told(len(wanted), left_out, "can be suggested in the queue now; teach them, and their looks decide")


def _told(products: int, left_out: "Sequence[str]", what: str) -> int:
    """Says what came of many; gives the exit status."""
    for why in left_out:
        print(f"left out: {why}", file=sys.stderr)
    print(f"{products - len(left_out)} of {products} products {what}")
    return 1 if left_out else 0


def _opened_models(args: argparse.Namespace) -> "tuple[OnnxEmbedder, OnnxDetector]":
    """The embedding and the detector named by the options."""
    from smartcart.edge.tracking.tracker import TrackerSettings
    from smartcart.edge.vision.detector import OnnxDetector
    from smartcart.scripts.pipeline import open_embedder

    detector = OnnxDetector(args.model, threads=args.threads, confidence=TrackerSettings().weak)
    return open_embedder(args), detector


def _begun(args: argparse.Namespace, embedder: "OnnxEmbedder") -> "Gallery":
    """The current gallery, or an empty one."""
    from smartcart.edge.gallery.gallery_file import empty

    held = _open(args) or empty(args.store, embedder.embedding)
    return held.checked(embedding=embedder.embedding.id)


def _watch(
    enrolment: "Enrolment",
    detector: "OnnxDetector",
    frames: "FrameSource",
    *,
    seconds: float = math.inf,
    says: "Callable[[float, Seen], None] | None" = None,
) -> None:
    """Looks until every side was seen, the frames end, or this many seconds of media time have passed."""
    said = None
    with contextlib.closing(frames):
        for frame in frames:
            if frame.time > seconds:
                return
            now = enrolment.see(frame, detector.detect(frame))
            if says is not None and now != said:
                says(enrolment.progress, now)
            said = now
            if now == "full":
                return


def _say(progress: float, now: "Seen") -> None:
    from smartcart.edge.gallery.enrolment import ADVICE

    print(f"{progress:4.0%}  {now}: {ADVICE[now]}", file=sys.stderr)


def _list(args: argparse.Namespace) -> int:
    gallery = _needed(args)
    print(f"store {gallery.store}, version {gallery.version}, embedding {gallery.embedding.id}")
    for product in gallery.products:
        known = f"{len(product.prototypes)} prototypes" + (", suggested only" if product.tentative else "")
        print(f"{product.sku}\t{product.name}\t{known}\t{', '.join(product.labels)}")
    return 0


def _remove(args: argparse.Namespace) -> int:
    from smartcart.edge.gallery.in_use import write_gallery

    smaller = _needed(args).without(args.sku)
    if args.gallery:
        write_gallery(args.gallery, smaller.to_bytes())
        version = smaller.version
    else:
        version = _server(args).remove(args.sku)
    print(f"{args.sku} is removed; gallery version {version}")
    return 0


def _needed(args: argparse.Namespace) -> "Gallery":
    from smartcart.scripts.main import CommandError

    gallery = _open(args)
    if gallery is None:
        raise CommandError("nothing is enrolled yet: begin with `smartcart products enroll SKU --source 0`")
    return gallery


def _open(args: argparse.Namespace) -> "Gallery | None":
    """The current gallery; None before the first product."""
    from smartcart.edge.gallery.gallery_file import Gallery
    from smartcart.edge.gallery.in_use import read_gallery

    if args.gallery:
        return read_gallery(args.gallery) if args.gallery.exists() else None
    payload = _server(args).fetch()
    return Gallery.from_bytes(payload) if payload else None


def _keep(args: argparse.Namespace, gallery: "Gallery", product: "Enrolled") -> int:
    """Adds a product to the gallery, wherever that is; returns its new version."""
    from dataclasses import replace

    from smartcart.edge.gallery.in_use import write_gallery

    if args.gallery:
        larger = gallery.with_product(product)
        write_gallery(args.gallery, larger.to_bytes())
        return larger.version
    alone = replace(gallery, products=(product,))
    return _server(args).put(product.sku, alone.to_bytes())


def _server(args: argparse.Namespace) -> "GalleryServer":
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.products.server import GalleryServer

    try:
        token = args.token.read_text(encoding="utf-8").strip() if args.token else None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"--token {args.token}: cannot be read ({error}); give a file that contains only the token"
        ) from error
    return GalleryServer(args.server, token)
