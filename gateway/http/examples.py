"""Bodies and answers shown in the contract and on the page; a test reads every one of them with the real types."""

from typing import Any, Final

CONTACT: Final[dict[str, Any]] = {
    "creditor": "acme-bank",
    "borrower": {
        "id": "B-1001",
        "locale": "en-US",
        "country": "US",
        "region": "US-OH",
        "postal_code": "44113",
        "as_of": "2026-01-15",
    },
    "debts": [{"id": "D-77", "type": "credit_card", "days_past_due": 42}],
    "channel": "sms",
    "address": "+12125550143",
    "template": "payment_reminder",
    "variables": {"first_name": "Ada", "amount": "$120.00"},
    "purpose": "reminder",
    "reference": "campaign-7",
}
_SINCE: Final = "2026-03-02T15:00:00-05:00"

BODIES: Final[dict[str, Any]] = {
    "createContact": CONTACT,
    "createContacts": [
        {**CONTACT, "idempotency_key": "2026-03-02-B-1001-1"},
        {**CONTACT, "idempotency_key": "2026-03-02-B-1001-2", "priority": "bulk", "if_closed": "deny"},
    ],
    "cancelContact": {"reason": "paid"},
    "cancelContacts": {"creditor": "acme-bank", "debt": "D-77", "reason": "paid"},
    "createDecision": {**CONTACT, "at": "2026-03-02T22:30:00-05:00"},
    "createDecisions": [CONTACT],
    "reportEvent": {
        "creditor": "acme-bank",
        "borrower": "B-1001",
        "kind": "conversation",
        "channel": "voice",
        "at": _SINCE,
        "debts": ["D-77"],
        "reference": "call-88123",
    },
    "optOut": {
        "creditor": "acme-bank",
        "scope": "address",
        "channel": "sms",
        "address": "+12125550143",
        "source": "agent",
        "at": _SINCE,
        "evidence": "call-88123",
    },
    "addRestriction": {
        "creditor": "acme-bank",
        "kind": "attorney",
        "since": _SINCE,
        "source": "letter",
        "evidence": "letter-2231",
    },
    "liftRestriction": {"creditor": "acme-bank", "source": "letter", "evidence": "letter-2290"},
    "addConsent": {
        "creditor": "acme-bank",
        "purpose": "reminder",
        "channel": "sms",
        "given_at": _SINCE,
        "source": "web_form",
        "wording": "form-2026-01",
    },
}

_DECISION: Final[dict[str, Any]] = {
    "verdict": "defer",
    "code": "hours-closed",
    "explanation": "It is 22:30 in America/New_York; contact is open from 08:00 to 21:00.",
    "at": "2026-03-03T03:30:00Z",
    "valid_until": "2026-03-03T13:00:00Z",
    "until": "2026-03-03T13:00:00Z",
    "policy": "9f2c…",
    "tzdb": "2026f",
    "zones": [
        {
            "zone": "America/New_York",
            "kind": "postal_code",
            "source": "US ZIP",
            "as_of": "2026-01-15",
            "local": "2026-03-02T22:30:00",
        }
    ],
    "rules": [
        {
            "rule": "us.regf.hours",
            "pack": "US-FED-REGF",
            "version": "1",
            "citation": "12 CFR 1006.6(b)(1)",
            "confidence": "verified",
            "force": "prohibition",
            "outcome": "defer",
            "code": "hours-closed",
            "explanation": "It is 22:30 in America/New_York; contact is open from 08:00 to 21:00.",
            "window": "08:00-21:00",
            "until": "2026-03-03T13:00:00Z",
        }
    ],
}
_CONTACT_ANSWER: Final[dict[str, Any]] = {
    "id": "019534a1-7c2e-7d10-8a44-0c52a1b9e3f7",
    "status": "scheduled",
    "creditor": "acme-bank",
    "channel": "sms",
    "created_at": "2026-03-03T03:30:00Z",
    "due_at": "2026-03-03T13:00:00Z",
    "expires_at": "2026-03-04T13:00:00Z",
    "reference": "campaign-7",
    "decision": _DECISION,
}

ANSWERS: Final[dict[str, Any]] = {
    "createContact": _CONTACT_ANSWER,
    "createDecision": _DECISION,
    "cancelContacts": {
        "cancelled": 2,
        "too_late": 0,
        "ids": [_CONTACT_ANSWER["id"], "019534a1-7c2e-7d10-8a44-0c52a1b9e3f8"],
    },
    "listChanges": {
        "items": [
            {
                "cursor": "1042",
                "at": "2026-03-03T13:00:01Z",
                "contact": _CONTACT_ANSWER["id"],
                "kind": "attempt.outcome",
                "state": "sent",
                "reference": "campaign-7",
            }
        ],
        "next": "1042",
    },
}
