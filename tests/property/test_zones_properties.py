"""What holds of the candidate zones for any facts."""

from datetime import date
from zoneinfo import available_timezones

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.address import Address, AddressKind, parse_address
from gateway.place_table import read_place_table, regions_of_postal_code
from gateway.wire import Borrower
from gateway.zip_table import read_zip_table
from gateway.zone_names import countries
from gateway.zones import zones_of
from throttling.facts import Channel, ZoneKind

TABLE = read_place_table()
ZONES = available_timezones()
NUMBERS = ["+12025550143", "+18005550143", "+447700900123", "+79161230000", "+61491570006", "+5511961230000"]
WIDTH = {ZoneKind.COUNTRY: 3, ZoneKind.REGION: 2, ZoneKind.POSTAL_CODE: 1}

places = st.one_of(
    st.tuples(st.sampled_from(countries()), st.none(), st.none()),
    st.sampled_from(sorted(code for code in TABLE.regions if "-" in code)).flatmap(
        lambda region: st.tuples(st.just(region[:2]), st.just(region), st.none())
    ),
    st.tuples(
        st.just("US"),
        st.sampled_from([None, "US-NY", "US-KY", "US-AZ"]),
        st.one_of(st.sampled_from(sorted(read_zip_table())), st.integers(0, 99_999).map(lambda n: f"{n:05}")),
    ),
    st.tuples(st.just("AU"), st.sampled_from([None, "AU-SA"]), st.integers(0, 9999).map(lambda n: f"{n:04}")),
)
borrowers = st.builds(
    lambda place, zone, as_of: Borrower(
        id="B-1",
        locale="en",
        country=place[0],
        region=place[1],
        postal_code=place[2],
        time_zone=zone,
        as_of=as_of,
    ),
    places,
    st.sampled_from([None, None, None, "US/Eastern", "Pacific/Chatham", "Etc/GMT+3"]),
    st.sampled_from([None, date(2001, 2, 3)]),
)
addresses = st.sampled_from(
    [Address(kind=AddressKind.EMAIL, text="ann@example.com")]
    + [parsed for n in NUMBERS if isinstance(parsed := parse_address(Channel.SMS, n), Address)]
)


def hidden(borrower: Borrower) -> bool:
    """Whether the mail goes to the armed forces."""
    codes = regions_of_postal_code(TABLE, borrower.country, borrower.postal_code or "")
    return any(TABLE.regions.get(code) == () for code in (*codes, borrower.region))


@given(borrowers, addresses)
def test_zones_are_real_and_a_known_country_has_some(borrower, address):
    """Every candidate can be computed with, and only mail to the armed forces leaves none."""
    found = zones_of(borrower, address)
    assert {evidence.zone for evidence in found} <= ZONES
    assert found or hidden(borrower)


@given(borrowers, addresses)
def test_the_same_facts_give_the_same_zones_in_the_same_order(borrower, address):
    """A decision can be made again, byte for byte: also without what was remembered from the first time."""
    first = zones_of(borrower, address)
    zones_of.__globals__["_candidates"].cache_clear()
    assert zones_of(borrower, address) == first


@given(borrowers, addresses, addresses)
def test_a_number_only_adds_or_narrows_a_bare_country(borrower, mail, number):
    """Whatever somebody's number is, it takes no zone away that a postal code or a region gave."""
    bare = zones_of(borrower, Address(kind=AddressKind.EMAIL, text="ann@example.com"))
    told = zones_of(borrower, number)
    lost = [evidence for evidence in bare if evidence not in told]
    assert {evidence.kind for evidence in lost} <= {ZoneKind.COUNTRY}
    if lost:
        assert {evidence.zone for evidence in told} < {evidence.zone for evidence in bare}


@given(borrowers, addresses)
def test_a_narrower_fact_only_narrows_a_wider_one(borrower, address):
    """Without its postal code an address means the same zones or more, or the code and the region disagreed."""
    with_code = zones_of(borrower, address)
    without = zones_of(msgspec.structs.replace(borrower, postal_code=None), address)
    lost = [evidence for evidence in without if evidence not in with_code]
    if hidden(borrower):
        assert with_code == () or with_code[0].kind is ZoneKind.STATED
    else:
        now = {evidence.kind for evidence in with_code}
        assert all(WIDTH.get(evidence.kind, 0) > min(WIDTH.get(kind, 9) for kind in now) for evidence in lost)
