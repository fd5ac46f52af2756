"""Who is contacted, what is known of them, and every attempt."""

from gateway.schema.files import run_sql_file

revision = "0002_journal"
down_revision = "0001_audit"


def upgrade() -> None:
    """There is no way down: the audit log beneath could not be taken back."""
    run_sql_file("0002_journal.sql")
