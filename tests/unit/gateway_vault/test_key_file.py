"""Key files are made once and refused when anybody else can read them."""

import os
from pathlib import Path

import pytest

from gateway.key_file import KeyFileError, create_key_file, read_key_file
from gateway.vault import create_master_key, open_vault


def test_master_key_file_is_ours_alone_and_opens(tmp_path: Path) -> None:
    """The file has mode 0600, and two processes that read it make the same tokens."""
    path = tmp_path / "master.key"
    create_master_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_vault(path).borrower_token("a", "b") == open_vault(path).borrower_token("a", "b")


def test_two_master_keys_differ(tmp_path: Path) -> None:
    """Every installation has a key of its own."""
    for name in ("one", "two"):
        create_master_key(tmp_path / name)
    assert (tmp_path / "one").read_text() != (tmp_path / "two").read_text()


def test_master_key_is_never_overwritten(tmp_path: Path) -> None:
    """Making a key where one lies is refused: everything sealed would be lost."""
    path = tmp_path / "master.key"
    create_master_key(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        create_master_key(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_key_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that a group or the world can read, write or run is refused, and the remedy is named."""
    path = tmp_path / "master.key"
    create_master_key(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        open_vault(path)


def test_owner_may_take_away_more(tmp_path: Path) -> None:
    """A read-only key, as secret mounts make them, is fine."""
    path = tmp_path / "master.key"
    create_master_key(path)
    path.chmod(0o400)
    assert open_vault(path)


@pytest.mark.parametrize("content", ["", "AAAA\n", "not base64 at all", "A" * 44, "ü", "A" * 5000])
def test_file_without_a_key_is_refused(tmp_path: Path, content: str) -> None:
    """A file that holds anything but 32 bytes in base64 is refused by name, without quoting it."""
    path = tmp_path / "master.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"master\.key") as caught:
        open_vault(path)
    assert not content or content not in str(caught.value)


def test_missing_file_names_the_command(tmp_path: Path) -> None:
    """Whoever starts without a key is told how to make one."""
    with pytest.raises(KeyFileError, match="forbear keys"):
        open_vault(tmp_path / "none")


def test_pipe_or_folder_is_no_key(tmp_path: Path) -> None:
    """A named pipe does not hang the start, and a folder does not pass for a key."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(KeyFileError):
            read_key_file(path)


def test_link_is_not_followed_when_making_a_key(tmp_path: Path) -> None:
    """A link laid where the key will be does not lead the key elsewhere."""
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError):
        create_key_file(tmp_path / "key", "secret")
    assert not (tmp_path / "elsewhere").exists()
