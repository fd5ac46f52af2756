"""Figures of the HTTP edge for operators; labels are route names and statuses, never a path or an id."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class HttpMetrics:
    """Counts requests by route and status, and times them by route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "forbear_http_requests_total", "Requests answered.", ("route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "forbear_http_request_seconds",
            "Time from headers to answer.",
            ("route",),
            registry=registry,
            buckets=_BUCKETS_S,
        )
        # Label look-ups cost more than the count itself, so each child is looked up once.
        self._count: dict[tuple[str, int], Counter] = {}
        self._time: dict[str, Histogram] = {}

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Note one answered request."""
        counter = self._count.get((route, status))
        if counter is None:
            counter = self._count[route, status] = self._requests.labels(route, str(status))
        counter.inc()
        timer = self._time.get(route)
        if timer is None:
            timer = self._time[route] = self._seconds.labels(route)
        timer.observe(seconds)
