"""Texts to unit vectors with a sentence encoder, in batches, on one device; knows no documents and no index."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, PreTrainedModel

from engine.decoding.transfers import uploaded
from engine.documents import encoder_folder
from engine.documents.encoder_folder import EncoderFolder
from engine.errors import ModelError
from engine.events import Estimated, Progressed
from engine.machine.quiet import quiet_libraries
from engine.models import checks, devices, load_plan

TextRole: TypeAlias = Literal["document", "query"]
_PROMPT_NAMES: dict[TextRole, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}
# A batch ends soon enough to be stopped, and on a CPU stays in its cache: multiplications there, tokens on a GPU.
_CPU_WORK, _GPU_TOKENS = 1.2e10, 65_536
_FEWEST_TOKENS = 256
_CHARACTERS_A_TOKEN = 3
# No tokenizer makes longer ones of ordinary text; what follows in an endless text is not even tokenized.
_LONGEST_TOKEN = 200
_NO_LIMIT, _DEFAULT_LIMIT = 1_000_000, 512


class Description(NamedTuple):
    """What users of an embedder must know of it.

    fingerprint: equal where vectors can be compared. max_tokens: of a text, prompt and special tokens included; the
    rest is cut. query_prompt, document_prompt: what the encoder wants before a text, empty where it wants nothing."""

    spec: str
    fingerprint: str
    dimension: int
    max_tokens: int
    query_prompt: str
    document_prompt: str
    device: str
    dtype: str
    n_bytes: int

    @property
    def instruction_aware(self) -> bool:
        """Whether the encoder wants to be told what a text is for."""
        return bool(self.query_prompt or self.document_prompt)


class Embedded(NamedTuple):
    """What became of texts, in their order.

    vectors: [N, D] of length 1 each, zero for a text without a token; truncated: places of the texts that were cut."""

    vectors: NDArray[np.float32]
    truncated: tuple[int, ...]


class Embedder:
    """A sentence encoder in memory; released when nobody holds it any more."""

    def __init__(self, model: SentenceTransformer, description: Description) -> None:
        self.description = description
        self._model = model
        self._device = torch.device(description.device)
        self._tokens_a_batch = _tokens_a_batch(model, self._device)
        self._most_characters = description.max_tokens * _LONGEST_TOKEN

    def embed(self, texts: Sequence[str], *, role: TextRole = "document") -> Iterator[Progressed | Embedded]:
        """Yield progress after each batch, the longest texts first, and last the vectors; closing it stops in between.

        Raises ModelError where a vector is not finite."""
        vectors = np.zeros((len(texts), self.description.dimension), dtype=np.float32)
        truncated: list[int] = []
        done = 0
        for batch in self._batches(texts):
            vectors[batch], cut = self._encode([texts[place] for place in batch], role)
            self._refuse_infinite(vectors[batch])
            truncated += [place for place, is_cut in zip(batch, cut, strict=True) if is_cut]
            done += len(batch)
            yield Progressed("embedding", done, len(texts), "texts")
        yield Embedded(vectors, tuple(sorted(truncated)))

    def embed_all(self, texts: Sequence[str], *, role: TextRole = "document") -> Embedded:
        """The vectors of a few texts, at once. Raises ModelError where one is not finite."""
        *_, last = self.embed(texts, role=role)
        assert isinstance(last, Embedded)
        return last

    def _batches(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Places of texts of like length, as many as a batch has room for when padded to its longest."""
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        start = 0
        while start < len(order):
            n_tokens = min(self.description.max_tokens, 2 + len(texts[order[start]]) // _CHARACTERS_A_TOKEN)
            size = max(1, self._tokens_a_batch // n_tokens)
            yield order[start : start + size]
            start += size

    @torch.inference_mode()
    def _encode(self, texts: Sequence[str], role: TextRole) -> tuple[NDArray[np.float32], list[bool]]:
        """Vectors of a batch [B, D], and which of its texts were cut."""
        prompt = self.description.query_prompt if role == "query" else self.description.document_prompt
        readable = [_readable(text[: self._most_characters]) for text in texts]
        inputs = self._model.preprocess(readable, prompt=prompt or None, task=role)
        cut = [
            is_cut or len(text) > self._most_characters
            for text, is_cut in zip(texts, self._overflowing(inputs), strict=True)
        ]
        if not inputs["attention_mask"].shape[1]:
            return np.zeros((len(texts), self.description.dimension), dtype=np.float32), cut
        moved = {name: _moved(value, self._device) for name, value in inputs.items()}
        mask = moved["attention_mask"]
        assert isinstance(mask, torch.Tensor)
        made = self._model(moved, task=role)
        found = made["sentence_embedding"][:, : self.description.dimension].float()
        unit = torch.nn.functional.normalize(found, dim=1).where(mask.any(dim=1, keepdim=True), 0.0)
        return unit.cpu().numpy(), cut  # sync: once a batch

    def _overflowing(self, inputs: Mapping[str, torch.Tensor]) -> list[bool]:
        """Which texts had more tokens than fit."""
        encodings = getattr(inputs, "encodings", None)
        if encodings is None:  # a tokenizer written in Python does not tell what it left out
            return [n >= self.description.max_tokens for n in inputs["attention_mask"].sum(dim=1).tolist()]
        return [bool(encoding.overflowing) for encoding in encodings]

    def _refuse_infinite(self, vectors: NDArray[np.float32]) -> None:
        if not np.isfinite(vectors).all():
            reason = f"{self.description.spec} gives vectors that are not finite in {self.description.dtype}"
            raise ModelError(reason, "use float32 or bfloat16")


def _readable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _moved(value: object, device: torch.device) -> object:
    return uploaded(value, device) if isinstance(value, torch.Tensor) else value


def load(spec: str, *, device: str = "auto", dtype: str = "auto") -> Iterator[Progressed | Embedder]:
    """Load the encoder of a SPEC: yields progress, and last the embedder.

    Raises InputError, ModelError, MemoryExhausted."""
    quiet_libraries()
    found = encoder_folder.inspect(spec)
    on = devices.parse_device(device)
    kind = devices.parse_dtype(dtype, on)
    n_bytes = found.n_parameters * kind.itemsize
    load_plan.refuse_if_too_large(Estimated(n_bytes, 0, 0, devices.free_bytes(on), str(on), spec), on)
    yield Progressed("checking", 0, found.n_file_bytes, "bytes")
    fingerprint = encoder_folder.fingerprint(found)
    yield Progressed("loading", 0, n_bytes, "bytes")
    with checks.foreign(f"{spec} cannot be loaded as a sentence encoder", "check the encoder's files"):
        model = _read(found, on, kind)
        made = Embedder(model, _describe(found, fingerprint, model, on, kind))
        for _ in made.embed(["a"]):  # what the files do not tell of how the modules fit, a first text does
            pass
    yield made


def _read(found: EncoderFolder, device: torch.device, dtype: torch.dtype) -> SentenceTransformer:
    """The modules, from local files, without code of the model's own. Raises ModelError where weights are missing."""
    model = SentenceTransformer(
        str(found.folder),
        device=str(device),
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"dtype": dtype, "use_safetensors": True},
    )
    for name in sorted(_lacking(found) & _transformer(model).state_dict().keys()):
        # A pooler on top of the encoder is never asked.
        if not name.startswith("pooler."):
            reason = f"{found.spec} does not fit its configuration: {name} is missing"
            raise ModelError(reason, "download the encoder again, whole")
    limit = _max_tokens(model)
    model.max_seq_length = limit
    return model.eval()


def _lacking(found: EncoderFolder) -> set[str]:
    """Names of the weights that the files lack and that would silently be random; reads headers only."""
    _, report = AutoModel.from_pretrained(
        found.transformer,
        device_map={"": "meta"},
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        output_loading_info=True,
    )
    return set(map(str, report["missing_keys"]))


def _transformer(model: SentenceTransformer) -> PreTrainedModel:
    found = model.transformers_model
    assert found is not None  # encoder_folder lets nothing else pass
    return found


def _max_tokens(model: SentenceTransformer) -> int:
    """The smaller of what the encoder says it reads and what it has positions for."""
    said = (model.max_seq_length, getattr(_transformer(model).config, "max_position_embeddings", None))
    return min((n for n in said if isinstance(n, int) and 0 < n < _NO_LIMIT), default=_DEFAULT_LIMIT)


def _tokens_a_batch(model: SentenceTransformer, device: torch.device) -> int:
    if device.type == "cuda":
        return _GPU_TOKENS
    looked_up = _transformer(model).get_input_embeddings().weight.numel()
    n_multiplied = sum(p.numel() for p in model.parameters()) - looked_up
    return max(_FEWEST_TOKENS, int(_CPU_WORK / max(1, n_multiplied)))


def _describe(
    found: EncoderFolder, fingerprint: str, model: SentenceTransformer, device: torch.device, dtype: torch.dtype
) -> Description:
    return Description(
        spec=found.spec,
        fingerprint=fingerprint,
        dimension=int(model.get_embedding_dimension() or 0),
        max_tokens=_max_tokens(model),
        query_prompt=_prompt(model, "query"),
        document_prompt=_prompt(model, "document"),
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        n_bytes=sum(p.numel() * p.element_size() for p in model.parameters()),
    )


def _prompt(model: SentenceTransformer, role: TextRole) -> str:
    """The prompt for a role: the first that says something, or the one for all texts."""
    names = (*_PROMPT_NAMES[role], model.default_prompt_name or "")
    return next((text for name in names if (text := model.prompts.get(name))), "")
