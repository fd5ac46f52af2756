"""Posts the lines of a file and follows what becomes of them."""

import time
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import msgspec

from gateway.answers import ChangesAnswer, ContactAnswer, ContactState
from gateway.http.batch_answers import BatchContact, BatchContacts
from gateway.http.problems import Problem
from gateway.sending.api import BUSY, NDJSON, Answered, Api, Away
from gateway.sending.lines import Line, creditors_of
from gateway.sending.tally import Tally

PATIENCE_S = 60.0  # how long the API may be away or busy before we give up
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 5.0
POLL_S = 0.25
RECEIPTS_S = 3.0  # a carrier that has not reported by then may never do
PAGE = 1_000
SPLITS = frozenset({400, 413, 422})  # about the lines; any other refusal is about us
BATCH = "/v1/contacts:batch"


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """Why sending cannot go on, in words and with what to do."""

    reason: str


class Sender:
    """Posts batches, each line as often as needed under its own key, and reads the feed from where it began."""

    def __init__(self, api: Api, tally: Tally) -> None:
        self._api, self._tally = api, tally
        self._cursors: dict[str, str] = {}
        self._unreadable: set[str] = set()

    @property
    def followed(self) -> bool:
        """False if contacts were made for a creditor whose feed may not be read with this key."""
        return not self._unreadable & self._tally.creditors

    def send(self, lines: list[Line]) -> Stopped | None:
        """Post the lines; None when each has its answer in the tally."""
        for creditor in sorted(creditors_of(lines)):
            if creditor not in self._cursors and creditor not in self._unreadable:
                stopped = self._begin(creditor)
                if stopped is not None:
                    return stopped
        return self._post(lines)

    def settle(self, *, wait_s: float, tell: Callable[[], None]) -> bool:
        """Follow until nothing is under way; False if `wait_s` seconds were not enough. `tell` is called as it goes."""
        self._look_up_replayed()
        give_up_s = time.monotonic() + wait_s
        changed_s = time.monotonic()
        while True:
            if self._read_changes():
                changed_s = time.monotonic()
            tell()
            if not self._tally.under_way() and (
                not self._tally.states()[ContactState.SENT] or time.monotonic() - changed_s > RECEIPTS_S
            ):
                return True
            if time.monotonic() > give_up_s:
                return False
            time.sleep(POLL_S)

    def _begin(self, creditor: str) -> Stopped | None:
        answer = self._patiently(partial(self._api.get, _feed(creditor, "latest", 1)))
        if isinstance(answer, Stopped):
            return answer
        if answer.ok:
            self._cursors[creditor] = msgspec.json.decode(answer.body, type=ChangesAnswer).next
        else:
            self._unreadable.add(creditor)
        return None

    def _post(self, lines: list[Line]) -> Stopped | None:
        waiting, give_up_s = lines, time.monotonic() + PATIENCE_S
        while waiting:
            body = b"\n".join(line.raw for line in waiting)
            answer = self._patiently(partial(self._api.post, BATCH, body, content_type=NDJSON))
            if isinstance(answer, Stopped):
                return answer
            if answer.status in SPLITS:
                return self._apart(waiting, answer)
            if not answer.ok:
                return Stopped(reason=f"The API refuses the file: {_words_of(answer)}")
            if time.monotonic() > give_up_s:
                return Stopped(reason="The API has been too busy for a minute to take every line.")
            waiting = self._count(waiting, msgspec.json.decode(answer.body, type=BatchContacts).items)
            if waiting:
                time.sleep(FIRST_WAIT_S)
        return None

    def _count(self, lines: list[Line], items: tuple[BatchContact, ...]) -> list[Line]:
        """Count the answers; the lines that were told "later"."""
        again = []
        for line, item in zip(lines, items, strict=True):
            if item.status in BUSY:
                again.append(line)
            else:
                self._tally.answered(line.number, item)
        return again

    def _apart(self, lines: list[Line], answer: Answered) -> Stopped | None:
        """The batch as a whole was refused, for its size perhaps: find the lines that are to blame."""
        if len(lines) > 1:
            half = len(lines) // 2
            return self._post(lines[:half]) or self._post(lines[half:])
        problem = _problem_of(answer)
        self._tally.answered(lines[0].number, BatchContact(index=0, status=answer.status, problem=problem))
        return None

    def _patiently(self, ask: Callable[[], Answered | Away]) -> Answered | Stopped:
        """Ask until there is an answer that is not "later"; a key that is not valid ends everything at once."""
        give_up_s, wait_s = time.monotonic() + PATIENCE_S, FIRST_WAIT_S
        while True:
            answer = ask()
            if isinstance(answer, Answered) and not answer.busy:
                if answer.status == 401:  # noqa: PLR2004  (the one status that is about us and not about the lines)
                    return Stopped(reason="The API key is not valid. Is FORBEAR_API_KEY right?")
                return answer
            if time.monotonic() + wait_s > give_up_s:
                how = answer.reason if isinstance(answer, Away) else f"it says {answer.status}"
                return Stopped(reason=f"The API does not answer ({how}). Is FORBEAR_API_URL right, is it up?")
            asked_s = answer.again_s if isinstance(answer, Answered) else None
            time.sleep(max(wait_s, min(asked_s or 0.0, LONGEST_WAIT_S)))
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    def _look_up_replayed(self) -> None:
        """A repeated line is answered from the first time; what became of it since then stands in the contact."""
        for contact in self._tally.replayed:
            answer = self._api.get(f"/v1/contacts/{contact}")
            if isinstance(answer, Answered) and answer.ok:
                found = msgspec.json.decode(answer.body, type=ContactAnswer)
                self._tally.became(contact, found.status)

    def _read_changes(self) -> bool:
        any_of_ours = False
        for creditor, cursor in self._cursors.items():
            items, self._cursors[creditor] = self._read_feed(creditor, cursor)
            any_of_ours |= items
        return any_of_ours

    def _read_feed(self, creditor: str, cursor: str) -> tuple[bool, str]:
        ours = False
        while True:
            answer = self._api.get(_feed(creditor, cursor, PAGE))
            if not isinstance(answer, Answered) or not answer.ok:
                return ours, cursor  # the cursor stays good; the next look goes on from it
            page = msgspec.json.decode(answer.body, type=ChangesAnswer)
            ours |= sum(map(self._tally.changed, page.items)) > 0
            if page.next == cursor or len(page.items) < PAGE:
                return ours, page.next
            cursor = page.next


def _feed(creditor: str, after: str, limit: int) -> str:
    return f"/v1/changes?creditor={quote(creditor, safe='')}&after={after}&limit={limit}"


def _words_of(answer: Answered) -> str:
    problem = _problem_of(answer)
    if problem is None:
        return f"it answers {answer.status}. Is FORBEAR_API_URL right?"
    return f"{problem.title}. {problem.detail}"


def _problem_of(answer: Answered) -> Problem | None:
    try:
        return msgspec.json.decode(answer.body, type=Problem)
    except msgspec.DecodeError:
        return None
