"""Three requests to try by hand: one that is allowed now, one deferred, one denied, at any hour of the day.

Which places are awake is not worked out here: the gateway is asked, without effect, about one person in each place, and
the answers that will stay true longest are taken.
"""

from collections.abc import Sequence
from datetime import datetime
from random import Random

import msgspec

from gateway.answers import DecisionBody
from gateway.demo.body import lean_body
from gateway.demo.places import PLACES, Place
from gateway.demo.texts import CREDITORS
from gateway.http.batch_answers import BatchDecisionsFull
from gateway.sending.api import NDJSON, Answered, Api
from gateway.wire import Borrower, ContactRequest, DebtItem, OptOutRequest
from throttling.decision import Verdict
from throttling.facts import Channel, SuppressionScope

_DECIDE = "/v1/decisions:batch?decision=full"
_CREDITOR = CREDITORS[0]
_ENDINGS = range(20, 100)  # delivered in the ordinary way


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One request, what the gateway answers to it now, and why."""

    verdict: Verdict
    body: bytes
    why: str


def find_tries(api: Api, random: Random, *, run: str, at: datetime) -> list[Try]:
    """One request of each verdict, as far as the gateway gives it now; fewer if it does not answer."""
    barred = one_request(random, PLACES[0], f"{run}-stop")
    api.post("/v1/opt-outs", msgspec.json.encode(_said_stop(barred, at)))
    requests = [*one_everywhere(random, run), barred]
    answer = api.post(_DECIDE, b"\n".join(map(lean_body, requests)), content_type=NDJSON)
    if not isinstance(answer, Answered) or not answer.ok:
        return []
    items = msgspec.json.decode(answer.body, type=BatchDecisionsFull).items
    decided = [
        (request, item.decision)
        for request, item in zip(requests, items, strict=True)
        if item.decision is not None
    ]
    return [found for verdict in Verdict if (found := _best(decided, verdict)) is not None]


def one_everywhere(random: Random, run: str) -> list[ContactRequest]:
    """A request about somebody new in each place: at any instant some of them are allowed and some deferred."""
    return [one_request(random, place, f"{run}-try-{number}") for number, place in enumerate(PLACES)]


def _best(decided: Sequence[tuple[ContactRequest, DecisionBody]], verdict: Verdict) -> Try | None:
    """The request whose verdict holds longest, a text message before any other."""
    fitting = [
        (request.channel is Channel.SMS, decision.until or decision.valid_until, request, decision)
        for request, decision in decided
        if decision.verdict is verdict
    ]
    if not fitting:
        return None
    _, _, request, decision = max(fitting, key=lambda each: each[:2])
    return Try(verdict=verdict, body=lean_body(request), why=decision.explanation)


def one_request(random: Random, place: Place, identifier: str) -> ContactRequest:
    """A text message to somebody new at `place`, or a mail where no number is reserved for stories."""
    by_number = place.number is not None
    ending = f"{random.choice(_ENDINGS):02}"
    digit = "0" if place.country == "GB" else ""
    return ContactRequest(
        creditor=_CREDITOR.id,
        borrower=Borrower(
            id=identifier,
            locale=place.locales[0],
            country=place.country,
            region=place.region,
            postal_code=place.postal_code,
            time_zone=place.time_zone,
        ),
        debts=(DebtItem(id=f"{identifier}-D1", type=_CREDITOR.debt_types[0]),),
        channel=Channel.SMS if by_number else Channel.EMAIL,
        address=f"{place.number}{digit}{ending}" if by_number else f"try{ending}@example.com",
        template="call_back" if by_number else "hardship_help",
        purpose="call_back" if by_number else "hardship_help",
        variables={"creditor": _CREDITOR.name, "help_phone": _CREDITOR.help_phone}
        | ({} if by_number else {"help_url": f"{_CREDITOR.site}/help"}),
    )


def _said_stop(request: ContactRequest, at: datetime) -> OptOutRequest:
    return OptOutRequest(
        creditor=request.creditor,
        scope=SuppressionScope.ALL,
        borrower=request.borrower.id,
        source="agent",
        at=at,
        evidence="call-88123",
    )
