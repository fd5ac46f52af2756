"""A gateway on a real database and a real Valkey, with a clock that tests move and a provider that they script."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from audit.record import decode
from channels.base import ChannelName, ReceiptStatus
from channels.sandbox_webhooks import SIGNATURE_HEADER, sign
from channels.sandbox_wire import CarrierEvent, InboundEvent, ReceiptEvent, encode
from config.settings import Settings
from gateway.accounts import make_sandbox_secrets, read_secret
from gateway.answers import ContactAnswer
from gateway.commands.keys import make_key_files
from gateway.flows import Accepted, WebhookRefused, WebhookTaken
from gateway.hand_off import permit_group, send_all
from gateway.keys import Action, Caller, PrincipalKind
from gateway.policy import Documents
from gateway.policy_applying import Applied, apply_policy, read_documents
from gateway.runtime import Runtime
from gateway.service import Service
from gateway.store.creditors import add_creditor
from gateway.sweep import sweep_once
from gateway.vault import open_vault
from gateway.wire import ContactRequest
from gateway.wiring import World, open_runtime
from tests.conftest import DatabaseUrls
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter

ACME, OTHER = "acme", "harbor"
ACCOUNT = "sandbox"
PHONE = "+12025550143"
DECADES = timedelta(days=36_500)  # the tests' clock and the database's have nothing to do with each other

TEXTS = {
    "creditor": "Acme",
    "due_on": "2031-03-01",
    "pay_url": "https://pay.example.com/a",
    "help_phone": "+18005550100",
}
REQUEST: dict[str, Any] = {
    "creditor": ACME,
    "borrower": {"id": "B-1", "locale": "en-US", "country": "US", "region": "US-OH", "postal_code": "44113"},
    "debts": [{"id": "D-1", "type": "credit_card"}],
    "channel": "sms",
    "address": PHONE,
    "template": "payment_overdue",
    "purpose": "payment_reminder",
    "variables": TEXTS,
}

T = TypeVar("T")

_numbers = itertools.count(1)


def request_body(**changes: Any) -> dict[str, Any]:
    """A request that is allowed at noon, changed: `borrower` may be an id, the rest replaces fields."""
    body = REQUEST | changes
    if isinstance(changes.get("borrower"), str):
        body["borrower"] = REQUEST["borrower"] | {"id": changes["borrower"]}
    if isinstance(changes.get("debts"), str):
        body["debts"] = [{"id": changes["debts"], "type": "credit_card"}]
    return body


def caller_for(*creditors: str, namespace: str | None = None, key_id: str = "test_key") -> Caller:
    """A caller that may do everything for these creditors."""
    return Caller(
        key_id=key_id,
        subject="tests",
        kind=PrincipalKind.MACHINE,
        creditors=frozenset(creditors or (ACME, OTHER)),
        actions=frozenset(action.value for action in Action),
        namespace=namespace,
    )


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One installation: where its processes find everything. Two gateways opened on it are two processes."""

    settings: Settings
    urls: DatabaseUrls


async def make_site(
    urls: DatabaseUrls, redis_url: str, folder: Path, documents: Documents | None = None, *, at: datetime
) -> Site:
    """Key files, a policy in force, two creditors."""
    settings = Settings.from_env(
        {
            "FORBEAR_DATA_DIR": str(folder),
            "DATABASE_URL": urls.app,
            "DATABASE_OWNER_URL": urls.owner,
            "SEAL_DATABASE_URL": urls.sealer,
            "REDIS_URL": redis_url,
        }
    )
    assert isinstance(settings, Settings), settings
    make_key_files(settings)
    make_sandbox_secrets(settings, secrets.token_bytes)
    owner = await asyncpg.connect(urls.owner)
    try:
        await activate(owner, documents or read_documents(None), at)
        vault = open_vault(settings.master_key_file)
        for creditor in (ACME, OTHER):
            assert await add_creditor(owner, vault, creditor, creditor.title())
    finally:
        await owner.close()
    return Site(settings=settings, urls=urls)


async def activate(owner: asyncpg.Connection, documents: Documents, at: datetime) -> None:
    """Put these files into force."""
    applied = await apply_policy(owner, documents, at=at)
    assert isinstance(applied, Applied), [str(fault) for fault in applied]


class Gateway:
    """One process's parts, and what a test does with them. `owner` is a connection that may look at everything."""

    def __init__(
        self, site: Site, rt: Runtime, clock: MovedClock, adapter: ScriptedAdapter, owner: asyncpg.Connection
    ) -> None:
        self.site, self.rt, self.clock, self.adapter, self.owner = site, rt, clock, adapter, owner
        self.service = Service(rt)
        self.caller = caller_for()
        self.route = rt.routes[ACCOUNT]

    # --- callers

    async def ask(self, *, key: str | None = None, caller: Caller | None = None, **changes: Any) -> object:
        """What acceptance answers to `request_body(**changes)`, whatever that is."""
        raw = msgspec.json.encode(request_body(**changes))
        return await self.service.accept(
            caller or self.caller,
            msgspec.json.decode(raw, type=ContactRequest),
            idempotency_key=key or f"key-{next(_numbers)}",
            raw=raw,
        )

    async def accept(self, **changes: Any) -> ContactAnswer:
        """The answer to a request that acceptance can carry out."""
        accepted = await self.ask(**changes)
        assert isinstance(accepted, Accepted), accepted
        return accepted.answer

    async def get(self, contact: str | UUID) -> ContactAnswer:
        """The contact as its owner sees it now."""
        found = await self.service.get_contact(self.caller, str(contact))
        assert isinstance(found, ContactAnswer), found
        return found

    # --- the way out

    async def hand_off(self, *contacts: str | UUID) -> int:
        """Hand these contacts over, deciding again where that is asked for; the number of permits given."""
        waiting, given = [UUID(str(contact)) for contact in contacts], 0
        for _ in range(5):
            handed = await permit_group(self.rt, self.route, waiting)
            await send_all(self.rt, self.route, self.adapter, handed.permitted)
            given, waiting = given + len(handed.permitted), handed.again
            if not waiting:
                break
        return given

    async def sweep(self) -> None:
        """Sweep once, now."""
        await sweep_once(self.rt)

    # --- the provider and the person

    async def report(
        self,
        status: str,
        *,
        provider_id: str = "p-1",
        attempt: str = "",
        event: str | None = None,
        code: str = "000",
    ) -> WebhookTaken | WebhookRefused:
        """Deliver a signed delivery receipt."""
        return await self.call_back(
            ReceiptEvent(
                event_id=event or f"e-{next(_numbers)}",
                id=provider_id,
                attempt_id=attempt,
                status=ReceiptStatus(status),
                code=code,
                words="",
                at=self.clock.now(),
            )
        )

    async def reply(
        self,
        text: str,
        *,
        sender: str = PHONE,
        channel: str = "sms",
        event: str | None = None,
        to: str | None = None,
    ) -> WebhookTaken | WebhookRefused:
        """Deliver what a person wrote, and wait until an opt-out in it is complete."""
        answer = await self.call_back(
            InboundEvent(
                event_id=event or f"e-{next(_numbers)}",
                channel=ChannelName(channel),
                sender=sender,
                recipient="+12025550100",
                text=text,
                in_reply_to=to,
                at=self.clock.now(),
            )
        )
        await self.service.finish()
        return answer

    async def call_back(self, *events: CarrierEvent) -> WebhookTaken | WebhookRefused:
        """Deliver signed events in one callback."""
        raw = encode(events)
        secret = read_secret(self.site.settings, "sandbox-webhook")
        header = sign(secret, int(self.clock.now().timestamp()), raw)
        return await self.service.webhook(ACCOUNT, {SIGNATURE_HEADER: header}, raw)

    # --- what is stored

    async def state(self, contact: str | UUID) -> str:
        """A contact's state."""
        found: str = await self.owner.fetchval("SELECT state FROM contact WHERE id = $1", UUID(str(contact)))
        return found

    async def attempts(self, contact: str | UUID) -> list[str]:
        """The states of a contact's attempts, oldest first."""
        rows = await self.owner.fetch(
            "SELECT state FROM attempt WHERE contact_id = $1 ORDER BY id", UUID(str(contact))
        )
        return [row["state"] for row in rows]

    async def leaves(self, contact: str | UUID | None = None) -> list[Any]:
        """The records of the log in order, of one contact or all."""
        rows = await self.owner.fetch(
            "SELECT body FROM audit_record WHERE $1::uuid IS NULL OR contact = $1 ORDER BY log_id, idx",
            None if contact is None else UUID(str(contact)),
        )
        return [decode(row["body"]) for row in rows]

    async def story(self, contact: str | UUID) -> list[str]:
        """The states that a contact entered, as the log tells."""
        return [
            leaf.state.value
            for leaf in await self.leaves(contact)
            if getattr(leaf, "state", None) is not None
        ]

    async def counted(self) -> int:
        """How many events count."""
        found: int = await self.owner.fetchval("SELECT count(*) FROM event")
        return found


@asynccontextmanager
async def open_gateway(
    site: Site,
    clock: MovedClock,
    adapter: ScriptedAdapter,
    *,
    part: str = "test",
    redis_url: str | None = None,
) -> AsyncIterator[Gateway]:
    """A process of this site; `redis_url` replaces the site's, for instance by one where nothing listens."""
    settings = site.settings
    if redis_url is not None:
        settings = msgspec.structs.replace(settings, redis_url=redis_url, queue_url=redis_url)
    world = World(
        clock=clock,
        random=secrets.token_bytes,
        skew_max=DECADES,
        channels=lambda _names: {"sandbox": adapter.open},
    )
    owner = await asyncpg.connect(site.urls.admin)
    try:
        async with open_runtime(settings, part, sends=True, world=world) as rt:
            gateway = Gateway(site, rt, clock, adapter, owner)
            yield gateway
            await gateway.service.finish()
    finally:
        await owner.close()


async def while_time_passes(clock: MovedClock, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives, with time passing while it waits: an opt-out outlasts every lease."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait({task}, timeout=0.03)
        if not task.done():
            clock.move(timedelta(seconds=1))
    return task.result()


async def until(true: Callable[[], Any], *, timeout_s: float = 10.0) -> None:
    """Wait until a condition holds; `true` may be a coroutine function."""
    async with asyncio.timeout(timeout_s):
        while True:
            found = true()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.005)
