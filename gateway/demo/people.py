"""Invented borrowers: who they are, where, how they can be reached, and what they owe."""

from random import Random

import msgspec

from gateway.demo.places import PLACES, Place
from gateway.demo.texts import CREDITORS, Creditor
from gateway.wire import Borrower, DebtItem
from throttling.facts import Channel

_NAMES = {
    "en": (
        "Ada",
        "Ben",
        "Chloe",
        "Dev",
        "Erin",
        "Femi",
        "Grace",
        "Hugo",
        "Isla",
        "Jude",
        "Kira",
        "Liam",
        "Noor",
    ),
    "es": ("Alba", "Bruno", "Carla", "Diego", "Elsa", "Hugo", "Irene", "Lucas", "Marta", "Pablo", "Sara"),
    "zh-Hans": ("伟", "芳", "娜", "敏", "静", "磊", "洋", "艳"),
}
_WORDS = ("maple", "river", "cedar", "amber", "slate", "coral", "birch", "delta", "heron", "lumen")
_USUAL_ENDINGS = range(20, 100)
_SCRIPTED_ENDINGS = range(1, 14)
_SCRIPTED_SHARE = 0.2
_MOVED_SHARE = 0.06


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One invented borrower, as one creditor knows them."""

    name: str
    borrower: Borrower
    place: Place
    creditor: Creditor
    debts: tuple[DebtItem, ...]
    addresses: dict[Channel, str]


def invent_person(random: Random, identifier: str) -> Person:
    """A borrower named `identifier` at a place drawn by its weight; the last two digits of addresses may be scripted.

    A few have kept the number of a place where they used to live: two facts then point to two time zones.
    """
    place = random.choices(PLACES, [each.weight for each in PLACES])[0]
    locale = random.choice(place.locales)
    creditor = random.choice(CREDITORS)
    return Person(
        name=random.choice(_NAMES[locale]),
        borrower=Borrower(
            id=identifier,
            locale=locale,
            country=place.country,
            region=place.region,
            postal_code=place.postal_code,
            time_zone=place.time_zone,
        ),
        place=place,
        creditor=creditor,
        debts=tuple(
            DebtItem(
                id=f"{identifier}-D{number}",
                type=random.choice(creditor.debt_types),
                days_past_due=random.choice((0, 0, 3, 12, 35, 64, 110)),
            )
            for number in range(1, random.choice((1, 1, 1, 2, 2, 3)) + 1)
        ),
        addresses=_addresses(random, place),
    )


def _addresses(random: Random, place: Place) -> dict[Channel, str]:
    number = place.number
    if place.country == "US" and random.random() < _MOVED_SHARE:
        number = random.choice([each.number for each in PLACES if each.country == "US"])
    found = {
        Channel.EMAIL: f"{random.choice(_WORDS)}.{random.choice(_WORDS)}{_ending(random)}@example.com",
        Channel.PUSH: f"demo-phone-{random.getrandbits(40):010x}-{_ending(random)}",
    }
    if number is not None:
        found[Channel.SMS] = found[Channel.VOICE] = number + _line(random, number)
    return found


def _line(random: Random, number: str) -> str:
    """The last digits: two, or three where Ofcom's range leaves three."""
    return f"{random.randrange(10)}{_ending(random)}" if number.startswith("+44") else _ending(random)


def _ending(random: Random) -> str:
    scripted = random.random() < _SCRIPTED_SHARE
    return f"{random.choice(_SCRIPTED_ENDINGS if scripted else _USUAL_ENDINGS):02}"
