"""Periodic tasks: work that is done again and again, also after the database was away."""

import pytest
from processes import wait_until

from smartcart.server.database.database import DatabaseError
from smartcart.server.runtime.periodic_task import PeriodicTask


def test_the_work_is_done_again_and_again_until_it_is_stopped() -> None:
    done: list[int] = []
    rounds = PeriodicTask("test", lambda: done.append(1), seconds=0.01, meanwhile="")
    assert not done
    rounds.start()
    wait_until(lambda: len(done) > 2)
    rounds.stop()
    count = len(done)
    rounds.stop()
    assert len(done) == count


def test_trouble_is_told_once_each_time_it_comes(caplog: pytest.LogCaptureFixture) -> None:
    going = iter([True, False, False, True, False, False, True])
    ended: list[bool] = []

    def work() -> None:
        well = next(going, None)
        if well is False:
            raise DatabaseError("the database is away")
        ended.append(well is None)

    rounds = PeriodicTask("test", work, seconds=0.01, meanwhile="calls stay as they were")
    rounds.start()
    wait_until(lambda: any(ended))
    rounds.stop()
    assert caplog.messages == ["the database is away; calls stay as they were"] * 2
