"""Questions without effects: what would be decided, and when a borrower may be contacted."""

from datetime import datetime
from functools import lru_cache

import msgspec

from gateway.address import KIND_OF
from gateway.answers import AvailabilityAnswer, BudgetBody, ChannelAvailability, DecisionBody
from gateway.bodies import decision_body
from gateway.flows import UNKNOWN_CREDITOR, FieldFault, Invalid, Missing
from gateway.keys import Caller
from gateway.policy import Policy
from gateway.runtime import Runtime
from gateway.store.availability import KnownPerson, last_request
from gateway.store.facts import HISTORY, NOBODY
from gateway.stored import open_request
from gateway.wanted import Wanted, bounded, read_request
from gateway.wire import ContactRequest, HypotheticalFacts
from throttling.availability import Availability, availability
from throttling.decide import decide
from throttling.facts import (
    AddressFacts,
    BorrowerFacts,
    Channel,
    Event,
    EventChannel,
    Facts,
    Restriction,
    Suppression,
    SuppressionScope,
)
from throttling.rule_set import RuleSet


async def ask(
    rt: Runtime,
    caller: Caller,
    request: ContactRequest,
    *,
    at: datetime | None,
    packs: tuple[str, ...] | None,
    facts: HypotheticalFacts | None,
) -> DecisionBody | Invalid:
    """What a request would be answered, now or at `at`, by all packs or some, on stored facts or invented ones."""
    now = rt.clock.now()
    when = at or now
    policy = rt.policy.current()
    if await rt.creditors.find(request.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    wanted = read_request(
        request, namespace=caller.namespace_for(request.creditor), policy=policy, vault=rt.vault, at=when
    )
    if not isinstance(wanted, Wanted):
        return Invalid(faults=wanted)
    rules = policy.rules if packs is None else _only(policy, frozenset(packs))
    if rules is None:
        hint = f"loaded: {', '.join(sorted({label.pack for label in policy.labels.values()}))}"
        return Invalid(
            faults=(FieldFault(pointer="/packs", message="names a pack that is not loaded", hint=hint),)
        )
    known = await _stored(rt, wanted, now) if facts is None else _invented(rt, wanted, facts)
    decision = bounded(decide(known, rules, wanted.from_at), wanted, when)
    return decision_body(decision, request, wanted.asked, all_rules=True)


async def when_may_i(
    rt: Runtime, caller: Caller, borrower_id: str, creditor: str
) -> AvailabilityAnswer | Missing:
    """Per channel: open now, or when, and what is left of each cap.

    Where the person is and what the debts are comes from the newest request about them, so somebody never asked about
    is not known here.
    """
    at = rt.clock.now()
    token = rt.vault.borrower_token(caller.namespace_for(creditor), borrower_id)
    if await rt.creditors.find(creditor) is None:
        return Missing()
    person = await last_request(rt.pool, token, creditor)
    if person is None:
        return Missing()
    request = open_request(rt, person.contact)
    if request is None:
        return Missing()
    facts = await rt.histories.read((person.contact.borrower_id, at - HISTORY))
    policy = rt.policy.current()
    channels = []
    for channel in Channel:
        asked = _on_channel(rt, request, channel, person, policy, at)
        if asked is not None:
            found = availability(
                Facts(request=asked.asked, borrower=facts, address=_address_for(person, channel)),
                policy.rules,
                at,
            )
            channels.append(_channel(found, request, asked))
    return AvailabilityAnswer(
        borrower=borrower_id, creditor=creditor, at=at, policy=policy.hash.hex(), channels=tuple(channels)
    )


_FREE = AddressFacts(version=0, suppressions=())


def _address_for(person: KnownPerson, channel: Channel) -> AddressFacts:
    """What is known of the address last used for the channel, or for another that uses the same kind of address."""
    alike = (channel, *(other for other in Channel if KIND_OF[other] is KIND_OF[channel]))
    return next((person.suppressed[one] for one in alike if one in person.suppressed), _FREE)


def _on_channel(
    rt: Runtime, request: ContactRequest, channel: Channel, person: KnownPerson, policy: Policy, at: datetime
) -> Wanted | None:
    """The newest request as if it were for this channel: times and counts are asked about, not a text."""
    wanted = read_request(
        msgspec.structs.replace(request, not_before=None, expires_at=None),
        namespace=person.contact.namespace,
        policy=policy,
        vault=rt.vault,
        at=at,
    )
    if not isinstance(wanted, Wanted):
        return None
    asked = msgspec.structs.replace(wanted.asked, channel=channel, lines=frozenset({"opt_out"}))
    return msgspec.structs.replace(wanted, asked=asked)


def _channel(found: Availability, request: ContactRequest, wanted: Wanted) -> ChannelAvailability:
    names = {debt.token: item.id for item, debt in zip(request.debts, wanted.asked.debts, strict=True)}
    return ChannelAvailability(
        channel=found.channel,
        verdict=found.verdict,
        code=found.code,
        next_allowed=found.next_allowed,
        rule=found.binding,
        budgets=tuple(
            BudgetBody(
                rule=budget.rule,
                used=budget.used,
                limit=budget.limit,
                window=budget.window,
                frees_at=budget.frees_at,
                debt=None if budget.debt is None else names.get(budget.debt),
            )
            for budget in found.budgets
        ),
    )


async def _stored(rt: Runtime, wanted: Wanted, at: datetime) -> Facts:
    identity = await rt.identities.read(wanted.whose)
    borrower = NOBODY if identity.id is None else await rt.histories.read((identity.id, at - HISTORY))
    return Facts(request=wanted.asked, borrower=borrower, address=identity.address)


def _invented(rt: Runtime, wanted: Wanted, facts: HypotheticalFacts) -> Facts:
    """Nothing stored is looked at: the caller's history is the whole history."""
    creditor = wanted.request.creditor

    def token(debt: str) -> str:
        return rt.vault.debt_token(wanted.namespace, debt).hex()

    given = tuple(
        Suppression(
            id=f"given-{n}",
            scope=one.scope,
            since=one.since,
            source="given",
            channel=one.channel,
            debt=None if one.debt is None else token(one.debt),
        )
        for n, one in enumerate(facts.suppressions)
    )
    of_address = tuple(one for one in given if one.scope is SuppressionScope.ADDRESS)
    borrower = BorrowerFacts(
        version=0,
        events=tuple(
            Event(
                at=one.at,
                kind=one.kind.value,
                channel=EventChannel(one.channel),
                debts=tuple(token(debt) for debt in one.debts),
                creditor=creditor,
            )
            for one in facts.events
        ),
        suppressions=tuple(one for one in given if one.scope is not SuppressionScope.ADDRESS),
        restrictions=tuple(
            Restriction(
                id=f"given-{n}",
                kind=one.kind.value,
                since=one.since,
                until=one.until,
                channel=one.channel,
                debt=None if one.debt is None else token(one.debt),
            )
            for n, one in enumerate(facts.restrictions)
        ),
    )
    return Facts(
        request=wanted.asked, borrower=borrower, address=AddressFacts(version=0, suppressions=of_address)
    )


@lru_cache(maxsize=64)
def _only(policy: Policy, packs: frozenset[str]) -> RuleSet | None:
    """The rules of some packs only, or None where one of them is not loaded."""
    rules = policy.rules
    if not packs or packs - {rule.label.pack for rule in rules.rules}:
        return None
    chosen = tuple(rule for rule in rules.rules if rule.label.pack in packs)
    everywhere = any(rule.countries is None for rule in chosen)
    countries = frozenset(country for rule in chosen for country in rule.countries or ())
    return msgspec.structs.replace(
        rules, rules=chosen, law_countries=countries, covers_everywhere=everywhere, memory={}
    )
