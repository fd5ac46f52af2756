"""For operators and providers: health, and the reports that providers post."""

from gateway.flows import Flows, WebhookRefused
from gateway.http.call import Call, Delivery
from gateway.http.problems import Refusal
from gateway.http.reply import Reply, reply


async def livez(_flows: Flows, _call: Call[None, None]) -> Reply:
    """Answer as long as the process can."""
    return Reply(status=200, body=b"ok\n", content_type="text/plain; charset=utf-8")


async def readyz(flows: Flows, _call: Call[None, None]) -> Reply:
    """Say whether traffic is welcome; 503 names the check that fails."""
    answer = await flows.ready()
    return reply(answer, 200 if answer.ready else 503)


async def take_webhook(flows: Flows, call: Call[Delivery, None]) -> Reply | Refusal:
    """Hand a provider's report to its adapter, bytes untouched, for they are what is signed."""
    outcome = await flows.webhook(call.path["account"], call.body.headers, call.raw)
    if isinstance(outcome, WebhookRefused):
        # The provider reads the status and little else: it must be the one that makes it retry, or stop retrying.
        return Reply(status=outcome.status, body=b"", content_type="text/plain", code=outcome.code)
    return Reply(status=200, body=outcome.body, content_type=outcome.content_type)
