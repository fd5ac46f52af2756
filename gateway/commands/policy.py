"""`forbear policy`: the rules and texts that decide, checked and put into force."""

from typing import TYPE_CHECKING

import typer

from config.settings import Settings
from gateway.clock import SystemClock
from gateway.commands import policy_cases
from gateway.commands.owner import as_owner
from gateway.commands.read_settings import read_settings
from gateway.commands.screen import fail, say

if TYPE_CHECKING:
    from gateway.policy import Documents, PolicyFault

EXIT_FAULTS = 1

app = typer.Typer(
    help="Check rule packs and texts, test them, and put them into force.", no_args_is_help=True
)
app.command("test")(policy_cases.run_files)


@app.command()
def check() -> None:
    """Read the packs of FORBEAR_POLICY_DIR (or those that ship) and the texts; list every fault, touch nothing."""
    from gateway.policy import Policy, compile_policy

    policy = compile_policy(documents_of(read_settings()))
    if not isinstance(policy, Policy):
        raise refused(policy)
    say(
        f"{len(policy.labels)} rules and {len(policy.templates)} texts, no fault. Policy {policy.hash.hex()[:16]}."
    )


@app.command()
def apply() -> None:
    """Put the packs and texts into force, with a record in the audit log.

    Every process takes them up within seconds. With any fault the policy in force stays.
    """
    put_into_force(read_settings())


def put_into_force(settings: Settings) -> None:
    """Apply the policy files of `settings` and say what is in force now; ends the command when they have a fault."""
    from gateway.policy_applying import Applied, apply_policy

    documents = documents_of(settings)
    applied = as_owner(settings, lambda owner: apply_policy(owner, documents, at=SystemClock().now()))
    if not isinstance(applied, Applied):
        raise refused(applied)
    state = "is now in force" if applied.changed else "was in force already"
    rules, texts = len(applied.policy.labels), len(applied.policy.templates)
    say(f"Policy: {applied.policy.hash.hex()[:16]} {state} ({rules} rules, {texts} texts).")


def documents_of(settings: Settings) -> "Documents":
    """The files that the settings name; ends the command when they cannot be read."""
    from gateway.policy_applying import read_documents

    try:
        return read_documents(settings.policy_dir)
    except (OSError, UnicodeDecodeError) as error:
        fail(
            f"The packs in {settings.policy_dir} cannot be read: {type(error).__name__}.",
            "  Is FORBEAR_POLICY_DIR right?",
        )
        raise typer.Exit(EXIT_FAULTS) from error


def refused(faults: "list[PolicyFault]") -> typer.Exit:
    """Print every fault; the exit to raise."""
    fail("The policy is refused:", *(f"  {fault}" for fault in faults))
    return typer.Exit(EXIT_FAULTS)
