"""The gateway whole: real database, real Valkey, a clock that stands still, a provider that does as it is told."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import msgspec
import pytest

from gateway.embedded.stack import Stack
from tests.conftest import ValkeyUrls, admin, urls_of
from tests.fakes.clock import NOON, MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import Gateway, Site, make_site, open_gateway

TEMPLATE = "forbear_site"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def site_template(stack: Stack, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """An installation to be copied and never connected to: rules and texts that ship, creditors acme and harbor."""

    async def make() -> Site:
        await admin(stack, f"CREATE DATABASE {TEMPLATE} TEMPLATE {template_database} OWNER forbear_owner")
        folder = tmp_path_factory.mktemp("site")
        return await make_site(urls_of(stack, TEMPLATE), stack.urls.redis_url, folder, at=NOON)

    return asyncio.run(make())


@pytest.fixture
async def site(stack: Stack, site_template: Site, valkey: ValkeyUrls) -> AsyncIterator[Site]:
    """An installation of this test's own."""
    name = f"site_{next(_numbers)}"
    await admin(stack, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER forbear_owner")
    urls = urls_of(stack, name)
    settings = msgspec.structs.replace(
        site_template.settings,
        database_url=urls.app,
        database_owner_url=urls.owner,
        seal_database_url=urls.sealer,
        redis_url=valkey.redis,
        queue_url=valkey.queue,
    )
    yield Site(settings=settings, urls=urls)
    await admin(stack, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clock() -> MovedClock:
    """Noon in New York, on a Tuesday."""
    return MovedClock()


@pytest.fixture
def adapter() -> ScriptedAdapter:
    """A provider that takes everything."""
    return ScriptedAdapter()


@pytest.fixture
async def gateway(site: Site, clock: MovedClock, adapter: ScriptedAdapter) -> AsyncIterator[Gateway]:
    """One process of the installation."""
    async with open_gateway(site, clock, adapter) as opened:
        yield opened
