"""Ways out: for each provider account what it carries, how fast, and under whose name."""

from collections.abc import Mapping, Sequence

import msgspec

from channels.base import Account, ChannelName
from throttling.facts import Channel


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One account as a way out. `senders` are tried from the most to the least specific."""

    account: str
    channels: frozenset[ChannelName]
    rate_per_s: float
    burst: int
    concurrency: int
    answer_deadline_s: float
    senders: Mapping[tuple[str | None, str | None, str], str]

    def sender(self, creditor: str, country: str, channel: Channel) -> str:
        """The name a person sees: of the creditor in the country, of the creditor, of the account."""
        for key in ((creditor, country), (creditor, None), (None, country), (None, None)):
            found = self.senders.get((*key, channel.value))
            if found is not None:
                return found
        return ""


def route_of(
    account: Account, senders: Mapping[tuple[str | None, str | None, str], str], deadline_s: float
) -> Route:
    """The account as a way out, with the deadline its adapter names."""
    return Route(
        account=account.name,
        channels=account.channels,
        rate_per_s=account.rate_per_s,
        burst=account.burst,
        concurrency=account.concurrency,
        answer_deadline_s=deadline_s,
        senders=senders,
    )


def account_for(routes: Sequence[Route], channel: str) -> Route | None:
    """The way out for a channel: the first account that carries it, in the order of the settings file."""
    return next((route for route in routes if channel in route.channels), None)
