"""What people write to name a model is read; whatever could lead elsewhere is refused."""

import pytest

from engine.errors import InputError
from engine.hub.hub_id import HubId, checked_revision, is_commit, parse_id


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Qwen/Qwen3-0.6B", HubId("Qwen/Qwen3-0.6B")),
        (" gpt2 ", HubId("gpt2")),
        ("a/b/q4/c-Q4_K_M.gguf", HubId("a/b", "q4/c-Q4_K_M.gguf")),
        ("https://huggingface.co/a/b", HubId("a/b")),
        ("https://huggingface.co/a/b/tree/main", HubId("a/b")),
        ("https://huggingface.co/a/b/blob/main/c.gguf", HubId("a/b", "c.gguf")),
    ],
)
def test_an_id_an_address_and_a_gguf_file_name_a_model(text: str, wanted: HubId) -> None:
    assert parse_id(text) == wanted
    assert parse_id(wanted.text) == wanted


@pytest.mark.parametrize(
    "text",
    ["", " ", "/", "../x", "a/..", "a/b/c", "a/b/../../x.gguf", "a//b", "a/b--c", "~/x", "/etc/x", "a/\x1b[2J",
     "a" * 300, "a/b/c.bin", "https://huggingface.co", "C:\\x", "a/b?x=y", "a b/c", "a/b/./x.gguf", "http://[x"],
)  # fmt: skip
def test_what_names_no_model_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="write OWNER/NAME"):
        parse_id(text)


@pytest.mark.parametrize("text", ["", "../main", "/main", "a b", "x\n"])
def test_what_is_no_revision_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no revision"):
        checked_revision(text)


def test_branches_tags_and_commits_are_revisions() -> None:
    assert checked_revision("refs/pr/1") == "refs/pr/1"
    assert is_commit("0" * 40)
    assert not is_commit("main")
