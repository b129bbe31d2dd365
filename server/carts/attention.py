"""Why somebody should look at a cart, in a few words, the most urgent first. Pure."""

from dataclasses import dataclass
from typing import Final

from smartcart.edge.contract.events import CameraHealth
from smartcart.server.basket.basket import Basket
from smartcart.server.carts.carts import CartView
from smartcart.server.carts.help_requests import REASONS, HelpCall
from smartcart.server.carts.skew import skew_words
from smartcart.server.ledger.port import CART_LETTERS, TOO_MANY_SESSIONS, SetAside

CAMERA_WORDS: Final = {
    CameraHealth.COVERED: "Camera covered",
    CameraHealth.DARK: "Camera sees only dark",
    CameraHealth.BLURRED: "Camera blurred",
    CameraHealth.FROZEN: "Camera frozen",
    CameraHealth.MOVED: "Camera moved",
    CameraHealth.GONE: "No camera",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """``is_bad`` if something is wrong, not just open."""

    text: str
    is_bad: bool = False


def reasons(view: CartView, call: HelpCall | None = None) -> tuple[Reason, ...]:
    """Everything about a cart that wants a person; nothing if all is well."""
    found = [_of_call(call)] if call is not None else []
    if view.basket is not None:
        found += _of_basket(view.basket)
    status = view.status
    if status is not None and not status.online and view.basket is not None and view.basket.state == "open":
        found.append(Reason(text="Connection lost while shopping"))
    if status is not None and status.outbox_full:
        found.append(Reason(text="Outbox full: accepts no more events", is_bad=True))
    elif status is not None and status.outbox_nearly_full:
        found.append(Reason(text="Outbox nearly full"))
    if status is not None and status.camera in CAMERA_WORDS:
        found.append(Reason(text=CAMERA_WORDS[status.camera], is_bad=True))
    if view.twins:
        found.append(Reason(text=view.twins, is_bad=True))
    if view.set_aside:
        found.append(_of_letters(view.set_aside))
    if clock := skew_words(view.ahead):
        found.append(Reason(text=clock))
    return tuple(found)


def _of_call(call: HelpCall) -> Reason:
    if call.taken_by is not None:
        return Reason(text=f"{call.taken_by} is on the way")
    what = f": {REASONS[call.reason]}" if call.reason in REASONS else ""
    return Reason(text=f"Asks for help{what}", is_bad=True)


def _of_basket(basket: Basket) -> list[Reason]:
    found = []
    if basket.problems:
        found.append(Reason(text=_counted(len(basket.problems), "problem"), is_bad=True))
    if basket.discrepancies:
        count = len(basket.discrepancies)
        found.append(Reason(text=f"{count} discrepanc{'y' if count == 1 else 'ies'}", is_bad=True))
    if basket.to_settle:
        found.append(Reason(text=f"{basket.to_settle} to settle"))
    if basket.incomplete:
        found.append(Reason(text="Incomplete"))
    return found


def _of_letters(letters: SetAside) -> Reason:
    if letters.reason == TOO_MANY_SESSIONS:
        return Reason(text="Starts too many sessions: they are refused", is_bad=True)
    if letters.count >= CART_LETTERS:
        return Reason(text=f"More than {CART_LETTERS} messages set aside, only the newest are kept", is_bad=True)
    return Reason(text=f"{_counted(letters.count, 'message')} set aside")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
