"""The rules and texts in force: compiled from what PostgreSQL says is active, and changed in every process at once."""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from config.documents import Document, load_document
from config.faults import Fault as DocumentFault
from gateway.errors import StoreAway
from gateway.logs import get_logger
from gateway.store.faults import AWAY
from gateway.store.policies import StoredPolicy, active_hash, find_policy, find_template
from gateway.store.pool import Pool
from templates_sms.catalogue import Catalogue, build_catalogue
from templates_sms.fault import Fault as TemplateFault
from templates_sms.parse import parse_template
from templates_sms.template import Template
from throttling.label import RuleLabel
from throttling.localtime import tzdb_version
from throttling.rules import Fault, RuleSet, build_rule_set, parse_pack

LOOK_EVERY_S = 1.0

log = get_logger()


class PolicyFault(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why files make no policy: where it is and what to do."""

    file: str
    line: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} ({self.hint})"


class Policy(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Compiled rules, texts by name and by hash, and the hash of all the files they come from."""

    hash: bytes
    rules: RuleSet
    catalogue: Catalogue
    labels: Mapping[str, RuleLabel]
    templates: Mapping[str, Template]


class Documents(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a policy, text by name."""

    packs: dict[str, str]
    templates: dict[str, str]


def policy_hash(documents: Documents, tzdb: str) -> bytes:
    """SHA-256 over the canonical JSON of the files and the release of the zone data: what every decision names."""
    canonical = msgspec.json.encode({"documents": documents, "tzdb": tzdb}, order="sorted")
    return hashlib.sha256(canonical).digest()


def compile_policy(documents: Documents) -> Policy | list[PolicyFault]:
    """The policy that these files make, or every fault of every file."""
    tzdb = tzdb_version()
    digest = policy_hash(documents, tzdb)
    packs = []
    faults: list[PolicyFault] = []
    for name, text in sorted(documents.packs.items()):
        document = load_document(name, text)
        if not isinstance(document, Document):
            faults += [_fault(fault) for fault in document]
            continue
        pack = parse_pack(name, document.value, document.line_of)
        if isinstance(pack, list):
            faults += [_fault(fault) for fault in pack]
        else:
            packs.append(pack)
    catalogue = build_catalogue(documents.templates)
    if not isinstance(catalogue, Catalogue):
        faults += [_fault(fault) for fault in catalogue]
    if faults or not isinstance(catalogue, Catalogue):
        return faults
    rules = build_rule_set(packs, tzdb=tzdb, digest=digest.hex())
    if not isinstance(rules, RuleSet):
        return [_fault(fault) for fault in rules]
    return Policy(
        hash=digest,
        rules=rules,
        catalogue=catalogue,
        labels={rule.label.rule: rule.label for rule in rules.rules},
        templates={template.hash: template for template in catalogue.templates.values()},
    )


class PolicyKeeper:
    """Holds the policy in force and looks every second whether another one is.

    A process that has not seen a change yet gets no permits (the database compares hashes), so the second is only a
    pause, never a contact under old rules.
    """

    def __init__(self, pool: Pool, first: Policy) -> None:
        self._pool, self._current = pool, first

    def current(self) -> Policy:
        """The policy in force, as far as this process knows."""
        return self._current

    async def follow(self) -> None:
        """Keep up with what is active, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except AWAY as fault:
                log.warning("policy.unreadable", error=type(fault).__name__)

    async def look(self) -> None:
        """Take on the active policy if it is another one."""
        active = await active_hash(self._pool)
        if active is not None and active != self._current.hash:
            self._current = await load_policy(self._pool, active)
            log.info("policy.changed", policy=active.hex())

    async def template(self, digest: bytes) -> Template | None:
        """The very version with this hash, also after another has taken its place; None if it was never loaded."""
        known = self._current.templates.get(digest.hex())
        return known or await _old_template(self._pool, digest)

    async def labels(self, policy: str) -> Mapping[str, RuleLabel]:
        """What the rules of a policy, old or new, are called and cite."""
        if policy == self._current.hash.hex():
            return self._current.labels
        return (await load_policy(self._pool, bytes.fromhex(policy))).labels


async def open_policy(pool: Pool) -> PolicyKeeper:
    """The keeper with the active policy. Raises PolicyMissing if there is none, or none that can be compiled."""
    active = await active_hash(pool)
    if active is None:
        raise PolicyMissing("no policy is active; run `forbear policy apply`")
    return PolicyKeeper(pool, await load_policy(pool, active))


class PolicyMissing(Exception):  # noqa: N818 - the name is the state
    """Raised when there are no rules to decide by: the process must not start."""


async def load_policy(pool: Pool, digest: bytes) -> Policy:
    """The policy with this hash, compiled. Raises PolicyMissing, StoreAway."""
    stored = await find_policy(pool, digest)
    if stored is None:
        raise PolicyMissing(f"policy {digest.hex()} is not in the database")
    return _compiled(stored)


@lru_cache(maxsize=16)
def _compile_once(raw: bytes, digest: bytes) -> Policy:
    policy = compile_policy(msgspec.json.decode(raw, type=Documents))
    if not isinstance(policy, Policy):
        raise PolicyMissing(f"policy {digest.hex()} does not compile: {policy[0]}")
    return policy


def _compiled(stored: StoredPolicy) -> Policy:
    """Compile under the stored hash. Another release of the zone data than the one it was applied with is a fault."""
    policy = _compile_once(stored.documents, stored.hash)
    if policy.hash != stored.hash:
        raise PolicyMissing(
            f"policy {stored.hash.hex()} was applied with tzdata {stored.tzdb}, this process has {tzdb_version()};"
            " run `forbear policy apply` with this release"
        )
    return policy


async def _old_template(pool: Pool, digest: bytes) -> Template | None:
    try:
        found = await find_template(pool, digest)
    except AWAY as fault:
        raise StoreAway("template") from fault
    if found is None:
        return None
    template = parse_template(found.file, found.source)
    return template if isinstance(template, Template) and template.hash == digest.hex() else None


def _fault(fault: Fault | TemplateFault | DocumentFault) -> PolicyFault:
    return PolicyFault(file=fault.file, line=fault.line, message=fault.message, hint=fault.hint)
