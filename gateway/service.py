"""Everything a caller can set in motion, as the HTTP edge knows it: each method is one flow, told in its own file."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial, wraps
from typing import Any, Final, ParamSpec, TypeVar

from channels.base import Inbound, WebhookEvents
from gateway.accept import accept
from gateway.answers import (
    AvailabilityAnswer,
    CancelAnswer,
    ChangesAnswer,
    ConsentAnswer,
    ConsentList,
    ContactAnswer,
    ContactPage,
    DecisionBody,
    EventAnswer,
    OptOutAnswer,
    Readiness,
    RestrictionAnswer,
    RestrictionList,
)
from gateway.asking import ask, when_may_i
from gateway.cancelling import cancel_contact, cancel_contacts
from gateway.changes import read_changes
from gateway.consents import add_consent, list_consents
from gateway.errors import StoreAway, StoreBusy, StoreRefused
from gateway.events import report_event
from gateway.flows import (
    Accepted,
    Conflict,
    ContactQuery,
    FieldFault,
    Invalid,
    Missing,
    Overloaded,
    TooLate,
    Unavailable,
    WebhookRefused,
    WebhookTaken,
)
from gateway.keys import Caller
from gateway.logs import get_logger
from gateway.opt_out import complete, take_inbound
from gateway.readiness import check_readiness
from gateway.receipts import record_receipts
from gateway.requested_opt_out import opt_out
from gateway.restrictions import add_restriction, lift_restriction, list_restrictions
from gateway.runtime import Runtime
from gateway.store.contacts import Page, find_attempts, find_contact, find_page
from gateway.store.faults import TRANSIENT
from gateway.store.opt_outs import live_permits
from gateway.stored import answer_of, summary_of
from gateway.told import as_uuid
from gateway.wire import (
    CancelRequest,
    ConsentRequest,
    ContactRequest,
    EventReport,
    HypotheticalFacts,
    LiftRequest,
    OptOutRequest,
    RestrictionRequest,
)

UNAVAILABLE: Final[tuple[type[Exception], ...]] = (StoreAway, *TRANSIENT)

log = get_logger()
P = ParamSpec("P")
T = TypeVar("T")


def answers(flow: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Say "unavailable" or "overloaded" for a store that is away or full, in one place for every flow."""

    @wraps(flow)
    async def told_flow(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await flow(*args, **kwargs)
        except StoreBusy:
            raise Overloaded from None
        except UNAVAILABLE:
            raise Unavailable("database") from None

    return told_flow


class Service:
    """The flows over one runtime. `finish` waits for what was promised in the background."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._background: set[asyncio.Task[object]] = set()

    async def finish(self) -> None:
        """Wait for opt-outs that are still completing."""
        while self._background:
            await asyncio.wait(self._background)

    @answers
    async def accept(
        self, caller: Caller, request: ContactRequest, *, idempotency_key: str, raw: bytes
    ) -> Accepted | Conflict | Invalid:
        """See gateway.accept."""
        return await accept(self._rt, caller, request, idempotency_key=idempotency_key, raw=raw)

    @answers
    async def decide(
        self,
        caller: Caller,
        request: ContactRequest,
        *,
        at: datetime | None,
        packs: tuple[str, ...] | None,
        facts: HypotheticalFacts | None,
    ) -> DecisionBody | Invalid:
        """See gateway.asking."""
        return await ask(self._rt, caller, request, at=at, packs=packs, facts=facts)

    @answers
    async def availability(
        self, caller: Caller, borrower_id: str, creditor: str
    ) -> AvailabilityAnswer | Missing:
        """See gateway.asking."""
        return await when_may_i(self._rt, caller, borrower_id, creditor)

    @answers
    async def get_contact(self, caller: Caller, contact_id: str) -> ContactAnswer | Missing:
        """One contact with decision and attempts."""
        uid = as_uuid(contact_id)
        contact = None if uid is None else await find_contact(self._rt.pool, uid)
        if contact is None or not caller.may_act_for(contact.creditor):
            return Missing()
        return await answer_of(self._rt, contact, await find_attempts(self._rt.pool, contact.id))

    @answers
    async def list_contacts(
        self, caller: Caller, query: ContactQuery, cursor: str | None, limit: int
    ) -> ContactPage | Invalid:
        """A page of contacts, newest first."""
        before = None if cursor is None else as_uuid(cursor)
        if cursor is not None and before is None:
            hint = "use the `next` of an earlier answer"
            return Invalid(
                faults=(FieldFault(pointer="/cursor", message="not a cursor of this list", hint=hint),)
            )
        namespace = caller.namespace_for(query.creditor)
        found = await find_page(
            self._rt.pool,
            Page(
                creditor=query.creditor,
                borrower=None
                if query.borrower is None
                else self._rt.vault.borrower_token(namespace, query.borrower),
                reference=query.reference,
                state=None if query.state is None else query.state.value,
                before=before,
                limit=limit + 1,
            ),
        )
        following = str(found[limit - 1].id) if len(found) > limit else None
        return ContactPage(items=tuple(summary_of(contact) for contact in found[:limit]), next=following)

    @answers
    async def cancel_contact(
        self, caller: Caller, contact_id: str, reason: str
    ) -> ContactAnswer | TooLate | Missing:
        """See gateway.cancelling."""
        return await cancel_contact(self._rt, caller, contact_id, reason)

    @answers
    async def cancel_contacts(self, caller: Caller, request: CancelRequest) -> CancelAnswer:
        """See gateway.cancelling."""
        return await cancel_contacts(self._rt, caller, request)

    @answers
    async def changes(
        self, caller: Caller, creditor: str, after: str | None, limit: int
    ) -> ChangesAnswer | Invalid:
        """See gateway.changes."""
        del caller  # the creditor was checked against the key's scope before
        return await read_changes(self._rt, creditor, after, limit)

    @answers
    async def report_event(
        self, caller: Caller, report: EventReport, *, idempotency_key: str, raw: bytes
    ) -> EventAnswer | Conflict | Invalid:
        """See gateway.told."""
        return await report_event(self._rt, caller, report, idempotency_key=idempotency_key, raw=raw)

    @answers
    async def opt_out(self, caller: Caller, request: OptOutRequest) -> OptOutAnswer | Invalid:
        """See gateway.requested_opt_out."""
        return await opt_out(self._rt, caller, request)

    @answers
    async def add_restriction(
        self, caller: Caller, borrower_id: str, request: RestrictionRequest
    ) -> RestrictionAnswer | Invalid:
        """See gateway.told."""
        return await add_restriction(self._rt, caller, borrower_id, request)

    @answers
    async def list_restrictions(
        self, caller: Caller, borrower_id: str, creditor: str
    ) -> RestrictionList | Missing:
        """See gateway.told."""
        return await list_restrictions(self._rt, caller, borrower_id, creditor)

    @answers
    async def lift_restriction(
        self, caller: Caller, borrower_id: str, restriction_id: str, request: LiftRequest
    ) -> RestrictionAnswer | Missing:
        """See gateway.told."""
        return await lift_restriction(self._rt, caller, borrower_id, restriction_id, request)

    @answers
    async def add_consent(
        self, caller: Caller, borrower_id: str, request: ConsentRequest
    ) -> ConsentAnswer | Invalid:
        """See gateway.told."""
        return await add_consent(self._rt, caller, borrower_id, request)

    @answers
    async def list_consents(self, caller: Caller, borrower_id: str, creditor: str) -> ConsentList | Missing:
        """See gateway.told."""
        return await list_consents(self._rt, caller, borrower_id, creditor)

    @answers
    async def webhook(
        self, account: str, headers: Mapping[str, str], raw: bytes
    ) -> WebhookTaken | WebhookRefused:
        """Verify over the raw bytes, store, and only then say thank you; opt-outs complete in the background."""
        reader = self._rt.readers.get(account)
        if reader is None:
            return WebhookRefused(status=404, code="unknown-account")
        events = reader.read(headers, raw, self._rt.clock.now())
        if not isinstance(events, WebhookEvents):
            log.warning("webhook.refused", account=account, reason=events.reason)
            return WebhookRefused(status=401, code="not-authentic")
        refused: StoreRefused | None = None
        for message in events.inbound:
            try:
                await self._take_inbound(message)
            except StoreRefused as fault:
                refused = fault  # one that cannot be stored must not make us deaf to those that came with it
        await record_receipts(self._rt, events.receipts)
        if refused is not None:
            raise refused
        return WebhookTaken()

    async def _take_inbound(self, message: Inbound) -> None:
        stopping = await take_inbound(self._rt, message)
        if stopping is not None:
            free = partial(live_permits, self._rt.pool, addresses=stopping.addresses)
            self._later(
                complete(self._rt, stopping.optout, stopping.creditor, stopping.since, until_free=free)
            )

    async def ready(self) -> Readiness:
        """See gateway.readiness."""
        return await check_readiness(self._rt)

    def _later(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("opt_out.completion_failed", error=type(task.exception()).__name__)
