"""Puts files into force as the policy: compiled first, stored whole, with a record in the system's audit log."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from audit.kinds import PolicyActivated
from audit.leaf import Pack
from audit.record import encode
from config.files import read_packs
from gateway.ids import new_id
from gateway.key_making import BY
from gateway.policy import Documents, Policy, PolicyFault, compile_policy
from gateway.store.policies import StoredTemplate, activate
from gateway.store.pool import Connection
from gateway.store.single_writer import open_single_writer
from templates_sms.catalogue import read_catalogue_files


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The policy now in force; `changed` is False if it was before."""

    policy: Policy
    changed: bool


def read_documents(policy_dir: Path | None) -> Documents:
    """The packs of a folder, or those that ship, and the shipped texts. Raises OSError and UnicodeDecodeError."""
    if policy_dir is None:
        packs = dict(read_packs())
    else:
        packs = {path.name: path.read_text("utf-8") for path in sorted(policy_dir.glob("*.yaml"))}
    return Documents(packs=packs, templates=read_catalogue_files())


async def apply_policy(
    owner: Connection,
    documents: Documents,
    *,
    at: datetime,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Applied | list[PolicyFault]:
    """Make these files the policy in force, or list every fault and leave the old policy as it is."""
    policy = compile_policy(documents)
    if not isinstance(policy, Policy):
        return policy
    async with owner.transaction():
        changed = await activate(
            owner,
            digest=policy.hash,
            documents=msgspec.json.encode(documents),
            tzdb=policy.rules.tzdb,
            by=BY,
            templates={
                bytes.fromhex(t.hash): StoredTemplate(
                    file=f"{t.locale}/{t.name}.{t.channel}.j2", source=t.source
                )
                for t in policy.templates.values()
            },
        )
        if changed:
            writer = await open_single_writer(owner, new_id(at, random), at)
            versions = {label.pack: label.version for label in policy.labels.values()}
            leaf = PolicyActivated(
                ts=writer.ts,
                w=writer.name,
                we=writer.epoch,
                ws=1,
                policy=policy.hash.hex(),
                packs=tuple(
                    Pack(pack=name, version=versions.get(name.removesuffix(".yaml"), "-"), digest=digest)
                    for name, digest in sorted(_digests(documents).items())
                ),
                tzdb=policy.rules.tzdb,
                by=BY,
            )
            await writer.write("policy.activated", encode(leaf))
    return Applied(policy=policy, changed=changed)


def _digests(documents: Documents) -> dict[str, str]:
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in documents.packs.items()}
