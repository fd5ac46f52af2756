"""Which approved text each channel has, why it is sent, and the variables it wants, with believable values."""

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random

import msgspec

from throttling.facts import Channel


class Creditor(msgspec.Struct, frozen=True, kw_only=True):
    """One invented creditor, how borrowers reach it, and what they owe it."""

    id: str
    name: str
    sender: str
    help_phone: str
    site: str
    debt_types: tuple[str, ...]


CREDITORS = (
    Creditor(
        id="harbor-card",
        name="Harbor Card",
        sender="+12025550171",
        help_phone="+18005550137",
        site="https://harbor-card.example",
        debt_types=("credit_card", "personal_loan"),
    ),
    Creditor(
        id="meadow-auto",
        name="Meadow Auto",
        sender="+12025550172",
        help_phone="+18005550162",
        site="https://meadow-auto.example",
        debt_types=("auto_loan",),
    ),
    Creditor(
        id="juniper-health",
        name="Juniper Health",
        sender="+12025550173",
        help_phone="+18005550185",
        site="https://juniper-health.example",
        debt_types=("medical",),
    ),
)


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One approved text of a channel; docs/templates.md has the whole table."""

    template: str
    purpose: str
    variables: tuple[str, ...]
    weight: int = 1


_SMS, _VOICE, _EMAIL, _PUSH = Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.PUSH
_PLAN = ("creditor", "plan_count", "plan_amount", "first_on", "plan_url", "help_phone")

TEXTS: Mapping[Channel, tuple[Text, ...]] = {
    _SMS: (
        Text(
            template="payment_due_soon",
            purpose="payment_reminder",
            variables=("creditor", "amount", "due_on", "pay_url", "help_phone"),
            weight=4,
        ),
        Text(
            template="payment_overdue",
            purpose="payment_reminder",
            variables=("creditor", "overdue_on", "pay_url", "help_phone"),
            weight=3,
        ),
        Text(
            template="payment_received",
            purpose="payment_confirmation",
            variables=("creditor", "amount", "paid_on", "help_phone"),
            weight=2,
        ),
        Text(template="plan_offer", purpose="plan_offer", variables=_PLAN),
        Text(
            template="hardship_help",
            purpose="hardship_help",
            variables=("creditor", "help_url", "help_phone"),
        ),
        Text(template="call_back", purpose="call_back", variables=("creditor", "help_phone", "agent")),
    ),
    _VOICE: (
        Text(
            template="payment_overdue",
            purpose="payment_reminder",
            variables=("creditor", "borrower", "agent", "help_phone"),
            weight=2,
        ),
        Text(
            template="call_back",
            purpose="call_back",
            variables=("creditor", "borrower", "agent", "help_phone"),
        ),
        Text(
            template="hardship_help",
            purpose="hardship_help",
            variables=("creditor", "borrower", "agent", "help_phone"),
        ),
    ),
    _EMAIL: (
        Text(
            template="payment_due_soon",
            purpose="payment_reminder",
            variables=("creditor", "amount", "due_on", "pay_url", "help_phone", "borrower"),
            weight=4,
        ),
        Text(
            template="payment_overdue",
            purpose="payment_reminder",
            variables=("creditor", "overdue_on", "pay_url", "help_phone", "borrower"),
            weight=2,
        ),
        Text(
            template="payment_received",
            purpose="payment_confirmation",
            variables=("creditor", "amount", "paid_on", "help_phone", "borrower"),
        ),
        Text(template="plan_offer", purpose="plan_offer", variables=(*_PLAN, "borrower")),
        Text(
            template="hardship_help",
            purpose="hardship_help",
            variables=("creditor", "help_url", "help_phone", "borrower"),
        ),
    ),
    _PUSH: (
        Text(
            template="payment_due_soon",
            purpose="payment_reminder",
            variables=("creditor", "amount", "due_on", "help_phone"),
            weight=3,
        ),
        Text(
            template="payment_received",
            purpose="payment_confirmation",
            variables=("creditor", "amount", "paid_on"),
            weight=2,
        ),
        Text(
            template="plan_offer",
            purpose="plan_offer",
            variables=tuple(name for name in _PLAN if name != "plan_url"),
        ),
    ),
}
_AGENTS = ("Maya", "Jon", "Elena", "Sam")
_SPELT = {"overdue_on": "due_on"}  # the text's own name, where ours tells apart what the text does not


def choose_text(random: Random, channel: Channel) -> Text:
    """One of the channel's texts, the common ones more often."""
    texts = TEXTS[channel]
    return random.choices(texts, [text.weight for text in texts])[0]


def fill(
    random: Random, text: Text, *, creditor: Creditor, borrower: str, currency: str, on: date
) -> dict[str, str]:
    """Believable values for every variable of `text`, on the day `on`."""
    amount = f"{random.randint(25, 480)}.{random.choice(('00', '50', '75'))} {currency}"
    values = {
        "creditor": creditor.name,
        "borrower": borrower,
        "agent": random.choice(_AGENTS),
        "amount": amount,
        "due_on": str(on + timedelta(days=random.randint(2, 7))),
        "overdue_on": str(on - timedelta(days=random.randint(5, 40))),
        "paid_on": str(on - timedelta(days=1)),
        "first_on": str(on + timedelta(days=random.randint(7, 21))),
        "plan_count": str(random.choice((3, 6, 12))),
        "plan_amount": amount,
        "pay_url": f"{creditor.site}/pay",
        "plan_url": f"{creditor.site}/plan",
        "help_url": f"{creditor.site}/help",
        "help_phone": creditor.help_phone,
    }
    return {_SPELT.get(name, name): values[name] for name in text.variables}
