"""The sandbox's phones and inboxes: what each has received and answered, in bounded memory."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum, unique

import msgspec

from channels.base import ChannelName, Content, Message

HANDSETS_MAX = 500
ITEMS_MAX = 50
ATTEMPTS_MAX = 500_000


@unique
class AnsweredBy(StrEnum):
    """Who took a call; a machine hears the limited-content message only."""

    PERSON = "person"
    MACHINE = "machine"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing on a screen: a message, a note on one that did not arrive, or what the person did.

    `content` None with a `note` is a message that did not arrive. `text` is what the person sent, and `status`
    the gateway's HTTP answer to it; None means that it could not be reached.
    """

    id: str
    at: datetime
    attempt_id: str | None
    content: Content | None = None
    note: str = ""
    text: str | None = None
    status: int | None = None
    answered_by: AnsweredBy | None = None


class HandsetView(msgspec.Struct, frozen=True, kw_only=True):
    """A handset as the page gets it."""

    id: str
    account: str
    channel: ChannelName
    address: str
    sender: str
    locale: str
    items: tuple[Item, ...] = ()


class Handset:
    """One address of one account."""

    __slots__ = ("account", "address", "channel", "id", "items", "locale", "refusals", "sender")

    def __init__(self, handset_id: str, account: str, message: Message) -> None:
        self.id = handset_id
        self.account = account
        self.channel = message.channel
        self.address = message.destination
        self.sender = message.sender
        self.locale = message.locale
        self.refusals = 0
        """Refused in a row; the throttled script counts them."""
        self.items: deque[Item] = deque(maxlen=ITEMS_MAX)

    def add(self, item: Item) -> None:
        """Show it as the newest."""
        self.items.append(item)

    def replace(self, item: Item) -> None:
        """Put `item` where the one of its id was, if that is still on the screen."""
        for index, old in enumerate(self.items):
            if old.id == item.id:
                self.items[index] = item
                return

    def view(self, *, whole: bool) -> HandsetView:
        """The handset as a value, with its items or without."""
        return HandsetView(
            id=self.id,
            account=self.account,
            channel=self.channel,
            address=self.address,
            sender=self.sender,
            locale=self.locale,
            items=tuple(self.items) if whole else (),
        )


class Handsets:
    """All handsets; the ones longest without a message are forgotten first."""

    def __init__(self, *, handsets_max: int = HANDSETS_MAX, attempts_max: int = ATTEMPTS_MAX) -> None:
        self._handsets_max = handsets_max
        self._attempts_max = attempts_max
        self._by_address: OrderedDict[tuple[str, ChannelName, str], Handset] = OrderedDict()
        self._by_id: dict[str, Handset] = {}
        self._submissions: dict[str, int] = {}
        self._made = 0
        self.submissions_total = 0

    def of(self, account: str, message: Message) -> Handset:
        """The handset that `message` goes to, made if new, with its newest sender and locale."""
        key = (account, message.channel, message.destination)
        handset = self._by_address.get(key)
        if handset is None:
            self._made += 1
            handset = Handset(f"h{self._made}", account, message)
            self._by_address[key] = self._by_id[handset.id] = handset
            if len(self._by_address) > self._handsets_max:
                _, gone = self._by_address.popitem(last=False)
                del self._by_id[gone.id]
        else:
            self._by_address.move_to_end(key)
            handset.sender = message.sender
            handset.locale = message.locale
        return handset

    def find(self, handset_id: str) -> Handset | None:
        """The handset of that id, if it is remembered."""
        return self._by_id.get(handset_id)

    def find_item(self, item_id: str) -> tuple[Handset, Item] | None:
        """The item of that id and its handset, if still on a screen."""
        for handset in reversed(self._by_address.values()):
            for item in handset.items:
                if item.id == item_id:
                    return handset, item
        return None

    def count_submission(self, attempt_id: str) -> None:
        """Count one more submission of this attempt: a carrier has no idea of ours that it is the same."""
        self.submissions_total += 1
        self._submissions[attempt_id] = self._submissions.get(attempt_id, 0) + 1
        if len(self._submissions) > self._attempts_max:
            del self._submissions[next(iter(self._submissions))]

    def submissions(self) -> dict[str, int]:
        """How often each remembered attempt was submitted."""
        return dict(self._submissions)

    def views(self) -> Iterator[HandsetView]:
        """Every handset with its items, the latest used first."""
        for handset in reversed(self._by_address.values()):
            yield handset.view(whole=True)
