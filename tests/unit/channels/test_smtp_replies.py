"""What a mail server's reply means depends on where in the conversation it comes."""

import hypothesis
import pytest
from hypothesis import strategies as st

from channels.base import NotSent, RefusalKind, Refused
from channels.smtp_replies import WORDS_MAX, Stage, read_reply

PERMANENT, TRANSIENT, OURS = RefusalKind.PERMANENT, RefusalKind.TRANSIENT, RefusalKind.OURS


@pytest.mark.parametrize(
    ("stage", "code", "text", "kind", "shown"),
    [
        (Stage.RCPT, 550, "5.1.1 no such mailbox", PERMANENT, "550 5.1.1"),
        (Stage.RCPT, 501, "5.1.3 bad address syntax", PERMANENT, "501 5.1.3"),
        (Stage.RCPT, 552, "5.2.2 mailbox full", PERMANENT, "552 5.2.2"),
        (Stage.RCPT, 450, "4.2.0 greylisted", TRANSIENT, "450 4.2.0"),
        (Stage.RCPT, 421, "closing", TRANSIENT, "421"),
        (Stage.RCPT, 554, "5.7.1 relay access denied", OURS, "554 5.7.1"),
        (Stage.RCPT, 530, "5.7.0 authentication required", OURS, "530 5.7.0"),
        (Stage.MAIL, 550, "5.7.1 sender not allowed", OURS, "550 5.7.1"),
        (Stage.MAIL, 451, "4.3.0 try later", TRANSIENT, "451 4.3.0"),
        (Stage.AUTH, 535, "5.7.8 wrong", OURS, "535 5.7.8"),
        (Stage.AUTH, 454, "4.7.0 temporary", TRANSIENT, "454 4.7.0"),
        (Stage.GREETING, 554, "no service", OURS, "554"),
        (Stage.DATA, 503, "bad sequence", OURS, "503"),
        (Stage.DOT, 554, "5.7.1 content refused", PERMANENT, "554 5.7.1"),
        (Stage.DOT, 421, "4.3.2 shutting down", TRANSIENT, "421 4.3.2"),
        (Stage.DOT, 450, "4.2.0 later", TRANSIENT, "450 4.2.0"),
    ],
)
def test_replies(stage: Stage, code: int, text: str, kind: RefusalKind, shown: str):
    """A reply is the address's fault, the hour's, or ours; the server's own code is kept."""
    refused = read_reply(stage, code, text, hide="jordan@example.com")
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.code) == (kind, shown)


@pytest.mark.parametrize("code", [-1, 0, 250, 354, 600])
def test_a_reply_that_is_no_refusal_before_the_dot_means_unsent(code: int):
    """A server that answers out of turn before the final dot has not taken the mail."""
    assert isinstance(read_reply(Stage.RCPT, code, "?", hide="jordan@example.com"), NotSent)


@hypothesis.given(before=st.text(max_size=100), after=st.text(max_size=400), upper=st.booleans())
def test_a_servers_words_never_carry_the_address(before: str, after: str, *, upper: bool):
    """Servers quote the address they refuse, in any case of letters; it is taken out before the words go anywhere."""
    address = "jordan@example.com"
    text = f"{before}{address.upper() if upper else address}{after}"
    refused = read_reply(Stage.RCPT, 550, text, hide=address)
    assert isinstance(refused, Refused)
    assert address not in refused.words.lower()
    assert len(refused.words) <= WORDS_MAX
    assert "\n" not in refused.words
