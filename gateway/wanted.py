"""A request made exact: who, where, what about and in which words; or every reason why it cannot be carried out."""

from datetime import datetime, timedelta

import msgspec

from gateway.address import Address, AddressFault, parse_address
from gateway.flows import FieldFault
from gateway.policy import Policy
from gateway.store.facts import Whose
from gateway.vault import Vault
from gateway.wire import ContactRequest, DebtItem, IfClosed
from gateway.zones import known_region, known_zone, zones_of
from templates_sms.catalogue import NotFound
from templates_sms.check_variables import check_variables
from templates_sms.template import Template
from throttling.decision import Decision, Verdict
from throttling.facts import Debt, Event, EventChannel, Request

KEPT_FOR = timedelta(hours=24)  # expires_at, where the caller gives none
LATEST = timedelta(days=31)  # a contact further off than this is a plan, not a request


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks for, in exact types. `from_at` is the first instant at which it may be decided to go."""

    request: ContactRequest
    namespace: str
    address: Address
    whose: Whose
    template: Template
    asked: Request
    debts: tuple[str, ...]
    from_at: datetime
    expires_at: datetime

    def __repr__(self) -> str:
        """Name nothing of the person."""
        return f"Wanted(creditor={self.request.creditor!r}, channel={self.request.channel.value!r})"


def read_request(
    request: ContactRequest,
    *,
    namespace: str,
    policy: Policy,
    vault: Vault,
    at: datetime,
    stored: tuple[Template, datetime] | None = None,
) -> Wanted | tuple[FieldFault, ...]:
    """The request made exact, or all its faults at once; nothing is stored and nothing is asked of anybody.

    `stored` is the template version and the expiry that an accepted contact is bound to: its times were checked then,
    and it is never given another text. Its variables are not checked here: rendering checks them.
    """
    address = parse_address(request.channel, request.address)
    if stored is None:
        template = policy.catalogue.find(request.template, request.channel.value, request.borrower.locale)
        faults = [*_time_faults(request, at), *_template_faults(request, template)]
        expires_at = request.expires_at or (max(at, request.not_before or at) + KEPT_FOR)
    else:
        template, expires_at = stored
        faults = []
    faults += _place_faults(request)
    if isinstance(address, AddressFault):
        faults.append(FieldFault(pointer="/address", message=address.message, hint=address.hint))
    if faults or isinstance(address, AddressFault) or isinstance(template, NotFound):
        return tuple(faults)
    debts = tuple(_debt(debt, namespace, vault) for debt in request.debts)
    return Wanted(
        request=request,
        namespace=namespace,
        address=address,
        whose=Whose(
            borrower=vault.borrower_token(namespace, request.borrower.id),
            creditor=request.creditor,
            address=vault.address_index(address.kind, address.text),
        ),
        template=template,
        asked=_asked(request, debts, address, template),
        debts=tuple(dict.fromkeys(t for debt in debts for t in (debt.token, debt.group) if t is not None)),
        from_at=at if request.not_before is None else max(at, request.not_before),
        expires_at=expires_at,
    )


def bounded(decision: Decision, wanted: Wanted, at: datetime) -> Decision:
    """The decision within the caller's own wishes: not_before, expires_at and if_closed can only make it stricter."""
    if decision.verdict is Verdict.ALLOW and wanted.from_at > at:
        decision = msgspec.structs.replace(
            decision, verdict=Verdict.DEFER, until=wanted.from_at, code="not-before", binding=None
        )
    if decision.verdict is not Verdict.DEFER or decision.until is None:
        return decision
    if decision.until >= wanted.expires_at:
        return msgspec.structs.replace(decision, verdict=Verdict.DENY, code="expires-before-allowed")
    if wanted.request.if_closed is IfClosed.DENY and decision.code != "not-before":
        return msgspec.structs.replace(decision, verdict=Verdict.DENY, code="closed-now")
    return decision


def as_event(wanted: Wanted, contact: str, at: datetime) -> Event:
    """What the contact will count as, once it is permitted."""
    return Event(
        at=at,
        kind="attempt",
        channel=EventChannel(wanted.request.channel),
        debts=wanted.debts,
        creditor=wanted.request.creditor,
        contact=contact,
    )


def _asked(request: ContactRequest, debts: tuple[Debt, ...], address: Address, template: Template) -> Request:
    """What the rules look at."""
    return Request(
        creditor=request.creditor,
        channel=request.channel,
        purpose=request.purpose,
        country=request.borrower.country,
        region=request.borrower.region,
        debts=debts,
        zones=zones_of(request.borrower, address),
        lines=frozenset(line.value for line in template.lines),
        relation=request.borrower.relation.value,
        template=template.hash,
    )


def _debt(debt: DebtItem, namespace: str, vault: Vault) -> Debt:
    return Debt(
        token=vault.debt_token(namespace, debt.id).hex(),
        type=debt.type,
        days_past_due=debt.days_past_due,
        group=None if debt.group is None else vault.debt_token(namespace, f"group {debt.group}").hex(),
    )


def _time_faults(request: ContactRequest, at: datetime) -> list[FieldFault]:
    found = []
    if request.not_before is not None and request.not_before > at + LATEST:
        found.append(
            FieldFault(
                pointer="/not_before",
                message=f"more than {LATEST.days} days away",
                hint="send the request again nearer to the day: facts and rules will have changed by then",
            )
        )
    if request.expires_at is not None:
        first = at if request.not_before is None else max(at, request.not_before)
        if request.expires_at <= first:
            found.append(
                FieldFault(
                    pointer="/expires_at",
                    message="not after the first moment the contact may go out",
                    hint="leave it out for 24 hours, or give a later instant",
                )
            )
        elif request.expires_at > first + LATEST:
            found.append(
                FieldFault(
                    pointer="/expires_at",
                    message=f"more than {LATEST.days} days after the contact may go out",
                    hint="give an earlier instant",
                )
            )
    return found


def _place_faults(request: ContactRequest) -> list[FieldFault]:
    """A region or zone that does not exist is refused: taken for known, it would let a region's rules fall away."""
    zone, region, found = request.borrower.time_zone, request.borrower.region, []
    if region is not None and not known_region(request.borrower.country, region):
        found.append(
            FieldFault(
                pointer="/borrower/region",
                message="not a region of this country in ISO 3166-2",
                hint="a code such as US-NY that begins with the borrower's country; leave it out if it is not known",
            )
        )
    if zone is not None and not known_zone(zone):
        found.append(
            FieldFault(
                pointer="/borrower/time_zone",
                message="not a place's zone in the IANA database",
                hint="a name such as America/Chicago, no offset; leave it out if the borrower stated none",
            )
        )
    return found


def _template_faults(request: ContactRequest, template: Template | NotFound) -> list[FieldFault]:
    if isinstance(template, NotFound):
        return [FieldFault(pointer="/template", message=template.message, hint=template.hint)]
    return [
        FieldFault(pointer=f"/variables/{_escape(fault.name)}", message=fault.message, hint=fault.hint)
        for fault in check_variables(template, request.variables)
    ]


def _escape(name: str) -> str:
    """A name as a token of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")
