"""Texts become unit vectors, the same ones in any company; nothing is fetched and no text is too strange."""

import json
import socket
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from engine.documents import embedding
from engine.documents.embedding import Embedded, Embedder, TextRole
from engine.errors import EngineError, InputError, ModelError
from engine.events import Progressed
from tests import encoders


def load(spec: str, **options: str) -> Embedder:
    *progress, last = embedding.load(spec, device="cpu", **options)
    assert isinstance(last, Embedder) and all(isinstance(item, Progressed) for item in progress)
    return last


def embed(embedder: Embedder, texts: Sequence[str], role: TextRole = "document") -> Embedded:
    *_, last = embedder.embed(texts, role=role)
    assert isinstance(last, Embedded)
    return last


def lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.linalg.norm(vectors, axis=1)
    return found


@pytest.fixture(scope="module")
def builtin() -> Embedder:
    return load("builtin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoders.save(tmp_path_factory.mktemp("encoder") / "tiny", prompts={"query": "query: "})


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Embedder:
    return load(str(folder))


def test_built_in_embedder_tells_what_it_is(builtin: Embedder) -> None:
    found = builtin.description
    assert (found.spec, found.dimension, found.max_tokens, found.dtype) == ("builtin", 384, 256, "float32")
    assert len(found.fingerprint) == 64 and not found.instruction_aware and found.n_bytes > 80e6


def test_texts_about_the_same_are_nearer_than_others(builtin: Embedder) -> None:
    lamp, light, salt = embed(builtin, ["A lamp in the tower", "Light on a lighthouse", "The price of salt"]).vectors
    assert lamp @ light > lamp @ salt + 0.2


def test_vectors_are_those_of_sentence_transformers_itself(builtin: Embedder) -> None:
    texts = ["A short one.", "A rather longer text about a ship and its harbour, its crew and its lamp.", "Salt"]
    expected = builtin._model.encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(embed(builtin, texts).vectors, expected, atol=1e-6)


def test_same_text_gives_the_same_vector_in_any_company(builtin: Embedder) -> None:
    texts = ["The ship sailed in spring.", "Salt.", "A long report of the harbour. " * 20, "The lamp of the tower"]
    together = embed(builtin, texts).vectors
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(embed(builtin, [text]).vectors[0], vector, atol=1e-5)


def test_strange_texts_get_unit_vectors(builtin: Embedder) -> None:
    texts = [
        "",
        " \n",
        "\0",
        "a\0b",
        "\ud800",
        "x\udc00y",
        "שלום עולם",
        "مرحبا",
        "\u202ereversed",
        "😀" * 50,
        "z" * 9999,
    ]
    found = embed(builtin, texts).vectors
    assert found.dtype == np.float32 and found.shape == (len(texts), 384)
    np.testing.assert_allclose(lengths(found), 1, atol=1e-5)


def test_what_looks_like_a_control_token_is_text(builtin: Embedder) -> None:
    assert builtin.tokens.counts(["[SEP]", "[CLS] a"]) == [3, 5]
    read = builtin._model.tokenizer("a [SEP] b")["input_ids"]
    assert read.count(builtin._model.tokenizer.sep_token_id) == 1


def test_texts_that_are_cut_are_named(builtin: Embedder) -> None:
    endless = "word " * 200_000
    found = embed(builtin, ["short", "word " * 254, endless, "word " * 255])
    assert found.truncated == (2, 3)
    np.testing.assert_allclose(found.vectors[2], found.vectors[1], atol=1e-5)


def test_vectors_come_in_the_order_of_the_texts(tiny: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["salt", "sea ship lamp", "", "ship ship", "lamp"]
    whole = embed(tiny, texts).vectors
    monkeypatch.setattr(tiny, "_tokens_a_batch", 1)
    *progress, alone = tiny.embed(texts)
    assert isinstance(alone, Embedded)
    np.testing.assert_allclose(alone.vectors, whole, atol=1e-6)
    assert [item.done for item in progress if isinstance(item, Progressed)] == [1, 2, 3, 4, 5]


def test_text_without_a_token_has_no_direction(tiny: Embedder) -> None:
    np.testing.assert_array_equal(embed(tiny, ["", " "]).vectors, 0)
    np.testing.assert_allclose(lengths(embed(tiny, ["salt", ""]).vectors), [1, 0], atol=1e-6)


def test_no_texts_give_no_vectors(tiny: Embedder) -> None:
    assert embed(tiny, []).vectors.shape == (0, 8)


def test_query_prompt_is_put_before_queries_only(tiny: Embedder) -> None:
    assert tiny.description.instruction_aware and tiny.description.query_prompt == "query: "
    asked = embed(tiny, ["salt"], "query").vectors
    np.testing.assert_allclose(asked, embed(tiny, ["query: salt"]).vectors, atol=1e-6)
    assert abs(asked - embed(tiny, ["salt"]).vectors).max() > 1e-3


def test_embedding_stops_between_two_batches(tiny: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "_tokens_a_batch", 1)
    steps = tiny.embed(["salt"] * 5)
    assert next(steps) == Progressed("embedding", 1, 5, "texts")
    steps.close()  # type: ignore[attr-defined]
    assert not list(steps)


def test_limit_is_never_above_the_positions_there_are(tmp_path: Path) -> None:
    folder = encoders.save(tmp_path / "long")
    file = folder / "sentence_bert_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "max_seq_length": 5000}))
    made = load(str(folder))
    assert made.description.max_tokens == encoders.MAX_TOKENS
    assert embed(made, ["salt " * 100]).truncated == (0,)


def test_lower_precision_gives_nearly_the_same_unit_vectors(folder: Path, tiny: Embedder) -> None:
    found = embed(load(str(folder), dtype="bfloat16"), ["salt sea"]).vectors
    np.testing.assert_allclose(lengths(found), 1, atol=1e-5)
    assert (found @ embed(tiny, ["salt sea"]).vectors.T).item() > 0.99


def test_loading_and_embedding_open_no_connection(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object, **named: object) -> None:
        raise AssertionError(f"a connection was asked for: {given}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for spec in ("builtin", str(folder)):
        assert embed(load(spec), ["salt"]).vectors.shape[0] == 1


def test_encoder_that_lacks_a_weight_is_refused(tmp_path: Path) -> None:
    file = encoders.save(tmp_path / "encoder") / "model.safetensors"
    held = load_file(file)
    held.pop("encoder.layer.0.output.dense.weight")
    save_file(held, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"encoder\.layer\.0\.output\.dense\.weight is missing"):
        load(str(file.parent))


def test_modules_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    folder = encoders.save(tmp_path / "encoder")
    file = folder / "modules.json"
    listed = json.loads(file.read_text())
    file.write_text(json.dumps([listed[0], listed[2], listed[1], listed[3]]))
    with pytest.raises(ModelError, match="cannot be loaded as a sentence encoder") as caught:
        load(str(folder))
    assert "\n" not in str(caught.value)


def test_vectors_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    file = encoders.save(tmp_path / "encoder") / "2_Dense" / "model.safetensors"
    save_file({name: held * float("nan") for name, held in load_file(file).items()}, file)
    with pytest.raises(ModelError, match="not finite"):
        load(str(file.parent.parent))


@pytest.mark.parametrize(("option", "value"), [("device", "cuda:99"), ("device", "tpu"), ("dtype", "int4")])
def test_unknown_device_or_dtype_is_refused(option: str, value: str) -> None:
    with pytest.raises(InputError, match=value):
        list(embedding.load("builtin", **{option: value}))


def test_spec_that_names_nothing_is_refused() -> None:
    with pytest.raises(EngineError, match="no folder"):
        list(embedding.load("./nowhere"))


def test_what_an_encoder_reads_of_a_document_is_its_limit_without_prompt_and_special_tokens(tmp_path: Path) -> None:
    plain = load(str(encoders.save(tmp_path / "plain")))
    assert (plain.most_tokens, plain.tokens.counts(["salt sea " * 20])) == (encoders.MAX_TOKENS, [40])
    prompted = load(str(encoders.save(tmp_path / "prompted", prompts={"document": "query: salt "})))
    assert prompted.most_tokens == encoders.MAX_TOKENS - 2
