"""What callers send: checked for every fault, told by name and never by value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_sms.catalogue import Catalogue, build_catalogue, read_catalogue_files
from templates_sms.check_variables import check_variables
from templates_sms.currencies import MINOR_DIGITS
from templates_sms.variables import SPELLINGS, VariableKind

GOOD = {
    VariableKind.TEXT: ["Example Lending", "贷款示例公司", "6", "A & B <Co>"],
    VariableKind.NAME: [
        "Ana",
        "Ana María O'Neil",
        "Jean-Luc P.",
        "王小明",
        "Нина",
        "José\u2019s",
        "Nguyễn Thị Loan",
    ],
    VariableKind.AMOUNT: [
        "0.05 USD",
        "120.00 USD",
        "1234.50 EUR",
        "5000 JPY",
        "1.250 KWD",
        "999999999999.99 MXN",
    ],
    VariableKind.DATE: ["2026-03-14", "2028-02-29"],
    VariableKind.URL: [
        "https://pay.example.com/p/7Q2K",
        "https://example.org",
        "https://pay.example.com/?id=7&lang=en",
        "https://a.example/x%20y,z;a=1:2",
    ],
    VariableKind.PHONE: ["+12025550143", "+442079460123", "+8613912345678"],
}
BAD = {
    VariableKind.TEXT: ["see http://evil.example", "www.evil.example", "javascript://x", "a\nb", "a\u202eb", "x" * 161],
    VariableKind.NAME: ["4na", "Ana <b>", "ana@example.com", "https://x", "Ana1", "-", "A" * 81, "Ana\tB", "Ana\u200b"],
    VariableKind.AMOUNT: [
        "120 USD", "120.0 USD", "120.000 USD", "1,200.00 USD", "120.00", "USD 120.00", "-1.00 USD", "5000.00 JPY",
        "1.50 KWD", "120.00 USX", "120.00 usd", "0120.00 USD", "120.00  USD", "\uff1120.00 USD", "1e3 USD", ".50 USD",
    ],
    VariableKind.DATE: [
        "2026-02-30", "14/03/2026", "2026-3-14", "0026-03-14", "2026-03-14T10:00", "20260314", "\uff12026-03-14",
    ],
    VariableKind.URL: [
        "http://pay.example.com", "https://bank.example@evil.example/", "https://127.0.0.1/x", "https://localhost/x",
        "javascript:alert(1)", "https://pay.example.com:8443/x", "https://p\u0430y.example.com/x", 'https://x.example/"onload',
        "https://x.example/<b>", "https://x.example/a b", "https://-x.example/", "pay.example.com",
        "https://x.example/" + "a" * 200,
    ],
    VariableKind.PHONE: ["2025550143", "+1 202 555 0143", "+0123456789", "+1202", "+1202555014x", "+12025550143123456"],
}  # fmt: skip


CATALOGUE = build_catalogue(read_catalogue_files())
assert isinstance(CATALOGUE, Catalogue)
DUE_SOON = CATALOGUE.templates["payment_due_soon", "email", "en"]
SENT = {
    "creditor": "Example Lending",
    "amount": "120.00 USD",
    "due_on": "2026-03-14",
    "pay_url": "https://pay.example.com/p/7Q2K",
    "help_phone": "+12025550143",
}


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in GOOD.items() for value in values]
)
def test_spelling_takes_what_people_are_called_and_owe(kind: VariableKind, value: str) -> None:
    """Real names, amounts, dates, links and numbers of many countries pass."""
    assert SPELLINGS[kind].fits(value)
    assert len(value) <= SPELLINGS[kind].length_max


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in BAD.items() for value in values]
)
def test_spelling_refuses_what_would_mislead(kind: VariableKind, value: str) -> None:
    """Markup, smuggled links, look-alike hosts, ambiguous amounts and impossible dates do not pass."""
    name = next(
        name
        for name, one in {
            "creditor": VariableKind.TEXT, "borrower": VariableKind.NAME, "amount": VariableKind.AMOUNT,
            "due_on": VariableKind.DATE, "pay_url": VariableKind.URL, "help_phone": VariableKind.PHONE,
        }.items()
        if one is kind
    )  # fmt: skip
    (fault,) = check_variables(DUE_SOON, SENT | {name: value})
    assert fault.name == name
    assert fault.code in {"wrong-format", "too-long", "control-character"}


def test_valid_variables_have_no_faults() -> None:
    """What the documentation shows is accepted, with and without the optional name."""
    assert check_variables(DUE_SOON, SENT) == []
    assert check_variables(DUE_SOON, SENT | {"borrower": "Ana Diaz"}) == []


def test_every_fault_is_listed_with_its_pointer() -> None:
    """A caller sees all faults at once, each by JSON pointer, missing and unknown ones too."""
    sent = {
        "creditor": " ",
        "amount": "12",
        "due_on": "2026-03-14",
        "pay_url": "x" * 201,
        "a/b~c": "1",
        "borrower": "",
    }
    found = {(fault.pointer, fault.code) for fault in check_variables(DUE_SOON, sent)}
    assert found == {
        ("/creditor", "empty"),
        ("/amount", "wrong-format"),
        ("/pay_url", "too-long"),
        ("/help_phone", "missing"),
        ("/borrower", "empty"),
        ("/a~1b~0c", "unknown"),
    }


@given(
    st.dictionaries(
        st.sampled_from([*SENT, "borrower", "other"]), st.text(alphabet="\x00\n€zQ", min_size=3), min_size=1
    )
)
def test_faults_never_quote_a_value(values: dict[str, str]) -> None:
    """A fault ends up in answers and logs; the person's data must not travel there with it."""
    for fault in check_variables(DUE_SOON, values):
        assert all(value not in fault.message + fault.hint for value in values.values())


def test_currencies_have_the_decimals_of_iso_4217() -> None:
    """Yen have none, dinars of Kuwait three, most two, and no code stands in two lists."""
    assert (MINOR_DIGITS["JPY"], MINOR_DIGITS["USD"], MINOR_DIGITS["KWD"]) == (0, 2, 3)
    assert all(len(code) == 3 and code.isupper() for code in MINOR_DIGITS)
    assert len(MINOR_DIGITS) > 150
