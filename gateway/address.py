"""Addresses as a caller writes them, made exact: E.164 numbers, mailboxes, push tokens. The door to phonenumbers."""

import re
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from msgspec import Struct
from phonenumbers import timezone as number_zones

from gateway.zone_names import country_zones, place_zone
from throttling.facts import Channel

# RFC 5321 4.5.3.1: 64 octets before the @, 255 after it, and 254 for the whole path; RFC 5322 dot-atom, without
# comments, quoted strings and address literals, which no borrower has and which only make injection easier.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_MAILBOX_MAX, _LOCAL_PART_MAX = 254, 64
_PUSH_TOKEN = re.compile(r"[\x21-\x7e]{8,2048}")
_E164 = re.compile(r"\+[1-9]\d{6,14}")  # ITU-T E.164: at most 15 digits, no leading zero
_NO_REGION = {"ZZ", "001"}  # unknown, and codes of no country (satellite, international freephone)
_LINE_DIGITS = 4
_OF_ONE_COUNTRY = {
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
}


class AddressKind(StrEnum):
    """What an address is. A number is one address for texts and calls: a STOP by text closes it for both."""

    PHONE = "phone"
    EMAIL = "email"
    PUSH = "push"


KIND_OF: dict[Channel, AddressKind] = {
    Channel.SMS: AddressKind.PHONE,
    Channel.VOICE: AddressKind.PHONE,
    Channel.EMAIL: AddressKind.EMAIL,
    Channel.PUSH: AddressKind.PUSH,
}


class Address(Struct, frozen=True, kw_only=True):
    """A normalised address, and what a number itself says of where it belongs.

    `countries` are those it may belong to, the main one first: one, unless it is a free or unknown number of a calling
    code that several share. `zones` are those of its exchange; empty where it names no place (most mobile numbers).
    """

    kind: AddressKind
    text: str
    countries: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Name the kind only, so that no traceback or log can tell the address."""
        return f"Address(kind={self.kind.value!r})"


class AddressFault(Struct, frozen=True, kw_only=True):
    """Why text is no address of its kind, and what would be one; never the text itself."""

    message: str
    hint: str


def parse_address(channel: Channel, text: str) -> Address | AddressFault:
    """The address in the one form that equal addresses share, or what is wrong with it."""
    return _PARSERS[KIND_OF[channel]](text)


def _parse_number(text: str) -> Address | AddressFault:
    if not _E164.fullmatch(text):
        return AddressFault(
            message="not an E.164 number",
            hint="write + and the country code, then the number without spaces, such as +12025550143",
        )
    countries, zones, possible = _place_of(text[:-_LINE_DIGITS] + "0" * _LINE_DIGITS)
    if not possible:
        return AddressFault(
            message="no number of this country has this length",
            hint="check the country code and count the digits",
        )
    return Address(kind=AddressKind.PHONE, text=text, countries=countries, zones=zones)


@lru_cache(maxsize=65_536)
def _place_of(line_zero: str) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Countries, time zones and possible length of a number whose last digits are zeroed.

    Those digits tell a subscriber, not a place. Without them the 50 us of the look-up are paid once per exchange, and
    no process keeps a list of people's numbers.
    """
    try:
        number = phonenumbers.parse(line_zero, None)
    except phonenumbers.NumberParseException:
        return (), (), False
    countries = _countries_of(number)
    return countries, _zones_of(number, countries), phonenumbers.is_possible_number(number)


def _countries_of(number: phonenumbers.PhoneNumber) -> tuple[str, ...]:
    if phonenumbers.number_type(number) in _OF_ONE_COUNTRY:
        codes = [phonenumbers.region_code_for_number(number)]
    else:
        codes = list(phonenumbers.region_codes_for_country_code(number.country_code or 0))
    return tuple(code for code in codes if code is not None and code not in _NO_REGION)


def _zones_of(number: phonenumbers.PhoneNumber, countries: tuple[str, ...]) -> tuple[str, ...]:
    """The zones of the exchange, as far as its country has them.

    All zones of a country of several are what the library answers when it knows nothing narrower.
    """
    if len(countries) != 1:
        return ()
    country = country_zones(countries[0])
    named = {place_zone(zone) for zone in number_zones.time_zones_for_number(number)}
    zones = tuple(zone for zone in country if zone in named)
    if len(country) > 1 and (len(zones) == len(country) or not phonenumbers.is_number_geographical(number)):
        return ()
    return zones


def _parse_mailbox(text: str) -> Address | AddressFault:
    local, _, domain = text.rpartition("@")
    if len(text) > _MAILBOX_MAX or len(local) > _LOCAL_PART_MAX or not _MAILBOX.fullmatch(text):
        return AddressFault(
            message="not a mailbox", hint="write it as name@example.com, in ASCII, without a display name"
        )
    # Only the domain is case-insensitive by RFC 5321 2.4, but no mail service in use tells Ann from ann, and a STOP
    # from one must close the other.
    return Address(kind=AddressKind.EMAIL, text=f"{local.lower()}@{domain.lower()}")


def _parse_push_token(text: str) -> Address | AddressFault:
    if not _PUSH_TOKEN.fullmatch(text):
        return AddressFault(
            message="not a push token", hint="8 to 2048 printable ASCII characters without spaces"
        )
    return Address(kind=AddressKind.PUSH, text=text)


_PARSERS = {
    AddressKind.PHONE: _parse_number,
    AddressKind.EMAIL: _parse_mailbox,
    AddressKind.PUSH: _parse_push_token,
}
