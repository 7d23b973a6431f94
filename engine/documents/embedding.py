"""Embeds texts as unit vectors with a sentence encoder, in batches on one device."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, PreTrainedModel

from engine.decoding.transfers import uploaded
from engine.documents import encoder_folder
from engine.documents.encoder_folder import EncoderFolder
from engine.documents.target_tokens import TargetTokens
from engine.errors import ModelError
from engine.events import Estimated, Progressed
from engine.machine.quiet import quiet_libraries
from engine.models import checks, devices, load_plan

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TextRole: TypeAlias = Literal["document", "query"]
_PROMPT_NAMES: dict[TextRole, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}
# Batches are small enough to stop soon and stay in a CPU's cache: multiplications on a CPU, tokens on a GPU.
_CPU_WORK, _GPU_TOKENS = 1.2e10, 65_536
_FEWEST_TOKENS = 256
_CHARACTERS_A_TOKEN = 3
# Characters of a token: ordinary text has no longer ones; the rest of an endless text is not even tokenized.
_LONGEST_TOKEN = 200
_NO_LIMIT, _DEFAULT_LIMIT = 1_000_000, 512


class Description(NamedTuple):
    """What users of an embedder must know about it.

    fingerprint: equal if vectors can be compared. max_tokens: of a text, including prompt and special tokens; the rest
    is cut. query_prompt, document_prompt: the text that the encoder expects before a text, empty if none."""

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
        """Whether the encoder expects a prompt that says what a text is for."""
        return bool(self.query_prompt or self.document_prompt)


class Embedded(NamedTuple):
    """The vectors of texts, in their order.

    vectors: [N, D] of length 1 each, zero for a text without tokens; truncated: places of the texts that were cut."""

    vectors: NDArray[np.float32]
    truncated: tuple[int, ...]


class Embedder:
    """A sentence encoder in memory; freed with its last reference."""

    def __init__(self, model: "SentenceTransformer", description: Description) -> None:
        self.description = description
        self._model = model
        self._device = torch.device(description.device)
        self._tokens_a_batch = _tokens_a_batch(model, self._device)
        self._most_characters = description.max_tokens * _LONGEST_TOKEN

    @property
    def tokens(self) -> TargetTokens:
        """Its own tokens, by which a text is measured, also on a thread that does not embed."""
        return TargetTokens(deepcopy(self._model.tokenizer))

    @property
    def most_tokens(self) -> int:
        """How many tokens of a document it reads: its limit without its prompt and special tokens."""
        tokenizer = self._model.tokenizer
        prompt = self.tokens.counts([self.description.document_prompt])[0] if self.description.document_prompt else 0
        return self.description.max_tokens - prompt - int(tokenizer.num_special_tokens_to_add())

    def embed(self, texts: Sequence[str], *, role: TextRole = "document") -> Iterator[Progressed | Embedded]:
        """Yield progress after each batch, the longest texts first, and last the vectors; closing it stops early.

        Raises ModelError if a vector is not finite."""
        vectors = np.zeros((len(texts), self.description.dimension), dtype=np.float32)
        truncated: list[int] = []
        n_done = 0
        for batch in self._batches(texts):
            vectors[batch], cut = self._encode([texts[place] for place in batch], role)
            self._refuse_infinite(vectors[batch])
            truncated += [place for place, is_cut in zip(batch, cut, strict=True) if is_cut]
            n_done += len(batch)
            yield Progressed("embedding", n_done, len(texts), "texts")
        yield Embedded(vectors, tuple(sorted(truncated)))

    def embed_all(self, texts: Sequence[str], *, role: TextRole = "document") -> Embedded:
        """Embed a few texts in one call. Raises ModelError if a vector is not finite."""
        *_, last = self.embed(texts, role=role)
        assert isinstance(last, Embedded)
        return last

    def _batches(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Places of texts of similar length, as many as a batch has room for when padded to the longest."""
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
        on_device = {name: _to_device(value, self._device) for name, value in inputs.items()}
        mask = on_device["attention_mask"]
        assert isinstance(mask, torch.Tensor)
        output = self._model(on_device, task=role)
        raw = output["sentence_embedding"][:, : self.description.dimension].float()
        unit = torch.nn.functional.normalize(raw, dim=1).where(mask.any(dim=1, keepdim=True), 0.0)
        return unit.cpu().numpy(), cut  # sync: once a batch

    def _overflowing(self, inputs: Mapping[str, torch.Tensor]) -> list[bool]:
        """Which texts had more tokens than fit."""
        encodings = getattr(inputs, "encodings", None)
        if encodings is None:  # a tokenizer written in Python does not report what it cut
            return [n >= self.description.max_tokens for n in inputs["attention_mask"].sum(dim=1).tolist()]
        return [bool(encoding.overflowing) for encoding in encodings]

    def _refuse_infinite(self, vectors: NDArray[np.float32]) -> None:
        if not np.isfinite(vectors).all():
            reason = f"{self.description.spec} gives vectors that are not finite in {self.description.dtype}"
            raise ModelError(reason, "use float32 or bfloat16")


def _readable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer accepts."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _to_device(value: object, device: torch.device) -> object:
    return uploaded(value, device) if isinstance(value, torch.Tensor) else value


def load(spec: str, *, device: str = "auto", dtype: str = "auto") -> Iterator[Progressed | Embedder]:
    """Load the encoder of a SPEC; yield progress, and last the embedder.

    Raises InputError, ModelError, MemoryExhausted."""
    quiet_libraries()
    encoder = encoder_folder.inspect(spec)
    torch_device = devices.parse_device(device)
    torch_dtype = devices.parse_dtype(dtype, torch_device)
    n_bytes = encoder.n_parameters * torch_dtype.itemsize
    load_plan.refuse_if_too_large(
        Estimated(n_bytes, 0, 0, devices.free_bytes(torch_device), str(torch_device), spec), torch_device
    )
    yield Progressed("checking", 0, encoder.n_file_bytes, "bytes")
    fingerprint = encoder_folder.fingerprint(encoder)
    yield Progressed("loading", 0, n_bytes, "bytes")
    with checks.foreign(f"{spec} cannot be loaded as a sentence encoder", "check the encoder's files"):
        model = _read(encoder, torch_device, torch_dtype)
        embedder = Embedder(model, _describe(encoder, fingerprint, model, torch_device, torch_dtype))
        for _ in embedder.embed(["a"]):  # the files do not show whether the modules fit together; a first text does
            pass
    yield embedder


def _read(encoder: EncoderFolder, device: torch.device, dtype: torch.dtype) -> "SentenceTransformer":
    """Load the modules from local files, without the model's own code. Raises ModelError if weights are missing."""
    # Imported late: with it comes much of scikit-learn, a second that every start of the engine would wait for.
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(encoder.folder),
        device=str(device),
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"dtype": dtype, "use_safetensors": True, "attn_implementation": None},
    )
    for name in sorted(_missing_weights(encoder) & _transformer(model).state_dict().keys()):
        # The encoder's own pooler is never used.
        if not name.startswith("pooler."):
            reason = f"{encoder.spec} does not fit its configuration: {name} is missing"
            raise ModelError(reason, "download the encoder again, whole")
    limit = _max_tokens(model)
    model.max_seq_length = limit
    prompts = " ".join(prompt or "" for prompt in model.prompts.values())
    if not any(token in prompts for token in model.tokenizer.all_special_tokens):
        # What looks like a control token in a document or a question ([SEP]) is text.
        model.tokenizer.split_special_tokens = True
    return model.eval()


def _missing_weights(encoder: EncoderFolder) -> set[str]:
    """Names of the weights that are not in the files and would silently be random; reads headers only."""
    _, report = AutoModel.from_pretrained(
        encoder.transformer,
        device_map={"": "meta"},
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        attn_implementation=None,
        output_loading_info=True,
    )
    return set(map(str, report["missing_keys"]))


def _transformer(model: "SentenceTransformer") -> PreTrainedModel:
    transformer = model.transformers_model
    assert transformer is not None  # encoder_folder accepts nothing else
    return transformer


def _max_tokens(model: "SentenceTransformer") -> int:
    """The smaller of the encoder's declared limit and its number of positions."""
    limits = (model.max_seq_length, getattr(_transformer(model).config, "max_position_embeddings", None))
    return min((n for n in limits if isinstance(n, int) and 0 < n < _NO_LIMIT), default=_DEFAULT_LIMIT)


def _tokens_a_batch(model: "SentenceTransformer", device: torch.device) -> int:
    if device.type == "cuda":
        return _GPU_TOKENS
    n_looked_up = _transformer(model).get_input_embeddings().weight.numel()
    n_multiplied = sum(p.numel() for p in model.parameters()) - n_looked_up
    return max(_FEWEST_TOKENS, int(_CPU_WORK / max(1, n_multiplied)))


def _describe(
    encoder: EncoderFolder, fingerprint: str, model: "SentenceTransformer", device: torch.device, dtype: torch.dtype
) -> Description:
    return Description(
        spec=encoder.spec,
        fingerprint=fingerprint,
        dimension=int(model.get_embedding_dimension() or 0),
        max_tokens=_max_tokens(model),
        query_prompt=_prompt(model, "query"),
        document_prompt=_prompt(model, "document"),
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        n_bytes=sum(p.numel() * p.element_size() for p in model.parameters()),
    )


def _prompt(model: "SentenceTransformer", role: TextRole) -> str:
    """The prompt for a role: the first that is not empty, or the default for all texts."""
    names = (*_PROMPT_NAMES[role], model.default_prompt_name or "")
    return next((text for name in names if (text := model.prompts.get(name))), "")
