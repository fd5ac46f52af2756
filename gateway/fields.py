"""The fields of the wire: text, dates and instants with their bounds, a description and an example each.

The descriptions are written for the caller: they are the field's text in the OpenAPI document and the hint of a
fault. Patterns are published, so they keep to what ECMA 262 and Python both understand.
"""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

CreditorId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Your id of the creditor: letters, digits, dot, hyphen, underscore.",
        examples=["acme-bank"],
    ),
]
ExternalId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="Your own id, as text of 1 to 128 characters.",
        examples=["B-1001"],
    ),
]
Slug = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[a-z][a-z0-9_.-]*$",
        description="A lower-case name such as payment_reminder.",
        examples=["payment_reminder"],
    ),
]
Address = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=2048,
        description="E.164 for sms and voice (+12025550143), a mailbox for email, a token for push.",
        examples=["+12025550143"],
    ),
]
Instant = Annotated[
    datetime,
    Meta(
        tz=True,
        description="RFC 3339 with an offset, such as 2026-03-02T15:00:00-05:00 or 2026-03-02T20:00:00Z.",
        examples=["2026-03-02T15:00:00-05:00"],
    ),
]
Day = Annotated[date, Meta(description="A date as YYYY-MM-DD.", examples=["2026-01-15"])]
Locale = Annotated[
    str,
    Meta(
        max_length=35,
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        description="A BCP 47 language tag such as en-US.",
        examples=["en-US"],
    ),
]
Country = Annotated[
    str, Meta(pattern=r"^[A-Z]{2}$", description="An ISO 3166-1 alpha-2 code such as US.", examples=["US"])
]
Region = Annotated[
    str,
    Meta(
        max_length=16,
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,6}){1,2}$",
        description="An ISO 3166-2 code such as US-NY; a city with rules of its own is appended, US-NY-NYC.",
        examples=["US-NY"],
    ),
]
PostalCode = Annotated[
    str,
    Meta(min_length=2, max_length=16, description="The postal code as written locally.", examples=["10001"]),
]
ZoneName = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
        description="An IANA time zone such as America/New_York, if the borrower stated it.",
        examples=["America/New_York"],
    ),
]
Evidence = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="Where the proof is kept (a call id, a letter id); no text about a person.",
        examples=["call-88123"],
    ),
]
IdempotencyKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="1 to 255 printable ASCII characters; a repeat gets the first answer.",
        examples=["2026-03-02-B-1001-1"],
    ),
]
# No pattern on the two names below: both must match a stored template anyway, and a pattern costs 0.5 us a field.
TemplateName = Annotated[
    str,
    Meta(min_length=1, max_length=64, description="The approved template's name.", examples=["reminder.sms"]),
]
VariableName = Annotated[str, Meta(min_length=1, max_length=64)]
VariableText = Annotated[str, Meta(max_length=1000)]
