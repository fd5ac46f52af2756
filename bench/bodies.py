"""Requests to measure with: fresh borrowers, debts and keys, reserved numbers, in places whose laws differ."""

from typing import Any, Final

import msgspec

CREDITOR: Final = "acme"

# State, ZIP code and area codes of one zone each, so that number and postal address agree, as they mostly do.
PLACES: Final = (
    ("US-NY", "10001", (212, 315, 347, 516, 518, 585, 607, 631, 646, 716, 718, 845, 914, 917, 929)),
    ("US-CA", "90012", (209, 213, 310, 323, 408, 415, 510, 530, 559, 562, 619, 626, 650, 661, 707, 714, 760)),
    ("US-FL", "33101", (239, 305, 321, 352, 386, 407, 561, 727, 754, 772, 786, 813, 904, 941, 954)),
    ("US-TX", "77002", (210, 214, 254, 281, 361, 409, 512, 713, 817, 830, 832, 903, 936, 940, 956, 972)),
    ("US-IL", "60601", (217, 309, 312, 618, 630, 708, 773, 815, 847)),
    ("US-PA", "19103", (215, 267, 412, 484, 570, 610, 717, 724, 814)),
    ("US-OH", "43215", (216, 234, 330, 419, 440, 513, 567, 614, 740, 937)),
    ("US-GA", "30303", (229, 404, 478, 678, 706, 770, 912)),
    ("US-NC", "28202", (252, 336, 704, 828, 910, 919, 980)),
    ("US-MA", "02108", (339, 351, 413, 508, 617, 774, 781, 857, 978)),
    ("US-WA", "98101", (206, 253, 360, 425, 509)),
)
HOMES: Final = tuple((region, code, area) for region, code, areas in PLACES for area in areas)
# 555-0100 to 555-0199 are reserved for examples in every area code; at 01 to 13 the sandbox plays its scripts.
NUMBERS: Final = range(14, 100)


def contact(index: int, *, batch: bool = False) -> bytes:
    """The body of one contact request; different borrower, debt and key for every index."""
    region, code, area = HOMES[index % len(HOMES)]
    number = NUMBERS[index // len(HOMES) % len(NUMBERS)]
    body: dict[str, Any] = {
        "creditor": CREDITOR,
        "borrower": {
            "id": f"B-{index}",
            "locale": "en-US",
            "country": "US",
            "region": region,
            "postal_code": code,
        },
        "debts": [{"id": f"D-{index}", "type": "credit_card", "days_past_due": 12}],
        "channel": "sms",
        "address": f"+1{area}55501{number:02}",
        "template": "payment_due_soon",
        "purpose": "payment_reminder",
        "variables": {
            "creditor": "Acme Lending",
            "amount": "120.00 USD",
            "due_on": "2026-12-01",
            "pay_url": "https://pay.acme.example/p/7",
            "help_phone": "+12025550123",
        },
        "reference": f"run-{index}",
    }
    if batch:
        body["idempotency_key"] = f"k-{index}"
    return msgspec.json.encode(body)


def request(path: str, body: bytes, *, token: str, key: str | None) -> bytes:
    """The bytes of one HTTP request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if key is not None:
        lines.append(f"Idempotency-Key: {key}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
