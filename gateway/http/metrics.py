"""Figures of the HTTP edge for operators; labels are route names and statuses, never a path or an id."""

from prometheus_client import CollectorRegistry, Histogram

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class HttpMetrics:
    """Times requests by route and status, which counts them too."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "forbear_http_request_seconds",
            "Time from headers to answer.",
            ("route", "status"),
            registry=registry,
            buckets=_BUCKETS_S,
        )
        # A label look-up costs more than the observation, so each child is looked up once.
        self._children: dict[tuple[str, int], Histogram] = {}

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Note one answered request."""
        child = self._children.get((route, status))
        if child is None:
            child = self._children[route, status] = self._seconds.labels(route, str(status))
        child.observe(seconds)
