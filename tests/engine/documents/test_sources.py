"""Where documents are looked for: order, links, hidden files, limits, and what is refused."""

import os
from pathlib import Path

import pytest

from engine.documents import sources
from engine.documents.sources import Skipped
from engine.errors import InputError
from tests.papers import put


def names(*specs: str) -> list[str]:
    return [entry.source for entry in sources.find(specs).entries]


def test_files_come_in_the_order_of_their_names_without_hidden_and_other_ones(tmp_path: Path) -> None:
    put(tmp_path, {"b.txt": "b", "a/z.md": "z", "a.HTML": "a", ".git/c.txt": "c", ".d.txt": "d", "e.png": b"\x89"})
    assert names(str(tmp_path)) == ["a/z.md", "a.HTML", "b.txt"]
    assert sources.find([str(tmp_path)]).n_other == 1


def test_what_programs_come_with_needs_no_suffix(tmp_path: Path) -> None:
    put(tmp_path, {"README": "a", "b/copyright": "b", "Makefile": "c", "LICENSE.py": "d"})
    assert names(str(tmp_path)) == ["README", "b/copyright"]
    assert names(str(tmp_path / "README")) == ["README"]


def test_a_loop_of_links_ends_where_it_began(tmp_path: Path) -> None:
    put(tmp_path, {"a/b/c.txt": "c"})
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert names(str(tmp_path)) == ["a/b/c.txt"]


def test_links_to_nothing_pipes_and_too_large_files_are_told_or_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_TEXT_BYTES", 4)
    put(tmp_path, {"a.txt": "good", "b.txt": "too long"})
    (tmp_path / "c.txt").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "d.txt")
    found = sources.find([str(tmp_path)])
    assert [entry.source for entry in found.entries] == ["a.txt"]
    assert found.skipped == (
        Skipped("b.txt", "has 8 bytes, more than the 4 that are read; split it"),
        Skipped("c.txt", "is a link to nothing"),
        Skipped("d.txt", "is a pipe, not a file"),
    )


def test_links_that_are_followed_are_told_and_none_leaves_for_the_machine(tmp_path: Path) -> None:
    put(tmp_path, {"docs/a.txt": "a", "far/b.txt": "b"})
    docs = tmp_path / "docs"
    (docs / "far").symlink_to(tmp_path / "far")
    (docs / "one.txt").symlink_to(tmp_path / "far" / "b.txt")
    for name, target in {
        "proc": "/proc",
        "fd": "/dev/fd",
        "zero.txt": "/dev/zero",
        "s.txt": "/proc/self/status",
    }.items():
        (docs / name).symlink_to(target)
    found = sources.find([str(docs)])
    assert [entry.source for entry in found.entries] == ["a.txt", "far/b.txt", "one.txt"]
    assert found.links == (("far", str(tmp_path / "far")), ("one.txt", str(tmp_path / "far" / "b.txt")))
    assert [skipped.source for skipped in found.skipped] == ["fd", "proc", "s.txt", "zero.txt"]
    assert all("state of the machine" in skipped.reason for skipped in found.skipped)
    for spec in ("/proc", "/dev/null", "/sys/kernel"):
        with pytest.raises(InputError, match="state of the machine"):
            sources.find([spec])


def test_documents_of_kinds_that_are_not_read_are_named_and_other_files_counted(tmp_path: Path) -> None:
    put(tmp_path, {"a.doc": "x", "b.rtf": "x", "c.png": "x", "d.png": "x", "e.py": "x", "noone": "x"})
    found = sources.find([str(tmp_path)])
    assert [skipped.source for skipped in found.skipped] == ["a.doc", "b.rtf"]
    assert found.skipped[0].reason == "is of a kind that is not read; save it as .docx"
    assert (found.n_other, dict(found.other_kinds)) == (4, {".png": 2, ".py": 1, "without a suffix": 1})


def test_a_file_that_became_a_pipe_or_grew_is_refused_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, {"a.txt": "salt"})
    (entry,) = sources.find([str(tmp_path)]).entries
    monkeypatch.setattr(sources, "_TEXT_BYTES", 3)
    with pytest.raises(OSError, match="grown"):
        sources.read_whole(entry, tmp_path / "a.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(OSError, match="no longer a file"):
        sources.open_regular(tmp_path / "pipe.txt")


def test_a_hundred_megabytes_of_text_are_too_many(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(100_000_000)
    found = sources.find([str(tmp_path)])
    assert not found.entries and "100,000,000 bytes" in found.skipped[0].reason


def test_a_name_that_is_no_text_is_written_with_escapes(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt"))).write_text("x")
    assert names(str(tmp_path)) == ["\\xff.txt"]
    assert names(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")) == ["\\xff.txt"]


def test_files_of_several_places_have_their_whole_names(tmp_path: Path) -> None:
    put(tmp_path, {"a/x.txt": "1", "b/x.txt": "2"})
    found = names(str(tmp_path / "a"), str(tmp_path / "b" / "x.txt"), "builtin")
    assert found == [f"{tmp_path}/a/x.txt", f"{tmp_path}/b/x.txt", "builtin"]


@pytest.mark.parametrize(
    ("files", "spec", "reason"),
    [({}, "", "is empty"), ({"a.png": b""}, "", "no file of a kind that is read among its 1"),
     ({}, "gone", "there is nothing at"), ({"a.png": b""}, "a.png", "of a kind that is not read")],
)  # fmt: skip
def test_nothing_to_read_is_refused(tmp_path: Path, files: dict[str, bytes], spec: str, reason: str) -> None:
    put(tmp_path, dict(files))
    with pytest.raises(InputError, match=reason):
        sources.find([str(tmp_path / spec)])


def test_no_place_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="no documents are named"):
        sources.roots_of([" "])


def test_a_fingerprint_is_of_what_a_file_holds(tmp_path: Path) -> None:
    put(tmp_path, {"a.txt": "same", "b.txt": "same", "c.txt": "other"})
    a, b, c = sources.find([str(tmp_path)]).entries
    assert sources.fingerprint(a) == sources.fingerprint(b) != sources.fingerprint(c)
    (builtin,) = sources.find(["builtin"]).entries
    assert len(sources.fingerprint(builtin)) == 64
    (pages,) = sources.find(["builtin:pages"]).entries
    assert pages.source == "builtin:pages" and sources.fingerprint(pages) != sources.fingerprint(builtin)
    assert sources.roots_of(["builtin:pages"]) == ("builtin:pages",)


def test_a_kind_that_is_read_is_known_by_its_name() -> None:
    assert all(sources.kind_of(Path(name)) is not None for name in ("a.PDF", "b.md", "README", "c.csv"))
    assert not any(sources.kind_of(Path(name)) is not None for name in ("a.exe", "b", "c.gguf"))
