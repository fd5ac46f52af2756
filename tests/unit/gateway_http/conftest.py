"""The HTTP edge on a real socket, over fake flows and keys."""

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from tests.fakes.http_flows import Edge, open_edge


@pytest.fixture
async def edge(aiohttp_client: AiohttpClient) -> Edge:
    """The edge with one key that may do everything for acme-bank."""
    return await open_edge(aiohttp_client)
