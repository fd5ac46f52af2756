"""Where a borrower is: which zones each kind of fact points to. The cases of docs/zones.md."""

from datetime import date

import pytest

from gateway.address import Address, parse_address
from gateway.wire import Borrower
from gateway.zones import known_region, known_zone, zones_of
from throttling.facts import Channel, ZoneEvidence, ZoneKind

MAIL = "ann@example.com"
DAY = date(2026, 1, 15)


def where(address: str = MAIL, **facts: object) -> tuple[ZoneEvidence, ...]:
    channel = Channel.SMS if address.startswith("+") else Channel.EMAIL
    parsed = parse_address(channel, address)
    assert isinstance(parsed, Address)
    return zones_of(Borrower(id="B-1", locale="en", **facts), parsed)


def zones(address: str = MAIL, **facts: object) -> set[str]:
    return {evidence.zone for evidence in where(address, **facts)}


@pytest.mark.parametrize(
    ("country", "code", "expected"),
    [
        ("US", "42728", {"America/Chicago"}),  # Columbia, Kentucky: Central
        ("US", "40202", {"America/Kentucky/Louisville"}),
        ("US", "86033", {"America/Denver"}),  # Kayenta, Navajo Nation: daylight time
        ("US", "86039", {"America/Phoenix"}),  # Kykotsmovi, Hopi, inside it: none
        ("US", "86045", {"America/Denver", "America/Phoenix"}),  # Tuba City: the sources disagree
        ("US", "85001-1234", {"America/Phoenix"}),
        ("US", "46310", {"America/Chicago"}),  # DeMotte, Indiana
        ("US", "46201", {"America/Indiana/Indianapolis"}),
        ("US", "49801", {"America/Menominee"}),  # Iron Mountain, Michigan: Central
        ("US", "79901", {"America/Denver"}),  # El Paso, Texas
        ("US", "32401", {"America/Chicago"}),  # Panama City, Florida
        ("US", "99546", {"America/Adak"}),
        ("US", "00901", {"America/Puerto_Rico"}),
        ("US", "96910", {"Pacific/Guam"}),
        ("US", "00801", {"America/St_Thomas"}),
        ("US", "96799", {"Pacific/Pago_Pago"}),
        ("US", "96950", {"Pacific/Saipan"}),
        ("US", "96941", {"Pacific/Chuuk", "Pacific/Pohnpei", "Pacific/Kosrae"}),  # one post, three zones
        ("CA", "M5V 2T6", {"America/Toronto", "America/Atikokan", "America/Winnipeg"}),
        ("CA", "A1C 5S7", {"America/St_Johns", "America/Goose_Bay"}),
        ("AU", "3000", {"Australia/Melbourne"}),
        (
            "AU",
            "2899",
            {"Australia/Lord_Howe", "Australia/Sydney", "Australia/Broken_Hill", "Pacific/Norfolk"},
        ),
        ("ES", "38001", {"Atlantic/Canary"}),
        ("FR", "97110", {"America/Guadeloupe", "America/Marigot", "America/St_Barthelemy"}),
        ("FR", "97400", {"Indian/Reunion"}),
        ("DK", "3900", {"America/Nuuk", "America/Danmarkshavn", "America/Scoresbysund", "America/Thule"}),
    ],
)
def test_a_postal_code_says_where_somebody_is(country, code, expected):
    """Two-zone states, territories and overseas posts: the code decides, and where it leaves zones open all count."""
    assert zones(country=country, postal_code=code) == expected


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("US-AZ", {"America/Phoenix", "America/Denver"}),
        ("US-TN", {"America/Chicago", "America/New_York"}),
        ("US-ID", {"America/Boise", "America/Los_Angeles"}),
        ("US-OR", {"America/Boise", "America/Los_Angeles"}),
        ("US-NV", {"America/Denver", "America/Los_Angeles"}),
        ("US-NY", {"America/New_York"}),
        ("US-NY-NYC", {"America/New_York"}),
        ("US-PR", {"America/Puerto_Rico"}),
        ("US-GU", {"Pacific/Guam"}),
        ("CA-NL", {"America/St_Johns", "America/Goose_Bay"}),
        ("CA-SK", {"America/Regina", "America/Swift_Current", "America/Winnipeg"}),
        (
            "CA-BC",
            {
                *("America/Vancouver", "America/Creston", "America/Dawson_Creek"),
                *("America/Fort_Nelson", "America/Edmonton"),
            },
        ),
        (
            "CA-NU",
            {
                *("America/Iqaluit", "America/Rankin_Inlet", "America/Cambridge_Bay"),
                *("America/Resolute", "America/Atikokan"),
            },
        ),
        ("AU-NSW", {"Australia/Sydney", "Australia/Broken_Hill", "Australia/Lord_Howe"}),
        ("AU-WA", {"Australia/Perth", "Australia/Eucla"}),
        ("NZ-CIT", {"Pacific/Chatham"}),
        ("NZ-AUK", {"Pacific/Auckland"}),
        ("BR-AM", {"America/Manaus", "America/Eirunepe"}),
        ("BR-SP", {"America/Sao_Paulo"}),
        ("BR-AC", {"America/Rio_Branco"}),
        ("MX-ROO", {"America/Cancun"}),
        ("MX-SON", {"America/Hermosillo"}),
        ("MX-BCN", {"America/Tijuana"}),
        ("ID-BA", {"Asia/Makassar"}),
        ("ID-PA", {"Asia/Jayapura"}),
        ("RU-KGD", {"Europe/Kaliningrad"}),
        ("RU-KGN", {"Asia/Yekaterinburg"}),
        ("KZ-75", {"Asia/Almaty"}),
        ("UA-43", {"Europe/Simferopol"}),
        ("CN-XJ", {"Asia/Shanghai", "Asia/Urumqi"}),
        ("CN-HL", {"Asia/Shanghai"}),
        ("CN-HK", {"Asia/Hong_Kong"}),
        ("ES-TF", {"Atlantic/Canary"}),
        ("PT-20", {"Atlantic/Azores"}),
        ("CL-VS", {"America/Santiago", "Pacific/Easter"}),
        ("FR-974", {"Indian/Reunion"}),
        ("NL-BQ1", {"America/Kralendijk"}),
        ("GB-ENG", {"Europe/London"}),
    ],
)
def test_a_region_has_all_its_zones(region, expected):
    """Who is known only to be in a region may be in any part of it."""
    assert zones(country=region[:2], region=region) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+12025550143", {"America/New_York"}),
        ("+14155550143", {"America/Los_Angeles"}),
        ("+15065550143", {"America/New_York", "America/Halifax"}),  # New Brunswick
        ("+447700900123", {"America/New_York", "Europe/London"}),
        ("+5511961230000", {"America/New_York", "America/Sao_Paulo"}),
        ("+18005550143", {"America/New_York"}),  # toll-free: the country at most, and that is known
    ],
)
def test_a_number_adds_where_it_belongs(number, expected):
    """A ported number is only evidence: it counts beside the address, in the same country and in another."""
    assert zones(number, country="US", region="US-NY") == expected | {"America/New_York"}


def test_a_number_narrows_a_country_of_many_zones():
    """Somebody somewhere in the United States with a Washington number is taken to be in Washington."""
    found = where("+12025550143", country="US")
    assert [(evidence.zone, evidence.kind) for evidence in found] == [("America/New_York", ZoneKind.NUMBER)]


@pytest.mark.parametrize(
    ("country", "number"), [("US", "+18005550143"), ("AU", "+61491570006"), ("RU", "+79161230000")]
)
def test_a_number_of_no_place_leaves_the_whole_country(country, number):
    """Toll-free and most mobile numbers say no more than their country."""
    found = where(number, country=country)
    assert {evidence.kind for evidence in found} == {ZoneKind.COUNTRY}
    assert len(found) > 8


def test_a_foreign_number_of_no_place_adds_its_whole_country():
    """A Russian mobile number may be anywhere in Russia; an address in London does not say where in it."""
    found = zones("+79161230000", country="GB")
    assert {"Europe/London", "Europe/Moscow", "Asia/Kamchatka"} <= found


def test_a_foreign_number_does_not_narrow_the_country():
    """A London number does not tell in which part of the United States its owner lives."""
    found = zones("+442071234567", country="US")
    assert {"Europe/London", "America/New_York", "Pacific/Honolulu"} <= found


def test_a_shared_zone_does_not_let_a_foreign_number_narrow():
    """Simferopol is in the zone database under two countries: a number of the one says nothing about the other."""
    assert {"Europe/Moscow", "Asia/Kamchatka"} <= zones("+380441234567", country="RU")


@pytest.mark.parametrize(
    ("region", "code", "expected"),
    [
        ("US-NY", "90210", {"America/New_York", "America/Los_Angeles"}),
        ("US-IN", "60601", {"America/Chicago", "America/Indiana/Indianapolis"}),
        ("CA-BC", "T5J 0N3", {"America/Vancouver", "America/Edmonton"}),
        ("US-NY", "09012", set()),
    ],
)
def test_region_and_postal_code_that_disagree_both_count(region, code, expected):
    """One of them is old or wrong; nobody knows which, so the hour must be right in both."""
    found = zones(country=region[:2], region=region, postal_code=code)
    assert expected <= found
    assert bool(found) == bool(expected)


def test_a_postal_code_inside_the_region_narrows_it():
    """Paducah's code settles which of Kentucky's zones it is."""
    assert zones(country="US", region="US-KY", postal_code="42001") == {"America/Chicago"}


def test_what_a_borrower_stated_ends_the_ambiguity():
    """The rule about several locations holds "absent knowledge"; a statement is knowledge (comment 6(b)(1)(i)-2)."""
    found = where("+12025550143", country="US", region="US-KY", time_zone="Pacific/Guam", as_of=DAY)
    stated = ZoneEvidence(zone="Pacific/Guam", kind=ZoneKind.STATED, source="borrower.time_zone", as_of=DAY)
    assert found == (stated,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("US/Eastern", "America/New_York"),
        ("US/Arizona", "America/Phoenix"),
        ("Navajo", "America/Denver"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Canada/Newfoundland", "America/St_Johns"),
        ("NZ-CHAT", "Pacific/Chatham"),
        ("PRC", "Asia/Shanghai"),
        ("America/New_York", "America/New_York"),
    ],
)
def test_old_names_of_zones_are_understood(written, meant):
    """Callers store names of thirty years; the decision shows the present one."""
    assert zones(country="US", time_zone=written) == {meant}


@pytest.mark.parametrize(
    "name",
    ["Etc/GMT+5", "UTC", "GMT", "Zulu", "EST", "EST5EDT", "CET", "Factory", "Mars/Olympus", "us/eastern"],
)
def test_an_offset_is_no_place(name):
    """An offset keeps no summer time and so is wrong half the year; it is refused rather than guessed at."""
    assert not known_zone(name)
    assert zones(country="US", region="US-NY", time_zone=name) == {"America/New_York"}


@pytest.mark.parametrize(
    ("country", "region", "known"),
    [
        ("US", "US-NY", True),
        ("US", "US-NY-NYC", True),
        ("US", "US-AE", True),
        ("US", "US-XX", False),
        ("GB", "US-NY", False),
        ("US", "US", False),
        ("CN", "CN-31", False),  # the code of Shanghai until 2017
    ],
)
def test_regions_are_those_of_iso_3166_2(country, region, known):
    """A region that does not exist would match no regional rule, and so permit what the right one forbids."""
    assert known_region(country, region) is known


def test_mail_to_the_armed_forces_hides_the_place():
    """A soldier behind an APO address may be anywhere on earth, whatever the number says: no zone, no contact."""
    assert where("+12025550143", country="US", postal_code="09012") == ()
    assert where("+12025550143", country="US", region="US-AP") == ()


def test_an_unknown_country_has_no_zone():
    """Nothing is assumed about a code that no list has; a rule that needs a zone then denies."""
    assert where(country="ZZ") == ()
    assert zones(country="XK") == {
        "Europe/Belgrade"
    }  # Kosovo: the zone database has no code for it, GeoNames does


def test_evidence_names_its_fact_and_its_date():
    """The date is that of the address; nobody said when the number was right."""
    found = where("+12025550143", country="US", region="US-IL", postal_code="60601", as_of=DAY)
    assert [(e.zone, e.kind, e.source, e.as_of) for e in found] == [
        ("America/Chicago", ZoneKind.POSTAL_CODE, "ZIP 606xx", DAY),
        ("America/New_York", ZoneKind.NUMBER, "number of US", None),
    ]
