"""What to do with a split that shares a scene; asked for with nothing heavy loaded."""

import argparse


def add_shared_scenes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shared-scenes",
        choices=("refuse", "drop", "allow"),
        default="refuse",
        help="of photos to learn from that show the scene of one that is kept for measuring: refuse the split and name "
        "them, drop them, or allow them (default: refuse)",
    )
