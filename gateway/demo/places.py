"""Where the invented borrowers live: enough of the world that it is always day somewhere and night somewhere else.

Numbers are of ranges that no subscriber has: NANPA's 555-0100 to 555-0199 in every area code, Ofcom's 07700 900000 to
900999, ACMA's 5550 0000 to 5550 9999. Where no range is reserved for stories, people have a mailbox and an app only.
"""

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place. `number` is a number less its last digits; `time_zone` is stated where nothing else tells it."""

    weight: int
    country: str
    currency: str
    region: str | None = None
    postal_code: str | None = None
    time_zone: str | None = None
    number: str | None = None
    locales: tuple[str, ...] = ("en",)


_SPANISH = ("en", "en", "es")
_CHINESE = ("en", "en", "en", "zh-Hans")


def _us(weight: int, region: str, postal_code: str, area: int, locales: tuple[str, ...] = ("en",)) -> Place:
    return Place(
        weight=weight,
        country="US",
        currency="USD",
        region=f"US-{region}",
        postal_code=postal_code,
        number=f"+1{area}55501",
        locales=locales,
    )


def _canada(weight: int, region: str, zone: str, area: int) -> Place:
    return Place(
        weight=weight,
        country="CA",
        currency="CAD",
        region=f"CA-{region}",
        time_zone=zone,
        number=f"+1{area}55501",
    )


def _australia(weight: int, region: str, zone: str, area: int) -> Place:
    return Place(
        weight=weight,
        country="AU",
        currency="AUD",
        region=f"AU-{region}",
        time_zone=zone,
        number=f"+61{area}555001",
    )


def _online(weight: int, country: str, currency: str, zone: str, *locales: str) -> Place:
    return Place(
        weight=weight, country=country, currency=currency, time_zone=zone, locales=locales or ("en",)
    )


PLACES = (
    _us(5, "NY-NYC", "10001", 212, _SPANISH),
    _us(3, "NY", "14201", 716),
    _us(3, "MA", "02108", 617),
    _us(2, "DC", "20001", 202),
    _us(4, "FL", "33101", 305, _SPANISH),
    _us(3, "GA", "30303", 404),
    _us(4, "IL", "60601", 312, _SPANISH),
    _us(4, "TX", "75201", 214, _SPANISH),
    _us(2, "KS", "67735", 785),  # Mountain time in a state that is mostly Central
    _us(2, "CO", "80202", 303),
    _us(2, "AZ", "85001", 602, _SPANISH),
    _us(5, "CA", "90001", 213, _SPANISH),
    _us(3, "CA", "94103", 415, _CHINESE),
    _us(4, "WA", "98101", 206, _CHINESE),
    _us(1, "AK", "99501", 907),
    _us(3, "HI", "96813", 808),
    Place(
        weight=2,
        country="PR",
        currency="USD",
        time_zone="America/Puerto_Rico",
        number="+178755501",
        locales=("es",),
    ),
    Place(
        weight=2,
        country="GU",
        currency="USD",
        time_zone="Pacific/Guam",
        number="+167155501",
    ),
    _canada(3, "ON", "America/Toronto", 416),
    _canada(2, "BC", "America/Vancouver", 604),
    Place(weight=9, country="GB", currency="GBP", region="GB-ENG", number="+447700900"),
    _australia(4, "NSW", "Australia/Sydney", 2),
    _australia(3, "VIC", "Australia/Melbourne", 3),
    _australia(4, "WA", "Australia/Perth", 8),
    _online(4, "CN", "CNY", "Asia/Shanghai", "zh-Hans"),
    _online(3, "SG", "SGD", "Asia/Singapore", "en", "zh-Hans"),
    _online(4, "IN", "INR", "Asia/Kolkata"),
    _online(2, "NZ", "NZD", "Pacific/Auckland"),
    _online(2, "ZA", "ZAR", "Africa/Johannesburg"),
    _online(2, "IE", "EUR", "Europe/Dublin"),
    _online(3, "ES", "EUR", "Europe/Madrid", "es"),
    _online(3, "MX", "MXN", "America/Mexico_City", "es"),
)
