"""Plays a realistic day against the API: a burst, then a few requests every few seconds, for as long as it runs."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from random import Random

import msgspec

from gateway.answers import ChangesAnswer
from gateway.demo.body import lean_body
from gateway.demo.day import Day, creditor_ids, realistic_day
from gateway.http.batch_answers import BatchContacts
from gateway.sending.api import NDJSON, Answered, Api, Away
from gateway.sending.tally import Tally
from gateway.wire import BatchItem

BURST, CHAPTER = 240, 60
BURST_BATCH, TRICKLE_BATCH = 20, 2
TRICKLE_EVERY_S, READ_EVERY_S, AWAY_WAIT_S = 2.5, 1.0, 3.0
FACTS_AT_A_TIME = 5

_encode = msgspec.json.encode
Step = Callable[[], Answered | Away]


class Traffic:
    """Everything the demo's upstream systems do; `step` does the little that is due. Times: seconds of one clock."""

    def __init__(
        self, api: Api, tally: Tally, random: Random, *, now: Callable[[], datetime], run: str
    ) -> None:
        self._api, self._tally, self._random, self._now, self._run = api, tally, random, now, run
        self._chapter = 0
        self._facts: deque[Step] = deque()
        self._items: deque[BatchItem] = deque()
        self._cursors = dict.fromkeys(creditor_ids(), "latest")
        self._post_at_s = self._read_at_s = 0.0
        self._wait_until_s = 0.0
        self._burst_left = BURST

    @property
    def in_burst(self) -> bool:
        """True until the first requests are posted."""
        return self._burst_left > 0

    def step(self, now_s: float) -> None:
        """Do what is due at `now_s`; an API that does not answer is left alone for a moment."""
        if now_s < self._wait_until_s:
            return
        if now_s >= self._read_at_s:
            self._read_at_s = now_s + READ_EVERY_S
            self._read_changes()
        if not self._items:
            self._open_chapter()
        elif self._facts:
            done = self._tell_facts()
            if not done:
                self._wait_until_s = now_s + AWAY_WAIT_S
        elif now_s >= self._post_at_s and not self._post():
            self._wait_until_s = now_s + AWAY_WAIT_S
        elif now_s >= self._post_at_s:
            self._post_at_s = now_s + (0.0 if self.in_burst else TRICKLE_EVERY_S)

    def _open_chapter(self) -> None:
        self._chapter += 1
        day = realistic_day(
            self._random,
            count=BURST if self._chapter == 1 else CHAPTER,
            at=self._now(),
            run=f"{self._run}-{self._chapter}",
        )
        self._items.extend(day.items)
        self._facts.extend(_steps(self._api, day))

    def _tell_facts(self) -> bool:
        """Tell some of what was known before; False if the API did not take it and it is to be told again."""
        for _ in range(min(FACTS_AT_A_TIME, len(self._facts))):
            answer = self._facts[0]()
            if isinstance(answer, Away) or answer.busy:
                return False
            self._facts.popleft()
        return True

    def _post(self) -> bool:
        size = min(BURST_BATCH if self.in_burst else TRICKLE_BATCH, len(self._items))
        items = [self._items[index] for index in range(size)]
        answer = self._api.post("/v1/contacts:batch", b"\n".join(map(lean_body, items)), content_type=NDJSON)
        if isinstance(answer, Away) or not answer.ok:
            return False
        for number, item in enumerate(msgspec.json.decode(answer.body, type=BatchContacts).items):
            self._tally.answered(number, item)
        for _ in items:
            self._items.popleft()
        self._burst_left = max(0, self._burst_left - size)
        return True

    def _read_changes(self) -> None:
        for creditor, cursor in self._cursors.items():
            answer = self._api.get(f"/v1/changes?creditor={creditor}&after={cursor}&limit=1000")
            if isinstance(answer, Answered) and answer.ok:
                page = msgspec.json.decode(answer.body, type=ChangesAnswer)
                for item in page.items:
                    self._tally.changed(item)
                self._cursors[creditor] = page.next


def _steps(api: Api, day: Day) -> Sequence[Step]:
    """What has to be told before the requests, in any order."""
    return (
        [partial(api.post, "/v1/opt-outs", _encode(each)) for each in day.opt_outs]
        + [
            partial(api.post, f"/v1/borrowers/{borrower}/restrictions", _encode(each))
            for borrower, each in day.restrictions
        ]
        + [
            partial(
                api.post, "/v1/events", _encode(each), idempotency_key=f"{each.borrower}-{each.reference}"
            )
            for each in day.events
        ]
    )
