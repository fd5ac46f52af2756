"""The audit log, its writers, the stop flags and the seals."""

from gateway.schema.files import run_sql_file

revision = "0001_audit"
down_revision = None


def upgrade() -> None:
    """There is no way down: a log that could be taken back would prove nothing."""
    run_sql_file("0001_audit.sql")
