from __future__ import annotations

from pathlib import Path

import pytest

from broadsheet.site.whole_files import write_whole


def test_a_file_is_replaced_whole_and_no_draft_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / "seen", "one\n")
    write_whole(tmp_path / "seen", "two\n")
    assert [file.name for file in tmp_path.iterdir()] == ["seen"]
    assert (tmp_path / "seen").read_text() == "two\n"


def test_what_cannot_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "seen").mkdir()  # no file can take its place
    with pytest.raises(OSError):
        write_whole(tmp_path / "seen", "one\n")
    assert [file.name for file in tmp_path.iterdir()] == ["seen"]
