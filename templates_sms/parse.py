"""From one template file to a `Template`, or to everything that is wrong with it."""

import hashlib
import re
from collections.abc import Mapping

from msgspec import Struct

from templates_sms.fault import Fault
from templates_sms.grammar import check_grammar
from templates_sms.header import Header, line_of, parse_header
from templates_sms.locales import canonical
from templates_sms.promises import check_promises
from templates_sms.template import Template, TextChannel

SIZE_MAX = 16_384  # characters; the longest e-mail of a lender is a fraction of it
_PATH = re.compile(rf"([A-Za-z0-9-]+)/([a-z][a-z0-9_]{{0,63}})\.({'|'.join(TextChannel)})\.j2")
_FENCE = "+++"
_HEADER_TEXTS = ("subject", "push_title", "lock_screen", "voicemail")


class _Split(Struct, frozen=True, kw_only=True):
    header: str
    body: str
    body_line: int


def parse_template(file: str, source: str) -> Template | list[Fault]:
    """Check one file whole, or list its faults. A `Template` made here renders for every valid set of variables.

    Args:
        file: its path below the catalogue's root, `<locale>/<name>.<channel>.j2`.
        source: its text.
    """
    match = _PATH.fullmatch(file)
    if match is None or canonical(match[1]) != match[1]:
        return [
            _fault(
                file,
                1,
                "the path is no template's",
                "Name it <locale>/<name>.<channel>.j2: en/call_back.sms.j2",
            )
        ]
    locale, name, channel = match[1], match[2], TextChannel(match[3])
    split = _split(file, source)
    if isinstance(split, list):
        return split
    header = parse_header(file, split.header, channel)
    if isinstance(header, list):
        return header
    texts = {"body": split.body} | {
        part: text for part in _HEADER_TEXTS if (text := getattr(header, part)) is not None
    }
    faults = _check(file, header, split, (channel, locale), texts)
    if faults:
        return faults
    return Template(
        name=name,
        channel=channel,
        locale=locale,
        hash=hashlib.sha256(source.encode()).hexdigest(),
        title=header.title,
        purpose=header.purpose,
        variables=tuple(header.variables.values()),
        lines=header.lines,
        rules=header.rules,
        source=source,
        body=split.body,
        subject=header.subject,
        push_title=header.push_title,
        lock_screen=header.lock_screen,
        voicemail=header.voicemail,
        digits=header.digits,
    )


def _fault(file: str, line: int, message: str, hint: str) -> Fault:
    return Fault(file=file, line=line, message=message, hint=hint)


def _split(file: str, source: str) -> _Split | list[Fault]:
    if len(source) > SIZE_MAX:
        return [_fault(file, 1, f"the file has {len(source)} characters", f"{SIZE_MAX} at most")]
    lines = source.split("\n")
    # Control and formatting characters hide: a right-to-left override shows the approver another text than the
    # borrower gets, and a carriage return changes the hash with the editor.
    faults = [
        _fault(
            file,
            number,
            "an invisible character (control, format or unusual space)",
            "Delete it; lines end in LF",
        )
        for number, line in enumerate(lines, start=1)
        if not line.isprintable()
    ]
    if faults:
        return faults
    if lines[0] != _FENCE or _FENCE not in lines[1:]:
        return [
            _fault(
                file, 1, "there is no header", f"Begin with {_FENCE}, the header in TOML, and {_FENCE} again"
            )
        ]
    end = lines.index(_FENCE, 1)
    body = "\n".join(lines[end + 1 :]).rstrip("\n")
    if not body.strip():
        return [_fault(file, end + 1, "the text is empty", "Write it below the header")]
    return _Split(header="\n".join(lines[1:end]), body=body, body_line=end + 2)


def _check(
    file: str, header: Header, split: _Split, where: tuple[TextChannel, str], texts: Mapping[str, str]
) -> list[Fault]:
    parts = {}
    for part, text in texts.items():
        first_line = split.body_line if part == "body" else line_of(split.header, part)
        parts[part] = check_grammar(file, text, first_line, header.variables)
    faults = [fault for grammar in parts.values() for fault in grammar.faults]
    faults += check_promises(file, header, split.header, (*where, split.body_line), parts)
    return sorted(faults, key=lambda fault: fault.line)
