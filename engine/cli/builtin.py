"""`draftscope builtin`: examines the built-in models and writes or checks a corpus of the built-in world."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.options import Json, WorldForm, refuse_above
from engine.cli.output import Output
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.world.corpus import Corpus

_LEAST = 10
_Seed = Annotated[int, typer.Option(help="of the world the questions are about; any seed gives unseen names")]
_Questions = Annotated[int, typer.Option(help="questions of each kind")]
_Models = Annotated[
    Path | None, typer.Option(help="a folder with target, general and perhaps misaligned; the built-in ones")
]
_CorpusForm = Annotated[
    str,
    typer.Option(
        "--form",
        help="notes of a few facts, pages of 120 to 180 tokens, or both; chronicles and dossiers, which are as long as "
        "the built-in target reads",
    ),
]
_Out = Annotated[
    Path | None, typer.Option(help="a folder for documents.jsonl and questions.jsonl of the shipped corpus")
]
_Documents = Annotated[Path | None, typer.Option(help="check your own documents, an object a line")]
_Asked = Annotated[Path | None, typer.Option(help="check your own questions over those documents")]


def builtin_eval(
    *,
    seed: _Seed = 0,
    questions: _Questions = 100,
    models: _Models = None,
    form: WorldForm = "pages",
    json: Json = False,
) -> int:
    """Measure how well the built-in models answer, judge and draft on a fresh world."""
    if questions < _LEAST:
        raise InputError(f"questions = {questions}: too few", f"use at least {_LEAST}")
    refuse_above("questions", questions, 1_000_000)
    if seed < 0:
        raise InputError(f"seed = {seed}: must be >= 0", "use any other whole number")
    from engine.bench.builtin import BuiltinEval, evaluate, load_builtin
    from engine.world.pages import form_of

    world_form, output = form_of(form), Output(json=json)
    for item in evaluate(load_builtin(models), seed=seed, n=questions, form=world_form):
        if isinstance(item, BuiltinEval):
            output.summary(msgspec.to_builtins(item))
        else:
            output.event(item)
    return OK


def builtin_recall(
    *,
    seed: _Seed = 0,
    texts: Annotated[int, typer.Option(help="chronicles, and as many dossiers")] = 20,
    tokens: Annotated[int, typer.Option(help="of each text; what fits into the target's context")] = 7800,
    models: _Models = None,
    json: Json = False,
) -> int:
    """Measure how well the built-in target recalls a fact against how far above it was stated, in long texts."""
    for name, value, least, most in (
        ("texts", texts, 1, 10_000),
        ("tokens", tokens, 200, 8192),
        ("seed", seed, 0, 2**53),
    ):
        if not least <= value <= most:
            raise InputError(f"{name} = {value}: must be from {least} to {most}", f"choose another number for --{name}")
    from engine.bench.builtin import load_builtin
    from engine.bench.recall import recalled

    output = Output(json=json)
    for item in recalled(load_builtin(models).target, seed=seed, n_texts=texts, length=tokens):
        if isinstance(item, tuple):
            output.summary({"recall": msgspec.to_builtins(item), "texts": texts, "tokens": tokens, "seed": seed})
        else:
            output.event(item)
    return OK


def builtin_corpus(
    *,
    out: _Out = None,
    form: _CorpusForm = "notes",
    documents: _Documents = None,
    questions: _Asked = None,
    json: Json = False,
) -> int:
    """Write the shipped corpus as JSON Lines, or check your own in the same form.

    Another --form describes the same world, with other questions.

    Documents need `id` and `text`, questions `question` and `answer`; engine/world/corpus.py lists all fields."""
    from engine.world import corpus

    if questions is not None and documents is None:
        raise InputError(f"{questions} needs its documents", "give --documents FILE as well")
    if (out is None) == (documents is None):
        raise InputError("builtin corpus writes one or checks one", "give --out FOLDER, or --documents FILE")
    source = msgspec.structs.replace(corpus.shipped_source(), form=corpus.corpus_form(form))
    contents = corpus.generate(source) if documents is None else corpus.read(documents, questions)
    if out is not None:
        _write_corpus(out, contents)
    Output(json=json).summary(
        {
            "documents": len(contents.documents),
            "questions": len(contents.questions),
            "kinds": sorted({question.kind for question in contents.questions if question.kind}),
            "folder": None if out is None else str(out),
        }
    )
    return OK


def _write_corpus(out: Path, contents: "Corpus") -> None:
    """Write both files, overwriting none. Raises InputError where they cannot be written."""
    from engine.world import corpus

    for path, records in ((out / "documents.jsonl", contents.documents), (out / "questions.jsonl", contents.questions)):
        if path.exists():
            raise InputError(f"{path} exists already", "name another folder")
        try:
            out.mkdir(parents=True, exist_ok=True)
            corpus.write(path, records)
        except OSError as err:
            raise InputError(f"{path} cannot be written ({err.strerror})", "choose another folder") from err
