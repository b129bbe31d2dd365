"""Compares a ledger with the script of ``smartcart chaos``: lost and duplicate events, wrong baskets."""

from dataclasses import dataclass, field

from smartcart.scripts.chaos.script import STORE, ScriptedSession
from smartcart.server.basket.fold import fold
from smartcart.server.basket.records import SessionKey, SessionRecords
from smartcart.server.ledger.port import Ledger


@dataclass(slots=True)
class ChaosVerdict:
    """Counts over all sessions; ``examples`` names the first few faults."""

    events: int = 0
    baskets: int = 0
    lost: int = 0
    doubled: int = 0
    altered: int = 0
    wrong_baskets: int = 0
    refused: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.altered or self.wrong_baskets or self.refused)

    def fault(self, text: str) -> None:
        if len(self.examples) < 10:
            self.examples.append(text)


def judge(ledger: Ledger, scripts: dict[str, list[ScriptedSession]]) -> ChaosVerdict:
    """Reads every session of every cart and compares it with its script.

    Lost is an act of the script that is not in the ledger; doubled is an event in the ledger that is in no script, or a
    session of none; altered is one with other contents.
    """
    verdict = ChaosVerdict(refused=ledger.dead_letter_count())
    for cart, sessions in scripts.items():
        stored = {key.session for key in ledger.sessions(STORE, cart, 10**9)}
        for stranger in stored - {session.id for session in sessions}:
            verdict.doubled += 1
            verdict.fault(f"{cart}: session {stranger} is not in the script")
        for session in sessions:
            _judge_session(ledger, cart, session, verdict)
    return verdict


def _judge_session(ledger: Ledger, cart: str, session: ScriptedSession, verdict: ChaosVerdict) -> None:
    key = SessionKey(store=STORE, cart=cart, session=session.id)
    records, where = ledger.session(key), f"{cart} session {session.id}"
    by_seq: dict[int, list[tuple[object, ...]]] = {}
    for stored in records.events:
        event = stored.event
        by_seq.setdefault(event.seq, []).append((event.type, event.label, event.quantity))
    for seq, act in enumerate(session.acts, start=1):
        found = by_seq.pop(seq, [])
        verdict.events += bool(found)
        verdict.lost += not found
        verdict.doubled += max(0, len(found) - 1)
        verdict.altered += bool(found) and found[0] != (act.type, act.label, act.quantity)
        if len(found) != 1:
            verdict.fault(f"{where}: event {seq} occurs {len(found)} times")
    verdict.doubled += sum(map(len, by_seq.values()))
    basket = fold(SessionRecords(key=key, events=records.events, faults=records.faults))
    right = basket.counts == session.basket() and not basket.incomplete and not basket.discrepancies
    verdict.baskets += 1
    verdict.wrong_baskets += not right
    if not right:
        verdict.fault(f"{where}: the basket contains {basket.counts}, the truth is {session.basket()}")
