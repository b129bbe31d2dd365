"""The fuzzer: its values against an independent reading of the schema, and a short run of it on each broker."""

import copy
import json
import random
import subprocess
from collections import Counter
from itertools import islice
from typing import Any

import jsonschema
import pytest
from processes import MOSQUITTO, SMARTCART

from smartcart.edge.contract.events import ACK, COMMAND, EVENT, STATUS, ContractError, parse_event, parse_topic
from smartcart.scripts.chaos.fuzz_shots import Fate, Shots
from smartcart.scripts.chaos.schema_fuzz import breaking, satisfying

SCHEMAS = {"event": EVENT, "status": STATUS, "ack": ACK, "command": COMMAND}


@pytest.mark.parametrize("word", SCHEMAS)
def test_what_satisfies_does_and_what_is_broken_is_by_the_published_schema(word: str) -> None:
    schema: dict[str, Any] = SCHEMAS[word]
    validator, rng = jsonschema.Draft202012Validator(schema), random.Random(1)
    for _ in range(500):
        value = satisfying(schema, rng)
        if "schema" in value:
            value["schema"] = f"smartcart.{word}/1"
        assert validator.is_valid(value), value
        before = copy.deepcopy(value)
        broken = breaking(schema, value, rng)
        assert value == before
        assert not validator.is_valid(broken), broken


def test_a_seed_gives_the_same_messages_and_every_fate_and_way() -> None:
    first, second = (list(islice(Shots(5), 2000)) for _ in range(2))
    assert first == second
    fates = Counter(shot.fate for shot in first)
    assert all(fates[fate] > 50 for fate in Fate)
    assert any(len(shot.payload) > 40_000 for shot in first)
    assert any(shot.retain for shot in first)


def test_each_fate_is_what_the_contract_says() -> None:
    for shot in islice(Shots(6), 3000):
        if not shot.topic.endswith("/events"):
            continue
        try:
            parse_event(shot.payload, parse_topic(shot.topic))
        except ContractError as error:
            assert (shot.fate is Fate.REFUSED) == (error.event_id is not None), error
            assert shot.fate in (Fate.REFUSED, Fate.UNNAMED)
        else:
            assert shot.fate is not Fate.UNNAMED  # a stolen place is refused by the ledger alone


@pytest.mark.parametrize("broker", ["embedded", "mosquitto"])
def test_a_short_run_crashes_nothing_and_counts_everything(broker: str) -> None:
    if broker == "mosquitto" and MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    words = [SMARTCART, "chaos", "--fuzz", "1500", "--broker", broker, "--seed", "4", "--json"]
    told = subprocess.run(words, capture_output=True, text=True, timeout=280)
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert figures["counted"] == figures["expected"]
    assert figures["sum_counted"] == figures["sent"] >= 1500
    assert (figures["crashed"], figures["wrong_baskets"]) == (False, 0)
