"""Checkpoints are C2SP signed notes: what others sign we read, and what we sign convicts us if we sign twice."""

import base64

import pytest

from audit.checkpoint import (
    Checkpoint,
    CheckpointError,
    Signer,
    open_checkpoint,
    parse_signer,
    parse_verifier,
    verifier_text,
)

# The example of the package documentation of golang.org/x/mod/sumdb/note.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="

ROOT = bytes(range(32))
SIGNER = Signer("forbear/test", bytes(32))
OTHER = Signer("forbear/other", bytes([1]) * 32)


def test_keys_and_signatures_are_those_of_the_go_package() -> None:
    """The published example key gives the published public key and signature, byte for byte."""
    signer = parse_signer(GO_SECRET)
    assert signer.secret_text() == GO_SECRET
    assert verifier_text(signer.verifier) == GO_PUBLIC
    assert parse_verifier(GO_PUBLIC) == signer.verifier
    signature = signer.verifier.key_id + signer._private.sign(GO_TEXT.encode())
    assert base64.b64encode(signature).decode() == GO_SIGNATURE


def test_checkpoint_is_three_lines_and_a_signature() -> None:
    """The text is exactly what C2SP tlog-checkpoint says, so any witness can read it."""
    lines = SIGNER.sign(7, ROOT).split("\n")
    assert lines[:4] == ["forbear/test", "7", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith("\u2014 forbear/test ")
    assert lines[5:] == [""]


def test_signed_checkpoint_opens_with_the_public_key() -> None:
    """An auditor with one line of public key gets back what was signed."""
    key = parse_verifier(verifier_text(SIGNER.verifier))
    opened = open_checkpoint(SIGNER.sign(7, ROOT), key)
    assert opened == Checkpoint(origin="forbear/test", size=7, root=ROOT)


def test_same_log_is_signed_the_same_twice() -> None:
    """Repeating a seal after a crash shows the same note: there are never two for one size."""
    assert SIGNER.sign(7, ROOT) == SIGNER.sign(7, ROOT)


def test_signatures_of_witnesses_are_passed_over() -> None:
    """A cosigned checkpoint opens with our key alone; an unknown key's line is no fault."""
    note = SIGNER.sign(7, ROOT) + OTHER.sign(7, ROOT).split("\n\n")[1]
    assert open_checkpoint(note, SIGNER.verifier).size == 7


def _spoil(find: str, put: str) -> str:
    note = SIGNER.sign(7, ROOT)
    assert find in note
    return note.replace(find, put, 1)


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="nothing"),
        pytest.param(_spoil("\n7\n", "\n8\n"), id="another size"),
        pytest.param(_spoil("\n7\n", "\n07\n"), id="leading zero"),
        pytest.param(_spoil("\n7\n", "\n+7\n"), id="sign"),
        pytest.param(_spoil("\n7\n", "\n-7\n"), id="negative"),
        pytest.param(_spoil("\n7\n", "\n\u0667\n"), id="arabic digit"),
        pytest.param(_spoil("\n7\n", "\n" + "7" * 5000 + "\n"), id="digits without end"),
        pytest.param(_spoil("AAEC", "AAED"), id="another root"),
        pytest.param(_spoil("Hh8=", "Hh9="), id="loose base64"),
        pytest.param(_spoil("Hh8=\n", "Hh8=\nextension\n"), id="fourth line"),
        pytest.param(_spoil("\n\n", "\n"), id="no empty line"),
        pytest.param(_spoil("\u2014 ", "- "), id="hyphen"),
        pytest.param(SIGNER.sign(7, ROOT).rstrip("\n"), id="no final newline"),
        pytest.param(SIGNER.sign(7, ROOT).split("\u2014")[0], id="unsigned"),
        pytest.param(
            SIGNER.sign(7, ROOT).split("\u2014")[0] + "\u2014 forbear/test AAAA\n", id="short signature"
        ),
        pytest.param(OTHER.sign(7, ROOT), id="another log"),
        pytest.param(Signer("forbear/test", bytes([2]) * 32).sign(7, ROOT), id="another key of that name"),
    ],
)
def test_changed_or_foreign_checkpoint_is_refused(note: str) -> None:
    """Whatever is not exactly a checkpoint of this log signed by this key is refused, with a reason."""
    with pytest.raises(CheckpointError, match=r"\w"):
        open_checkpoint(note, SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GO_PUBLIC,
        GO_SECRET.replace("c74f20a3", "c74f20a4"),
        GO_SECRET.replace("c74f20a3", "xyz"),
        GO_SECRET.replace("AYEK", "AoEK"),
        GO_SECRET[:-8],
        GO_SECRET.replace("PeterNeumann", "Peter Neumann"),
    ],
)
def test_damaged_secret_key_is_refused_without_quoting_it(text: str) -> None:
    """A broken key line is an error that can be logged: it holds no part of the key."""
    with pytest.raises(CheckpointError) as caught:
        parse_signer(text)
    assert "AYEKFALV"[:6] not in str(caught.value)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "line\nbreak", "tab\t", "\x00"])
def test_name_that_would_break_the_format_is_refused(name: str) -> None:
    """A log's name cannot forge lines of a note."""
    with pytest.raises(CheckpointError):
        Signer(name, bytes(32))
