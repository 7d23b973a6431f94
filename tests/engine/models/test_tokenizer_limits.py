"""Tokenizers that would make a short text endlessly long are refused from their file."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.models.tokenizer_limits import refuse_expanding

Step = dict[str, object]


def replace(pattern: dict[str, str], content: str) -> Step:
    return {"type": "Replace", "pattern": pattern, "content": content}


def write(folder: Path, **parts: object) -> Path:
    (folder / "tokenizer.json").write_text(json.dumps({"model": {}, **parts}))
    return folder


def sequence(*steps: Step, of: str = "normalizers") -> Step:
    return {"type": "Sequence", of: list(steps)}


GROWING = [
    sequence(*[replace({"String": "e"}, "ee")] * 40),
    sequence(*[replace({"String": "a"}, "a" * 1000)] * 8),
    sequence(sequence(*[replace({"Regex": "."}, "xy")] * 4), replace({"String": ""}, "y" * 9)),
    sequence(*[{"type": "Prepend", "prepend": "x" * 600}] * 2),
    replace({"Regex": "."}, "y" * 3_000_000),
    sequence(*[{"type": "NFKD"}] * 100),
]


@pytest.mark.parametrize("normalizer", GROWING)
def test_normalizer_that_expands_is_refused(tmp_path: Path, normalizer: Step) -> None:
    with pytest.raises(ModelError, match="its normalizer"):
        refuse_expanding("m", write(tmp_path, normalizer=normalizer))


def test_decoder_and_post_processor_that_expand_are_refused(tmp_path: Path) -> None:
    decoder = sequence(*[replace({"String": "e"}, "ee")] * 40, of="decoders")
    with pytest.raises(ModelError, match="its decoder"):
        refuse_expanding("m", write(tmp_path, decoder=decoder))
    copies = {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}] * 1000}
    with pytest.raises(ModelError, match="repeats each text"):
        refuse_expanding("m", write(tmp_path, post_processor=copies))
    twice = {"type": "TemplateProcessing", "single": [{"Sequence": {}}, {"Sequence": {}}]}
    with pytest.raises(ModelError, match="repeats each text"):
        refuse_expanding("m", write(tmp_path, post_processor={"processors": [twice] * 4}))


def test_usual_tokenizers_pass(tmp_path: Path) -> None:
    assert refuse_expanding("m", tmp_path) is None
    refuse_expanding("m", write(tmp_path, normalizer=None, decoder={"type": "ByteLevel"}))
    llama = sequence({"type": "Prepend", "prepend": "▁"}, replace({"String": " "}, "▁"))
    start = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}]}
    refuse_expanding("m", write(tmp_path, normalizer=llama, post_processor=start))
    bert = sequence(
        {"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}, replace({"Regex": "\\s+"}, " "),
        replace({"String": "``"}, '"'),
    )  # fmt: skip
    refuse_expanding("m", write(tmp_path, normalizer=bert))


def test_deep_sequences_are_refused_and_broken_files_left_to_the_library(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"normalizer": ' + "[" * 10**5)
    with pytest.raises(ModelError, match="too deep"):
        refuse_expanding("m", tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    refuse_expanding("m", tmp_path)


_PART = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["normalizers", "decoders", "processors", "single", "pattern", "content", "prepend", "String"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(normalizer=_PART, post_processor=_PART)
def test_any_file_passes_or_is_refused(tmp_path: Path, normalizer: object, post_processor: object) -> None:
    try:
        refuse_expanding("m", write(tmp_path, normalizer=normalizer, post_processor=post_processor))
    except ModelError as err:
        assert err.message.startswith("m has no usable tokenizer")
    else:
        assert (tmp_path / "tokenizer.json").exists()
