"""What the sandbox carrier does with a message and with what a person does: scripts played, screens filled."""

from collections.abc import Callable
from datetime import datetime
from itertools import count

import msgspec

from channels.base import Message, VoiceContent
from channels.sandbox_callbacks import Callbacks
from channels.sandbox_feed import Feed, Shown
from channels.sandbox_handsets import AnsweredBy, Handset, Handsets, Item
from channels.sandbox_scripts import AnswerPlay, Report, Script, script_of
from channels.sandbox_wire import CarrierResult, Declined, InboundEvent, ReceiptEvent, Taken

REPEAT_AFTER_S = 0.2


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What a submission comes to: its result, what becomes of the answer, the receipt that must overtake it."""

    result: CarrierResult
    answer: AnswerPlay
    early: ReceiptEvent | None = None


class Switchboard:
    """The carrier behind its HTTP routes: handsets, callbacks and the live feed, held together."""

    def __init__(
        self, handsets: Handsets, feed: Feed, callbacks: Callbacks, clock: Callable[[], datetime]
    ) -> None:
        self.handsets = handsets
        self.feed = feed
        self.callbacks = callbacks
        self._clock = clock
        self._run = f"{int(clock().timestamp() * 1000):x}"  # ids stay unique over restarts
        self._count = count(1)

    def take(self, account: str, message: Message) -> Played:
        """Take or decline one message by its script, put it on its screen, and see to its receipts."""
        script = script_of(message.channel, message.destination)
        handset = self.handsets.of(account, message)
        self.handsets.count_submission(message.attempt_id)
        item_id = self._new_id()
        if script.refusal is not None and _refuses(script, handset):
            self._show(handset, self._note(item_id, message, script.refusal.words))
            declined = Declined(
                attempt_id=message.attempt_id,
                kind=script.refusal.kind,
                code=script.refusal.code,
                words=script.refusal.words,
            )
            return Played(result=declined, answer=AnswerPlay.GIVEN)
        handset.refusals = 0
        if script.arrives:
            item = Item(id=item_id, at=self._clock(), attempt_id=message.attempt_id, content=message.content)
        else:
            item = self._note(item_id, message, script.title)
        self._show(handset, item)
        return Played(
            result=Taken(attempt_id=message.attempt_id, id=item_id),
            answer=script.answer,
            early=self._report(account, script, item),
        )

    async def reply(self, handset: Handset, text: str) -> Item:
        """What the person wrote, on their screen with the gateway's answer."""
        last = next((item.attempt_id for item in reversed(handset.items) if item.content is not None), None)
        return await self._from_person(handset, text, shown=text, in_reply_to=last, event_id=self._new_id())

    def answer(self, handset: Handset, call: Item, by: AnsweredBy) -> Item:
        """The call, now answered; who answered first has answered."""
        if call.answered_by is not None:
            return call
        answered = msgspec.structs.replace(call, answered_by=by)
        handset.replace(answered)
        self._publish(handset, answered)
        return answered

    async def press(self, handset: Handset, call: Item, content: VoiceContent, digit: str) -> Item:
        """A key pressed during a call, told to the gateway by its meaning where it has one."""
        meaning = dict(content.digits).get(digit, digit)
        return await self._from_person(
            handset,
            meaning,
            shown=f"pressed {digit} ({meaning})",
            in_reply_to=call.attempt_id,
            # One key press may be reported more than once (a bad line did it): one key of a call is one event.
            event_id=f"{call.id}-digit-{digit}",
        )

    async def _from_person(
        self, handset: Handset, text: str, *, shown: str, in_reply_to: str | None, event_id: str
    ) -> Item:
        event = InboundEvent(
            event_id=event_id,
            channel=handset.channel,
            sender=handset.address,
            recipient=handset.sender,
            text=text,
            in_reply_to=in_reply_to,
            at=self._clock(),
        )
        status = await self.callbacks.now(handset.account, event)
        item = Item(id=self._new_id(), at=event.at, attempt_id=in_reply_to, text=shown, status=status)
        self._show(handset, item)
        return item

    def _report(self, account: str, script: Script, item: Item) -> ReceiptEvent | None:
        """Queue the script's receipts; give back the one that must come before the answer, if any."""
        early = None
        for index, report in enumerate(script.reports):
            event = self._receipt(item, index, report)
            if script.early and index == 0:
                early = event
            else:
                self.callbacks.later(account, event, report.after_s)
            if script.repeat_last and index == len(script.reports) - 1:
                self.callbacks.later(account, event, report.after_s + REPEAT_AFTER_S)
        return early

    def _receipt(self, item: Item, index: int, report: Report) -> ReceiptEvent:
        return ReceiptEvent(
            event_id=f"{item.id}-dlr-{index}",
            id=item.id,
            attempt_id=item.attempt_id or "",
            status=report.status,
            code=report.code,
            words="",
            at=item.at,
        )

    def _note(self, item_id: str, message: Message, note: str) -> Item:
        return Item(id=item_id, at=self._clock(), attempt_id=message.attempt_id, note=note)

    def _show(self, handset: Handset, item: Item) -> None:
        handset.add(item)
        self._publish(handset, item)

    def _publish(self, handset: Handset, item: Item) -> None:
        if self.feed.has_pages():
            total = self.handsets.submissions_total
            self.feed.publish(Shown(handset=handset.view(whole=False), item=item, submissions=total))

    def _new_id(self) -> str:
        return f"sb-{self._run}-{next(self._count)}"


def _refuses(script: Script, handset: Handset) -> bool:
    if script.refusals_first is None:
        return True
    handset.refusals += 1
    return handset.refusals <= script.refusals_first
