"""Every write of the application, each with its audit leaf."""

from gateway.schema.files import run_sql_file

revision = "0003_functions"
down_revision = "0002_journal"


def upgrade() -> None:
    """There is no way down: the audit log beneath could not be taken back."""
    run_sql_file("0003_functions.sql")
