"""The changes feed: a creditor's audit log, read as state changes.

The log is dense and in commit order, so a cursor that is its index skips nothing and needs no second order.
"""

from audit.leaf import ContactLeaf
from audit.record import EPOCH, MICROSECOND, decode
from gateway.answers import ChangeItem, ChangesAnswer, ContactState
from gateway.flows import FieldFault, Invalid
from gateway.runtime import Runtime
from gateway.store.changes import StoredChange, find_changes

KINDS = (
    "contact.accepted",
    "contact.denied",
    "contact.intent",
    "contact.state",
    "attempt.outcome",
    "receipt.recorded",
)
CURSOR_MAX = 2**63 - 1
LATEST = "latest"


async def read_changes(rt: Runtime, creditor: str, after: str | None, limit: int) -> ChangesAnswer | Invalid:
    """State changes after a cursor, in order; `next` is always where to go on, also when there is nothing new.

    After `latest` there is nothing yet: the answer is only the cursor of what comes next.
    """
    found = await rt.creditors.find(creditor)
    if after == LATEST and found is not None:
        size = await rt.pool.fetchval("SELECT size FROM audit_head WHERE log_id = $1", found.log_id)
        return ChangesAnswer(items=(), next=str(size))
    start = _index(after)
    if start is None or found is None:
        hint = "use the `next` of an earlier answer, `latest`, or leave it out to begin at the beginning"
        return Invalid(faults=(FieldFault(pointer="/after", message="not a cursor of this feed", hint=hint),))
    records = await find_changes(rt.pool, found.log_id, start, KINDS, limit)
    items = tuple(item for record in records if (item := _item(record)) is not None)
    following = records[-1].index + 1 if records else start
    return ChangesAnswer(items=items, next=str(following))


def _index(after: str | None) -> int | None:
    if after is None:
        return 0
    if not after.isascii() or not after.isdigit() or int(after) > CURSOR_MAX:
        return None
    return int(after)


def _item(record: StoredChange) -> ChangeItem | None:
    leaf = decode(record.body)
    if not isinstance(leaf, ContactLeaf) or leaf.state is None:
        return None
    kind = leaf.__struct_config__.tag
    return ChangeItem(
        cursor=str(record.index + 1),
        at=EPOCH + leaf.ts * MICROSECOND,
        contact=str(leaf.contact),
        kind=str(kind),
        state=ContactState(leaf.state.value),
        code=getattr(leaf, "code", None),
        reference=record.reference,
    )
