"""One contact made ready to leave, or the reason why it does not: decided on fresh facts, opened, rendered, checked.

Nothing here waits or writes. What comes out is either a permit to ask for or a move to record.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from audit.record import SALT_BYTES, commitment
from channels.base import ChannelName, Message, payload
from gateway import leaves
from gateway.answers import ContactState
from gateway.contact import WAITING
from gateway.content import content_of
from gateway.decisions import pack_decision
from gateway.ids import new_id
from gateway.lease import lease_end
from gateway.policy import Policy
from gateway.providers import Route
from gateway.store.columns import Move, PermitWanted
from gateway.store.handing import Handing
from gateway.vault import BorrowerKey, Randomness, Vault, VaultError
from gateway.wanted import Wanted, as_event, bounded, read_request
from gateway.wire import ContactRequest
from templates_sms.render import RenderFault, render
from templates_sms.template import Template
from templates_sms.wording import check_rendered
from throttling.decide import decide
from throttling.decision import Decision, Verdict
from throttling.facts import BorrowerFacts, Event, Facts

_requests: Final = msgspec.json.Decoder(ContactRequest)

INSTEAD: Final = {Verdict.DENY: ContactState.DENIED, Verdict.DEFER: ContactState.SCHEDULED}
"""What a contact becomes that may not leave now."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A message that only waits for its permit; `counts_as` is what the next contact of this person must see."""

    contact: Handing
    permit: PermitWanted
    message: Message
    counts_as: Event


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that needs nothing now: done already, not due, or too near to a boundary to begin."""

    contact: UUID


class Preparing(msgspec.Struct, frozen=True, kw_only=True):
    """What a group is prepared with: one instant, one policy, one route out."""

    at: datetime
    policy: Policy
    route: Route
    vault: Vault
    random: Randomness


def prepare(
    contact: Handing, template: Template | None, seen: tuple[Event, ...], by: Preparing
) -> Ready | Move | Left:
    """Decide this contact and make its message.

    `template` is the very version that was accepted, or None where it is no longer known. `seen` are contacts of the
    same person made ready earlier in this group: they count, though they are not yet in the facts.
    """
    if contact.state not in WAITING or (contact.due_at > by.at and contact.expires_at > by.at):
        return Left(contact=contact.id)
    if contact.expires_at <= by.at:
        return _move(contact, ContactState.EXPIRED, "expired", by.at)
    opened = _open(contact, template, by)
    if isinstance(opened, str):
        return _move(contact, ContactState.DENIED, opened, by.at)
    wanted, _ = opened
    facts = Facts(
        request=wanted.asked,
        borrower=BorrowerFacts(
            version=contact.facts.version,
            events=contact.facts.events + seen,
            suppressions=contact.facts.suppressions,
            restrictions=contact.facts.restrictions,
        ),
        address=contact.address_facts,
    )
    decision = bounded(decide(facts, by.policy.rules, by.at), wanted, by.at)
    if decision.verdict is not Verdict.ALLOW:
        return _move(contact, INSTEAD[decision.verdict], decision.code, by.at, decision)
    not_after = lease_end(by.at, min(decision.valid_until, contact.expires_at))
    if not_after is None:
        return Left(contact=contact.id)
    return _make(contact, opened, decision, not_after, by)


def _open(contact: Handing, template: Template | None, by: Preparing) -> tuple[Wanted, BorrowerKey] | str:
    """The stored request made exact again, with the key it lay under; or why that is not possible."""
    if template is None:
        return "template-gone"
    unsealed = _unseal(contact, by)
    if isinstance(unsealed, str):
        return unsealed
    request, key = unsealed
    wanted = read_request(
        request,
        namespace=contact.namespace,
        policy=by.policy,
        vault=by.vault,
        at=by.at,
        stored=(template, contact.expires_at),
    )
    if not isinstance(wanted, Wanted):
        return "request-no-longer-valid"
    # Opt-outs are looked up and locked by the row's tokens. Where what is sealed has others (a row that was changed, an
    # address that this release spells in another way), nobody has looked whether this address may be written to.
    whose = wanted.whose.address, wanted.whose.borrower
    return (wanted, key) if whose == (contact.address, contact.borrower) else "sealed-elsewhere"


def _unseal(contact: Handing, by: Preparing) -> tuple[ContactRequest, BorrowerKey] | str:
    if contact.wrapped is None:
        return "erased"
    try:
        key = by.vault.open_borrower_key(contact.creditor, contact.subject, contact.wrapped)
        return _requests.decode(key.open("contact.request", contact.id, contact.request)), key
    except VaultError:
        return "sealed-elsewhere"
    except msgspec.DecodeError:
        return "request-unreadable"  # one that cannot be read must not hold up the group it is in


def _make(
    contact: Handing,
    opened: tuple[Wanted, BorrowerKey],
    decision: Decision,
    not_after: datetime,
    by: Preparing,
) -> Ready | Move:
    wanted, key = opened
    rendered = render(wanted.template, wanted.request.variables)
    if isinstance(rendered, RenderFault):
        return _move(contact, ContactState.DENIED, "variables", by.at)
    faults = check_rendered(wanted.template, rendered)
    if faults:
        return _move(contact, ContactState.DENIED, f"wording-{faults[0].code}", by.at)
    attempt = new_id(by.at, by.random)
    message = Message(
        attempt_id=str(attempt),
        channel=ChannelName(wanted.request.channel.value),
        destination=wanted.address.text,
        sender=by.route.sender(contact.creditor, wanted.request.borrower.country, wanted.request.channel),
        content=content_of(rendered),
        locale=wanted.template.locale,
    )
    salt, sent = by.random(SALT_BYTES), payload(message)
    permit = PermitWanted(
        contact=contact.id,
        borrower=contact.borrower_id,
        borrower_version=contact.facts.version,
        address=contact.address,
        address_version=contact.address_facts.version,
        creditor=contact.creditor,
        channel=contact.channel,
        template=contact.template,
        debts=contact.debts,
        account=by.route.account,
        attempt=attempt,
        not_after=not_after,
        answer_by=not_after + timedelta(seconds=by.route.answer_deadline_s),
        payload=key.seal("attempt.payload", attempt, salt + sent),
        decision=pack_decision(decision),
        policy=by.policy.hash,
        at=by.at,
        leaf=leaves.intent(
            contact, attempt, decision, commitment(salt, sent), not_after, by.route.account, by.at
        ),
    )
    event = as_event(wanted, str(contact.id), by.at)
    return Ready(contact=contact, permit=permit, message=message, counts_as=event)


def _move(
    contact: Handing, state: ContactState, code: str, at: datetime, decision: Decision | None = None
) -> Move:
    return Move(
        contact=contact.id,
        creditor=contact.creditor,
        state=state.value,
        due_at=None if decision is None or state is not ContactState.SCHEDULED else decision.until,
        decision=None if decision is None else pack_decision(decision),
        at=at,
        kind="contact.state",
        leaf=leaves.moved(
            contact.id, contact.state, state, code, None if decision is None else decision.until, at
        ),
    )
