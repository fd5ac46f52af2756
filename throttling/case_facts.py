"""The request and the facts of a case, from the plain values of a file: what is left out is the ordinary."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from throttling.case_times import FORM, read_time
from throttling.facts import (
    AddressFacts,
    BorrowerFacts,
    Consent,
    Debt,
    Event,
    Facts,
    Override,
    Request,
    Restriction,
    Suppression,
    SuppressionScope,
    ZoneEvidence,
)
from throttling.kinds.hours import Opening
from throttling.scribe import Path, Scribe
from throttling.week import WEEK

T = TypeVar("T")
DAY = timedelta(days=1)

TIMES = ("at", "since", "until", "renewed", "revoked", "checked")
REQUEST: dict[str, object] = {
    "channel": "sms",
    "creditor": "acme",
    "purpose": "reminder",
    "template": "t",
    "lines": ["opt_out"],
    "address": "a1",
    "country": "US",
    "region": None,
    "debts": ["d1"],
}
FACTS = ("events", "pending", "suppressions", "restrictions", "consents", "states", "address")
ADDRESS = ("suppressions", "traits", "checked")


class CaseReader:
    """Reads the facts of one case. `zone` is that of `at`; `path` is where the case stands in its file."""

    def __init__(self, scribe: Scribe, path: Path, at: datetime, zone: ZoneInfo | None) -> None:
        self.scribe = scribe
        self.path = path
        self.at = at
        self.zone = zone

    def request(self, raw: object, defaults: Mapping[str, object]) -> Request | None:
        """Read the request, laid over the ordinary one."""
        path = (*self.path, "request")
        values = self._mapping(raw, path)
        if values is None:
            return None
        values = {**REQUEST, **defaults, **values}
        here = () if self.zone is None else (self.zone.key,)
        values["zones"] = self._each(
            values.get("zones", list(here)),
            ZoneEvidence,
            (*path, "zones"),
            "zone",
            kind="address",
            source="case",
        )
        values["debts"] = self._each(values["debts"], Debt, (*path, "debts"), "token")
        override = values.get("override")
        if override is not None:
            values["override"] = self._one(override, Override, (*path, "override"))
        return self._one(values, Request, path)

    def facts(self, raw: object, request: Request) -> Facts | None:
        """Read what is known of the person and the address, laid over nothing."""
        path = (*self.path, "facts")
        values = self._mapping(raw, path)
        if values is None or not self._known(values, FACTS, path):
            return None
        told = self._dated(values, "suppressions", Suppression, "s", source="told")
        # An opt-out of this address may be told with the person's: it belongs to the address.
        here = [one for one in told if one.scope is SuppressionScope.ADDRESS and one.address is None]
        address = self._address(values.get("address"), here)
        borrower = BorrowerFacts(
            version=1,
            events=self._events(values.get("events", []), request, "events"),
            suppressions=tuple(one for one in told if one not in here),
            restrictions=self._dated(values, "restrictions", Restriction, "r", until=None),
            consents=self._dated(values, "consents", Consent, "c"),
            states=self.scribe.convert(values.get("states", []), frozenset[str], (*path, "states"))
            or frozenset(),
        )
        pending = self._events(values.get("pending", []), request, "pending")
        return Facts(request=request, borrower=borrower, address=address, pending=pending)

    def _address(self, raw: object, told: list[Suppression]) -> AddressFacts:
        path = (*self.path, "facts", "address")
        values = self._mapping(raw, path) or {}
        self._known(values, ADDRESS, path)
        listed = self._each(
            values.get("suppressions", []),
            Suppression,
            (*path, "suppressions"),
            "scope",
            since=self.at - DAY,
            source="told",
            id="a",
        )
        found = self._one({**values, "version": 1, "suppressions": (*listed, *told)}, AddressFacts, path)
        return found or AddressFacts(version=1, suppressions=())

    def _events(self, raw: object, request: Request, name: str) -> tuple[Event, ...]:
        path = (*self.path, "facts", name)
        listed = self._list(raw, path)
        found = []
        for number, value in enumerate(listed):
            values = self._mapping(value, (*path, number))
            if values is None:
                continue
            ordinary = {
                "kind": "attempt",
                "channel": request.channel.value,
                "creditor": request.creditor,
            }
            asked = {**ordinary, **values, **self._names(values, request)}
            several = values["at"] if isinstance(values.get("at"), list) else None
            for one in [asked] if several is None else [{**asked, "at": at} for at in several]:
                event = self._one(one, Event, (*path, number))
                if event is not None:
                    found.append(event)
        return tuple(found)

    def _names(self, values: dict[str, Any], request: Request) -> dict[str, object]:
        """Complete the debts of an event by the groups and accounts that the request gives them."""
        more = {
            debt.token: [name for name in (debt.group, debt.account) if name is not None]
            for debt in request.debts
        }
        named = {"debts": values.get("debts", list(more))}
        if values.get("discussed") is not None:
            named["discussed"] = values["discussed"]
        return {
            key: [*listed, *(name for token in listed for name in more.get(str(token), ()))]
            for key, listed in named.items()
            if isinstance(listed, list)
        }

    def _dated(
        self, values: dict[str, Any], name: str, into: type[T], prefix: str, **defaults: object
    ) -> tuple[T, ...]:
        path = (*self.path, "facts", name)
        found = []
        for number, raw in enumerate(self._list(values.get(name, []), path)):
            one = self._mapping(raw, (*path, number))
            if one is not None:
                ordinary = {"id": f"{prefix}{number}", "since": self.at - DAY, **defaults}
                read = self._one({**ordinary, **one}, into, (*path, number))
                if read is not None:
                    found.append(read)
        return tuple(found)

    def _each(self, raw: object, into: type[T], path: Path, word: str, **defaults: object) -> tuple[T, ...]:
        """Read a list whose items are mappings, or single words for one of their keys."""
        found = []
        for number, value in enumerate(self._list(raw, path)):
            values = {word: value} if isinstance(value, str) else self._mapping(value, (*path, number))
            if values is not None:
                read = self._one({**defaults, **values}, into, (*path, number))
                if read is not None:
                    found.append(read)
        return tuple(found)

    def _one(self, raw: object, into: type[T], path: Path) -> T | None:
        """Read one fact: every key is one of the fact's, times and windows are read as cases write them."""
        values = self._mapping(raw, path)
        names: tuple[str, ...] = into.__struct_fields__  # type: ignore[attr-defined]
        if values is None or not self._known(values, names, path):
            return None
        for name in TIMES:
            if values.get(name) is not None and not isinstance(values[name], datetime):
                read = read_time(values[name], self.zone)
                if isinstance(read, str):
                    self.scribe.say((*path, name), read, FORM)
                    return None
                values[name] = read
        if values.get("windows") is not None:
            values["windows"] = self._windows(values["windows"], (*path, "windows"))
        return self.scribe.convert(values, into, path)

    def _windows(self, raw: object, path: Path) -> list[dict[str, object]]:
        openings = self.scribe.convert(raw, tuple[Opening, ...], path) or ()
        return [
            {
                "open_min": int(one.open[:2]) * 60 + int(one.open[3:]),
                "close_min": int(one.close[:2]) * 60 + int(one.close[3:]),
                "weekdays": [number for number, day in enumerate(WEEK) if day in one.days],
            }
            for one in openings
        ]

    def _mapping(self, raw: object, path: Path) -> dict[str, Any] | None:
        if isinstance(raw, msgspec.Struct):
            return {name: getattr(raw, name) for name in raw.__struct_fields__}
        if raw is None:
            return {}
        if isinstance(raw, dict):
            return dict(raw)
        self.scribe.say(path, f"{raw!r} is not a mapping", "write `{key: value}`")
        return None

    def _list(self, raw: object, path: Path) -> list[object]:
        if isinstance(raw, list | tuple):
            return list(raw)
        self.scribe.say(
            path, f"{raw!r} is not a list", "write `[...]`, or one item a line, each after a dash"
        )
        return []

    def _known(self, values: Mapping[str, object], names: tuple[str, ...], path: Path) -> bool:
        unknown = [name for name in values if name not in names]
        for name in unknown:
            self.scribe.say((*path, name), f"unknown key `{name}`", f"one of: {', '.join(names)}")
        return not unknown
