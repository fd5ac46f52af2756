"""What callers may ask for, a row each; `gateway.http.table` adds the rows for operators and makes it whole."""

from typing import Final

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
    RestrictionAnswer,
    RestrictionList,
)
from gateway.http.batch_answers import BatchContacts, BatchContactsFull, BatchDecisions, BatchDecisionsFull
from gateway.http.handlers import batches, borrowers, contacts, decisions
from gateway.http.queries import BatchQuery, ChangesQuery, ContactsQuery, CreditorQuery
from gateway.http.route import BATCH_BYTES_MAX, Reading, Route
from gateway.keys import Action
from gateway.wire import (
    BatchItem,
    CancelOneRequest,
    CancelRequest,
    ConsentRequest,
    ContactRequest,
    DecisionRequest,
    EventReport,
    LiftRequest,
    OptOutRequest,
    RestrictionRequest,
)

# aiohttp matches these; the published path shows the name only.
_ID: Final = r"{id:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}}"
_RESTRICTION: Final = _ID.replace("{id:", "{restriction:")

_CONTACTS: Final = (
    Route(
        method="POST",
        path="/v1/contacts",
        name="createContact",
        handler=contacts.create_contact,
        access=Action.CONTACTS_WRITE,
        tag="Contacts",
        summary="Ask for one contact",
        description=(
            "Decided at once and again in the moment before it leaves. 202: queued or scheduled. 200: denied, which is"
            " an answer and not an error. The same Idempotency-Key and body get the stored answer, marked"
            " X-Forbear-Replayed: true; another body under the same key gets 422."
        ),
        reading=Reading.ONE,
        body=ContactRequest,
        idempotent=True,
        answers={202: ContactAnswer, 200: ContactAnswer},
        problems=("idempotency-conflict",),
    ),
    Route(
        method="POST",
        path="/v1/contacts:batch",
        name="createContacts",
        handler=batches.create_contacts,
        access=Action.CONTACTS_WRITE,
        tag="Contacts",
        summary="Ask for up to 1,000 contacts",
        description=(
            "A JSON array, or application/x-ndjson with one object a line. Each item has its own idempotency_key and"
            " its own answer, in the order sent; a bad item harms no other. Accept: application/x-ndjson streams the"
            " answers a line each. Decisions are short unless ?decision=full."
        ),
        reading=Reading.MANY,
        body=BatchItem,
        query=BatchQuery,
        bytes_max=BATCH_BYTES_MAX,
        answers={200: BatchContacts | BatchContactsFull},
        problems=("batch-too-large",),
    ),
    Route(
        method="GET",
        path="/v1/contacts",
        name="listContacts",
        handler=contacts.list_contacts,
        access=Action.CONTACTS_READ,
        tag="Contacts",
        summary="List contacts, newest first",
        query=ContactsQuery,
        answers={200: ContactPage},
    ),
    Route(
        method="GET",
        path=f"/v1/contacts/{_ID}",
        name="getContact",
        handler=contacts.get_contact,
        access=Action.CONTACTS_READ,
        tag="Contacts",
        summary="Read one contact with its decision and attempts",
        answers={200: ContactAnswer},
    ),
    Route(
        method="POST",
        path=f"/v1/contacts/{_ID}:cancel",
        name="cancelContact",
        handler=contacts.cancel_contact,
        access=Action.CONTACTS_WRITE,
        tag="Contacts",
        summary="Stop one contact",
        reading=Reading.ONE,
        body=CancelOneRequest,
        answers={200: ContactAnswer},
        problems=("too-late",),
    ),
    Route(
        method="POST",
        path="/v1/contacts:cancel",
        name="cancelContacts",
        handler=contacts.cancel_contacts,
        access=Action.CONTACTS_WRITE,
        tag="Contacts",
        summary="Stop everything scheduled for a borrower, debt, reference or creditor",
        reading=Reading.ONE,
        body=CancelRequest,
        answers={200: CancelAnswer},
    ),
    Route(
        method="GET",
        path="/v1/changes",
        name="listChanges",
        handler=contacts.list_changes,
        access=Action.CONTACTS_READ,
        tag="Contacts",
        summary="Follow every state change, in order, none skipped",
        description=(
            "Keep the cursor in `next` and ask with it again; it stays good however long you are away. Without `after`"
            " the feed begins at the beginning; `after=latest` answers only the cursor of what comes next."
        ),
        query=ChangesQuery,
        answers={200: ChangesAnswer},
    ),
)

_DECISIONS: Final = (
    Route(
        method="POST",
        path="/v1/decisions",
        name="createDecision",
        handler=decisions.create_decision,
        access=Action.DECISIONS,
        tag="Decisions",
        summary="Decide a contact request without any effect",
        description="`at`, `packs` and `facts` make the question hypothetical.",
        reading=Reading.ONE,
        body=DecisionRequest,
        answers={200: DecisionBody},
    ),
    Route(
        method="POST",
        path="/v1/decisions:batch",
        name="createDecisions",
        handler=batches.create_decisions,
        access=Action.DECISIONS,
        tag="Decisions",
        summary="Decide up to 1,000 requests without any effect",
        reading=Reading.MANY,
        body=DecisionRequest,
        query=BatchQuery,
        bytes_max=BATCH_BYTES_MAX,
        answers={200: BatchDecisions | BatchDecisionsFull},
        problems=("batch-too-large",),
    ),
    Route(
        method="GET",
        path="/v1/borrowers/{borrower}/availability",
        name="getAvailability",
        handler=decisions.get_availability,
        access=Action.BORROWERS_READ,
        tag="Decisions",
        summary="When may this borrower be contacted, channel by channel",
        query=CreditorQuery,
        answers={200: AvailabilityAnswer},
    ),
)

_BORROWERS: Final = (
    Route(
        method="POST",
        path="/v1/events",
        name="reportEvent",
        handler=borrowers.report_event,
        access=Action.BORROWERS_WRITE,
        tag="Borrowers",
        summary="Report a contact that happened elsewhere, because it counts",
        reading=Reading.ONE,
        body=EventReport,
        idempotent=True,
        answers={201: EventAnswer},
        problems=("idempotency-conflict",),
    ),
    Route(
        method="POST",
        path="/v1/opt-outs",
        name="optOut",
        handler=borrowers.opt_out,
        access=Action.OPT_OUTS_WRITE,
        tag="Borrowers",
        summary="Record that a person said stop",
        description="Answers only when no message that the opt-out forbids can leave any more. Safe to repeat.",
        reading=Reading.ONE,
        body=OptOutRequest,
        answers={200: OptOutAnswer},
    ),
    Route(
        method="POST",
        path="/v1/borrowers/{borrower}/restrictions",
        name="addRestriction",
        handler=borrowers.add_restriction,
        access=Action.BORROWERS_WRITE,
        tag="Borrowers",
        summary="Record a standing reason not to contact",
        reading=Reading.ONE,
        body=RestrictionRequest,
        answers={201: RestrictionAnswer},
    ),
    Route(
        method="GET",
        path="/v1/borrowers/{borrower}/restrictions",
        name="listRestrictions",
        handler=borrowers.list_restrictions,
        access=Action.BORROWERS_READ,
        tag="Borrowers",
        summary="List a borrower's restrictions",
        query=CreditorQuery,
        answers={200: RestrictionList},
    ),
    Route(
        method="POST",
        path="/v1/borrowers/{borrower}/restrictions/" + _RESTRICTION + ":lift",
        name="liftRestriction",
        handler=borrowers.lift_restriction,
        access=Action.BORROWERS_WRITE,
        tag="Borrowers",
        summary="End a restriction",
        reading=Reading.ONE,
        body=LiftRequest,
        answers={200: RestrictionAnswer},
    ),
    Route(
        method="POST",
        path="/v1/borrowers/{borrower}/consents",
        name="addConsent",
        handler=borrowers.add_consent,
        access=Action.BORROWERS_WRITE,
        tag="Borrowers",
        summary="Record a consent",
        reading=Reading.ONE,
        body=ConsentRequest,
        answers={201: ConsentAnswer},
    ),
    Route(
        method="GET",
        path="/v1/borrowers/{borrower}/consents",
        name="listConsents",
        handler=borrowers.list_consents,
        access=Action.BORROWERS_READ,
        tag="Borrowers",
        summary="List a borrower's consents",
        query=CreditorQuery,
        answers={200: ConsentList},
    ),
)

ROUTES: Final = _CONTACTS + _DECISIONS + _BORROWERS
