"""Every approved text by name, channel and locale: built whole from files, or not at all."""

import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from msgspec import Struct

from templates_sms.fault import Fault
from templates_sms.locales import fallbacks
from templates_sms.parse import parse_template
from templates_sms.template import Template


class NotFound(Struct, frozen=True, kw_only=True):
    """There is no such text. `part` names what is wrong with the request: `template`, `channel` or `locale`."""

    part: str
    message: str
    hint: str


class Catalogue(Struct, frozen=True, kw_only=True):
    """The texts, and a digest over all of their hashes that names exactly this set."""

    templates: Mapping[tuple[str, str, str], Template]  # by name, channel, locale
    digest: str

    def find(self, name: str, channel: str, locale: str) -> Template | NotFound:
        """Find the text for a reader: exact locale, then its script, then its language, and never another.

        Args:
            name: such as `payment_due_soon`.
            channel: `sms`, `voice`, `email` or `push`.
            locale: the reader's BCP 47 tag.
        """
        for candidate in fallbacks(locale):
            template = self.templates.get((name, channel, candidate))
            if template is not None:
                return template
        return self._explain(name, channel)

    def _explain(self, name: str, channel: str) -> NotFound:
        names = sorted({known for known, _, _ in self.templates})
        channels = sorted({way for known, way, _ in self.templates if known == name})
        locales = sorted({tag for known, way, tag in self.templates if (known, way) == (name, channel)})
        if not channels:
            return NotFound(
                part="template", message="no template of this name", hint=f"Known: {', '.join(names)}"
            )
        if not locales:
            hint = f"{name} exists for {', '.join(channels)}"
            return NotFound(part="channel", message="the template has no text for this channel", hint=hint)
        hint = f"{name} for {channel} exists in {', '.join(locales)}; texts never mix languages"
        return NotFound(part="locale", message="the template has no text in this language", hint=hint)


def build_catalogue(sources: Mapping[str, str]) -> Catalogue | list[Fault]:
    """Check every file and build the catalogue, or report every fault of every file at once.

    Args:
        sources: text by path, `<locale>/<name>.<channel>.j2`. Nothing at all is a fault: a gateway without texts
            has nothing to say.
    """
    if not sources:
        hint = "Put files like en/call_back.sms.j2 under templates_sms"
        return [Fault(file=".", line=1, message="there are no templates", hint=hint)]
    parsed = {file: parse_template(file, source) for file, source in sorted(sources.items())}
    faults = [fault for outcome in parsed.values() if isinstance(outcome, list) for fault in outcome]
    templates = {file: outcome for file, outcome in parsed.items() if isinstance(outcome, Template)}
    faults += _disagreements(templates)
    if faults:
        return sorted(faults, key=lambda fault: (fault.file, fault.line))
    lines = "".join(f"{file} {template.hash}\n" for file, template in templates.items())
    by_key = {(one.name, one.channel.value, one.locale): one for one in templates.values()}
    return Catalogue(templates=MappingProxyType(by_key), digest=hashlib.sha256(lines.encode()).hexdigest())


def read_catalogue_files() -> dict[str, str]:
    """The starter set that ships with Forbear, text by path."""
    return dict(_j2_files(files("templates_sms"), ""))


def _j2_files(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _j2_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".j2"):
            # Bytes, not text mode: the hash is over what is in the file, and \r\n is a fault to report, not to mend.
            yield prefix + entry.name, entry.read_bytes().decode()


def _disagreements(templates: Mapping[str, Template]) -> list[Fault]:
    """A caller names a template, not a language: every language must ask for the same and promise the same."""
    first: dict[tuple[str, str], tuple[str, Template]] = {}
    by_hash: dict[str, str] = {}
    faults = []
    for file, template in templates.items():
        twin = by_hash.setdefault(template.hash, file)
        if twin != file:
            hint = "Translate it, or delete one of the two"
            faults.append(Fault(file=file, line=1, message=f"the file is a copy of {twin}", hint=hint))
        model_file, model = first.setdefault((template.name, template.channel), (file, template))
        for what, mine, theirs in (
            ("variables", set(template.variables), set(model.variables)),
            ("purpose", template.purpose, model.purpose),
            ("lines", template.lines, model.lines),
            ("digits", template.digits, model.digits),
        ):
            if mine != theirs:
                hint = "Make the two agree, or give one another name"
                faults.append(Fault(file=file, line=1, message=f"{what} differ from {model_file}", hint=hint))
    return faults
