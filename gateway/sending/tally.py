"""What became of the requests of a file: counted as the answers and the changes come in."""

from collections import Counter

import msgspec

from gateway.answers import ChangeItem, ContactState
from gateway.flows import FieldFault
from gateway.http.batch_answers import BatchContact
from throttling.decision import Verdict

UNDER_WAY = frozenset({ContactState.QUEUED, ContactState.DISPATCHING})


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is no contact, and why; no fault repeats what stands in the line."""

    line: int
    title: str
    faults: tuple[str, ...] = ()


class Tally:
    """Counts verdicts as they were given and states as they are now. Contacts are known by id, people not at all."""

    def __init__(self) -> None:
        self.lines = 0
        self.replayed: set[str] = set()
        self.creditors: set[str] = set()
        self.verdicts: Counter[Verdict] = Counter()
        self.reasons: Counter[tuple[Verdict, str]] = Counter()
        self.refused: list[Refused] = []
        self._states: dict[str, ContactState] = {}

    def answered(self, line: int, answer: BatchContact) -> None:
        """Count one line's answer."""
        self.lines += 1
        contact = answer.contact
        if contact is None or contact.decision is None:
            problem = answer.problem
            self.refused.append(
                Refused(line=line, title=f"the API answered {answer.status}")
                if problem is None
                else Refused(line=line, title=problem.title, faults=tuple(map(_words, problem.faults)))
            )
            return
        if answer.replayed:
            self.replayed.add(contact.id)
        decision = contact.decision
        self.verdicts[decision.verdict] += 1
        if decision.verdict is not Verdict.ALLOW:
            self.reasons[decision.verdict, decision.rule or decision.code] += 1
        self.creditors.add(contact.creditor)
        self._states[contact.id] = contact.status

    def changed(self, item: ChangeItem) -> bool:
        """Take on a change; False if it is about somebody else's contact."""
        if item.contact not in self._states or item.state is None:
            return False
        self._states[item.contact] = item.state
        return True

    def became(self, contact: str, state: ContactState) -> None:
        """Take on what a contact was found to be."""
        self._states[contact] = state

    def states(self) -> Counter[ContactState]:
        """How many contacts are in each state now."""
        return Counter(self._states.values())

    def under_way(self) -> int:
        """How many will change by themselves within seconds, or within the minutes of a retry."""
        return sum(state in UNDER_WAY for state in self._states.values())

    @property
    def taken(self) -> int:
        """How many lines became contacts."""
        return self.lines - len(self.refused)


def _words(fault: FieldFault) -> str:
    hint = f" ({fault.hint})" if fault.hint else ""
    return f"{fault.pointer or 'the line'}: {fault.message}{hint}"
