"""The commands over documents as a user types them."""

import json
from pathlib import Path

import pytest

from engine.cli import main, rag
from engine.cli.output import Output
from engine.machine import paths
from tests import encoders, fakes
from tests.papers import put


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("m")
    target = fakes.save(fakes.model(), folder / "t")
    return ["--embedder", str(encoders.save(folder / "tiny")), "--target", target, "--chunk-tokens", "40"]


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_folder_is_indexed_and_searched(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    docs = put(tmp_path / "docs", {"a.txt": "Salt and sea.", "b.txt": "A ship.", "c.txt": b"\0\0\0"})
    index = ["--index", str(tmp_path / "index")]
    assert main(["rag", "index", str(docs), *index, *options, "--json"]) == 0
    found = objects(capsys.readouterr().out)
    assert found[0] == {
        "event": "file_skipped",
        "source": "c.txt",
        "reason": "is no text; its bytes are of another kind",
        "part": False,
    }
    assert found[-1]["event"] == "summary" and found[-1]["n_files"] == 2 and found[-1]["n_skipped"] == 1
    for how in ("dense", "text", "hybrid"):
        assert main(["rag", "search", *index, "--question", "a ship", "--n", "1", "--how", how, "--json"]) == 0
        passage, summary = objects(capsys.readouterr().out)
        assert passage["event"] == "passage" and passage["rank"] == 1 and "text" in passage
        assert summary["n_found"] == 1 and summary["n_chunks"] == 2


def test_people_read_passages_with_their_places(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    docs, index = put(tmp_path / "docs", {"a.txt": "Salt [and] sea."}), ["--index", str(tmp_path / "index")]
    assert main(["rag", "index", str(docs / "a.txt"), *index, *options]) == 0
    told = capsys.readouterr().out
    assert "1 files with text, 1 passages of at most 40 tokens" in told and f"rag ask --index {index[1]}" in told
    assert main(["rag", "search", *index, "--question", "salt", "--how", "text"]) == 0
    assert "1. a.txt" in (text := capsys.readouterr().out) and "Salt [and] sea." in text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["index", "nowhere"], "there is nothing at nowhere"),
        (["index", "builtin", "--chunk-tokens", "-1"], "chunk-tokens = -1"),
        (["index", "builtin", "--n", "0"], "n = 0"),
        (["index", "builtin", "--target", "builtin:nope"], "nope"),
        (["search", "--index", "nowhere", "--question", "x"], "there is no index at nowhere"),
        (["search", "--index", "nowhere", "--question", "x", "--how", "magic"], "how = magic"),
    ],
)
def test_mistakes_are_one_line(line: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rag", *line]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and words in told


def test_an_index_without_a_name_lies_in_a_folder_of_the_users() -> None:
    one, other = paths.own_index(["a/docs"]), paths.own_index(["b/docs"])
    assert Path(one).name.startswith("docs-") and one != other
    assert paths.own_index(["builtin"]) == paths.own_index(["builtin"])


@pytest.mark.parametrize(
    ("sources", "target", "warned"),
    [(["/docs"], "builtin", True), (["builtin", "/docs"], "builtin", True), (["builtin"], "builtin", False),
     (["/docs"], "/models/large", False)],
)  # fmt: skip
def test_built_in_models_are_warned_of_where_documents_are_foreign(
    sources: list[str], target: str, warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rag._warn_of_foreign_documents(Output(json=False), sources, target)
    said = " ".join(capsys.readouterr().err.split())
    assert ("know only the shipped documents" in said and "choose an instruct model" in said) == warned
