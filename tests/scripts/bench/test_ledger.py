"""``smartcart bench ledger``, small: that it measures both and holds what is required."""

import json
import shutil
from pathlib import Path

import pytest

from smartcart.scripts.main import main


@pytest.mark.parametrize("kind", [[], ["--postgres"]], ids=["sqlite", "postgres"])
def test_it_measures_the_ledger_and_the_bare_database(kind: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if kind and not (shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin"))):
        pytest.skip("postgresql is not installed")
    small = ["--events", "400", "--batch", "100", "--carts", "20", "--runs", "1", "--json", *kind]
    assert main(["bench", "ledger", *small, "--require", "ratio_raw > 0.01"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["events_per_second"] > 0
    assert told["ratio_raw"] == pytest.approx(told["events_per_second"] / told["raw_events_per_second"], abs=0.01)
    assert main(["bench", "ledger", "--events", "0"]) == 2
