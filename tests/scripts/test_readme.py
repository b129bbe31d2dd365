"""The README is held to the code: every command in it exists, and every command stands in it."""

import re
import shlex
from pathlib import Path

import pytest

from smartcart.scripts.main import COMMANDS, parser

CALL = re.compile(r"(sudo (-u \w+ )?)?(/opt/smartcart/bin/)?smartcart ")
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "server" / "OPERATING.md").read_text(encoding="utf-8")
LINES = [
    line.split("#")[0].strip()
    for block in re.findall(r"```(?:sh|powershell)\n(.*?)```", README + OPERATING, re.S)
    for line in block.splitlines()
]
CALLS = [shlex.split(CALL.sub("", line, count=1)) for line in LINES if CALL.match(line)]


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_every_call_in_it_is_understood(words: list[str]) -> None:
    parser().parse_args(words)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_it(command: str) -> None:
    assert f"| `smartcart {command}` |" in README


def test_every_file_that_it_names_is_there() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)|`((?:edge|server|models|datasets|scripts|tests)/[\w./-]+)`", README)
    for name in (a or b for a, b in named):
        assert (ROOT / name).exists(), name


def test_no_line_of_it_is_left_to_be_filled() -> None:
    assert "RESULTS" not in README
    assert "TODO" not in README
