"""What operators watch: counters and gauges with closed sets of labels, never an id and never a person."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

registry = REGISTRY
"""Where all of them are gathered: what /metrics shows."""

decisions = Counter("forbear_decisions_total", "Requests decided at acceptance", ["channel", "verdict"])
permits = Counter("forbear_permits_total", "Permits asked for, by the database's answer", ["code"])
outcomes = Counter(
    "forbear_outcomes_total", "Attempts ended, by account and attempt state", ["account", "state"]
)
groups_failed = Counter(
    "forbear_groups_failed_total", "Groups given up because a store was away", ["account"]
)
receipts = Counter("forbear_receipts_total", "Delivery receipts, by what became of them", ["account", "code"])
inbound = Counter("forbear_inbound_total", "Messages from people, by what they mean", ["account", "meaning"])
released = Counter("forbear_released_total", "Contacts hinted to the hand-off", ["account"])
swept = Counter("forbear_swept_total", "Contacts and attempts that the sweep ended", ["code"])
opt_out_seconds = Histogram(
    "forbear_opt_out_completion_seconds",
    "From an opt-out's arrival until no permit it forbids is live",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5),
)
ledger_away = Counter("forbear_ledger_away_total", "Acceptances decided without Redis")
oldest_due_seconds = Gauge(
    "forbear_oldest_due_seconds", "Age of the oldest contact that is due and has not left", ["channel"]
)
