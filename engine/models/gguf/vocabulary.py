"""Builds the tokenizer that a GGUF file describes and checks it against the file, token by token.

transformers has a reader of its own, which takes GPT-2's split for every name it does not know, "smollm" among them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from engine.errors import ModelError
from engine.models.gguf import pre_tokenizers as splits
from engine.models.gguf.header import GgufHeader

_PREFIX = "tokenizer.ggml."
_UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 2, 3, 4, 6
_UNMERGED = (_UNKNOWN, _CONTROL, _BYTE)
_SPACE = "▁"
_ROLES = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
# Tokens at which a model ends a turn besides its end of text.
_TURN_ENDS = ("eot", "eom")
_PROBES = ("The harbour at 12:30, isn't it?", "  two  spaces\n\n\tand a tab", "naïve café 漢字 🙂", "x = [1, 22, 333];")
_OTHER = "use the model's safetensors folder instead"
_AGAIN = "download the file again"


class _Words(NamedTuple):
    """The vocabulary of a file: tokens as they are spelled in the tokenizer, and the type of each."""

    tokens: tuple[str, ...]
    types: Sequence[float]
    byte_level: bool

    def of_type(self, kind: int) -> list[str]:
        """The tokens of a type."""
        return [token for token, own in zip(self.tokens, self.types, strict=True) if own == kind]


def build(header: GgufHeader) -> PreTrainedTokenizerFast:
    """The tokenizer of a file, checked. Raises ModelError: a kind or pre-tokenizer that is not known, or a difference
    between the tokenizer and the file."""
    words = _words(header)
    backend = _byte_level(header, words) if words.byte_level else _sentencepiece(header, words)
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in words.of_type(_CONTROL)])
    backend.add_tokens([AddedToken(token, special=False, normalized=False) for token in words.of_type(_USER_DEFINED)])
    _add_ends(backend, header, words)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        clean_up_tokenization_spaces=False,
        model_max_length=header.integer(f"{header.architecture}.context_length"),
        **_special_tokens(header, words),
    )
    template = header.text("tokenizer.chat_template")
    if template:
        tokenizer.chat_template = template
    refuse_different(tokenizer, header)
    return tokenizer


def spelled_tokens(header: GgufHeader) -> tuple[str, ...]:
    """The tokens by id as the tokenizer spells them. Raises ModelError for a kind that is not known."""
    return _words(header).tokens


def stop_ids(header: GgufHeader) -> list[int]:
    """The tokens at which generation ends, in ascending order."""
    keys = (f"{_PREFIX}{name}_token_id" for name in ("eos", *_TURN_ENDS))
    return sorted({header.integer(key) for key in keys if key in header.metadata})


def refuse_different(tokenizer: PreTrainedTokenizerBase, header: GgufHeader) -> None:
    """Compare a tokenizer with the file: every token, special ids, what is put around a text, and text that returns.

    Raises ModelError naming the first difference."""
    words = _words(header)
    built = {index: token for token, index in tokenizer.get_vocab().items()}
    for index, token in enumerate(words.tokens):
        if built.get(index) != token:
            raise _different(header, f"token {index} is {token!r:.40} in the file and {built.get(index)!r:.40} here")
    if len(built) != len(words.tokens):
        raise _different(header, f"the file has {len(words.tokens):,} tokens, the tokenizer {len(built):,}")
    for role, token in _special_tokens(header, words).items():
        if getattr(tokenizer, f"{role}_id") != _token_id(header, _ROLES[role]):
            raise _different(header, f"the {role.replace('_', ' ')} {token!r:.40} has another id here")
    for token in (words.of_type(_CONTROL) + words.of_type(_USER_DEFINED))[:2048]:
        ids = tokenizer(token, add_special_tokens=False)["input_ids"]
        if len(ids) != 1 or words.tokens[ids[0]] != token:
            raise _different(header, f"{token!r:.40} is cut into {len(ids)} tokens")
    _refuse_other_texts(tokenizer, header)


def _refuse_other_texts(tokenizer: PreTrainedTokenizerBase, header: GgufHeader) -> None:
    begin, end = _ends(header)
    for text in _PROBES:
        bare = tokenizer(text, add_special_tokens=False)["input_ids"]
        if tokenizer(text)["input_ids"] != [*begin, *bare, *end]:
            raise _different(header, "its begin-of-text or end-of-text flag is not followed")
        if tokenizer.decode(bare).strip(" ") != text.strip(" "):
            raise _different(header, f"{text!r} does not come back from its tokens")


def _words(header: GgufHeader) -> _Words:
    kind = header.text(f"{_PREFIX}model")
    tokens = header.texts(f"{_PREFIX}tokens")
    if kind not in ("gpt2", "llama"):
        reason = f"{header.path.name}: its kind of tokenizer, {kind!r:.40}, is not known here"
        raise ModelError(reason, _OTHER)
    types = header.numbers(f"{_PREFIX}token_type") or (1,) * len(tokens)
    if not tokens or len(types) != len(tokens):
        raise ModelError(f"{header.path.name}: {len(tokens):,} tokens with {len(types):,} types", _AGAIN)
    rows = next((tensor.shape[0] for tensor in header.tensors if tensor.name == "token_embd.weight"), len(tokens))
    if rows < len(tokens):
        raise ModelError(f"{header.path.name}: {len(tokens):,} tokens, but {rows:,} rows of embeddings", _AGAIN)
    if kind == "llama":
        # The file writes runs of spaces as spaces, where all other tokens have the sign for one.
        tokens = tuple(_SPACE * len(token) if token and not token.strip(" ") else token for token in tokens)
    if len(set(tokens)) < len(tokens):
        raise ModelError(f"{header.path.name}: a token is in its vocabulary twice", _OTHER)
    return _Words(tokens, types, kind == "gpt2")


def _byte_level(header: GgufHeader, words: _Words) -> Tokenizer:
    rule = splits.find(header.text(f"{_PREFIX}pre"), header.path.name)
    merges = [_pair(header, merge) for merge in header.texts(f"{_PREFIX}merges")]
    if not merges:
        raise ModelError(f"{header.path.name}: its tokenizer has no merges", _AGAIN)
    tokenizer = Tokenizer(_bpe(header, words, merges, ignore_merges=rule.ignore_merges))
    cuts = [pre_tokenizers.Split(Regex(split), behavior="isolated") for split in rule.splits]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _sentencepiece(header: GgufHeader, words: _Words) -> Tokenizer:
    merges = [_pair(header, merge) for merge in header.texts(f"{_PREFIX}merges")] or list(_derived(header, words))
    unknown = _special_tokens(header, words).get("unk_token")
    tokenizer = Tokenizer(_bpe(header, words, merges, unk_token=unknown, fuse_unk=True, byte_fallback=True))
    prefixed = header.flag(f"{_PREFIX}add_space_prefix", True)
    spaces = normalizers.Replace(" ", _SPACE)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(_SPACE), spaces]) if prefixed else spaces
    back = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*back, decoders.Strip(" ", 1, 0)] if prefixed else back)
    return tokenizer


def _bpe(header: GgufHeader, words: _Words, merges: list[tuple[str, str]], **options: object) -> models.BPE:
    try:
        return models.BPE(vocab={token: i for i, token in enumerate(words.tokens)}, merges=merges, **options)
    except Exception as err:  # the library raises plain exceptions of its own
        raise ModelError(f"{header.path.name}: its merges do not fit its vocabulary ({err})", _AGAIN) from err


def _pair(header: GgufHeader, merge: str) -> tuple[str, str]:
    left, _, right = merge.partition(" ")
    if not left or not right:
        raise ModelError(f"{header.path.name}: {merge!r:.40} is no merge", _AGAIN)
    return left, right


def _derived(header: GgufHeader, words: _Words) -> Iterator[tuple[str, str]]:
    """The merges that a SentencePiece vocabulary implies: the best token first, of which every cut is a merge.

    Raises ModelError without scores. The order is that of the score, then of the id, and in a token of its halves' ids:
    Gemma's scores fall with the id, up to rounding."""
    scores = header.numbers(f"{_PREFIX}scores")
    if len(scores) != len(words.tokens):
        raise ModelError(f"{header.path.name}: its tokenizer has neither merges nor scores", _AGAIN)
    ids = {token: i for i, token in enumerate(words.tokens)}
    mergeable = [i for i, kind in enumerate(words.types) if kind not in _UNMERGED and len(words.tokens[i]) > 1]
    own_order = header.architecture.startswith("gemma")
    for index in sorted(mergeable, key=lambda i: (0.0 if own_order else -scores[i], i)):
        token = words.tokens[index]
        cuts = [(token[:k], token[k:]) for k in range(1, len(token)) if token[:k] in ids and token[k:] in ids]
        yield from sorted(cuts, key=lambda cut: (ids[cut[0]], ids[cut[1]]))


def _special_tokens(header: GgufHeader, words: _Words) -> dict[str, str]:
    """The tokens with a role, for those roles that the file names."""
    ids = {role: _token_id(header, name) for role, name in _ROLES.items()}
    return {role: words.tokens[index] for role, index in ids.items() if index is not None}


def _token_id(header: GgufHeader, name: str) -> int | None:
    key = f"{_PREFIX}{name}_token_id"
    if key not in header.metadata:
        return None
    index = header.integer(key)
    if not 0 <= index < len(header.texts(f"{_PREFIX}tokens")):
        raise ModelError(f"{header.path.name}: {key} = {index} is no token", _AGAIN)
    return index


def _ends(header: GgufHeader) -> tuple[list[int], list[int]]:
    """The ids that are put before and after a text."""
    byte_level = header.text(f"{_PREFIX}model") == "gpt2"
    by_default = splits.find(header.text(f"{_PREFIX}pre"), header.path.name).adds_bos if byte_level else True
    begin, end = _token_id(header, "bos"), _token_id(header, "eos")
    adds_begin = begin is not None and header.flag(f"{_PREFIX}add_bos_token", by_default)
    adds_end = end is not None and header.flag(f"{_PREFIX}add_eos_token", False)
    return [begin] if adds_begin and begin is not None else [], [end] if adds_end and end is not None else []


def _add_ends(backend: Tokenizer, header: GgufHeader, words: _Words) -> None:
    begin, end = ([words.tokens[index] for index in ids] for ids in _ends(header))
    if begin or end:
        backend.post_processor = processors.TemplateProcessing(
            single=[*begin, "$A", *end],
            pair=[*begin, "$A", *end, *begin, "$B", *end],
            special_tokens=[(token, words.tokens.index(token)) for token in dict.fromkeys([*begin, *end])],
        )


def _different(header: GgufHeader, difference: str) -> ModelError:
    return ModelError(f"{header.path.name}: the tokenizer differs from the file: {difference}", _OTHER)
