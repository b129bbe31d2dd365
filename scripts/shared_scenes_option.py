"""How to handle a split that shares a scene; the option imports nothing heavy."""

import argparse


def add_shared_scenes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shared-scenes",
        choices=("refuse", "drop", "allow"),
        default="refuse",
        help="training photos that show the scene of one kept for measuring: refuse the split and name them, drop "
        "them, or allow them (default: refuse)",
    )
