"""`draftscope rag index` and `rag search`: makes documents searchable, and searches them."""

import shlex
import time
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, cast, get_args

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.options import Json
from engine.cli.output import Output
from engine.cli.running import stoppable, stopped
from engine.commands import Index
from engine.documents.search import How, SearchHit
from engine.documents.sources import SHIPPED
from engine.errors import InputError
from engine.events import Event, FileSkipped, Indexed, Warned
from engine.machine import paths
from engine.rag.foreign import foreign_documents

if TYPE_CHECKING:
    from engine.documents.embedding import Embedder

_Sources = Annotated[list[str], typer.Argument(help="a folder, files, a .jsonl file, or builtin", show_default=False)]
_OwnIndex = Annotated[
    str, typer.Option("--index", help="its folder or object-store address; a user folder unless given")
]
_Index = Annotated[str, typer.Option("--index", help="the folder or object-store address of an index")]
_Embedder = Annotated[str, typer.Option(help="builtin, a folder, or a hub id in the cache")]
_Same = Annotated[str, typer.Option("--embedder", help="the one the index was made with, unless given")]
_ChunkTokens = Annotated[
    int,
    typer.Option(
        help="of the target a passage; 0: as many as let the target read n of them and the embedder all of each"
    ),
]
_Fitting = Annotated[int, typer.Option("--n", help="passages that are to fit into the target's context")]
_Target = Annotated[str, typer.Option(help="whose tokens count: builtin, a folder, or a hub id in the cache")]
_Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")]
_DType = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16")]
_Rebuild = Annotated[bool, typer.Option("--rebuild", help="make it anew; the one before is kept until then")]
_Question = Annotated[str, typer.Option(help="what to look for")]
_N = Annotated[int, typer.Option("--n", help="passages to be found")]
_How = Annotated[str, typer.Option(help="dense: by vectors, text: by words, hybrid: both, fused by rank")]


def rag_index(
    *,
    sources: _Sources,
    index: _OwnIndex = "",
    embedder: _Embedder = "builtin",
    chunk_tokens: _ChunkTokens = 0,
    n: _Fitting = 10,
    target: _Target = "builtin",
    device: _Device = "auto",
    dtype: _DType = "auto",
    rebuild: _Rebuild = False,
    json: Json = False,
) -> int:
    """Make documents searchable, or bring an index of them up to date."""
    if chunk_tokens < 0:
        raise InputError(f"chunk-tokens = {chunk_tokens}: must be >= 0", "leave --chunk-tokens out")
    from engine.session.session import Session

    output, indexed = Output(json=json), None
    with stoppable() as flag:
        where = index or paths.own_index(sources)
        command = Index(tuple(sources), where, embedder, target, chunk_tokens, n, device, dtype, rebuild)
        # Closed before anything is said, so that what is being written is on the disk by then.
        with closing(cast(Generator[Event, None, None], Session().do(command))) as events:
            for event in events:
                _print_event(output, event)
                indexed = event if isinstance(event, Indexed) else indexed
                if flag.is_set():
                    break
    if indexed is None:
        return stopped(output, "an index made before is as it was, the same command goes on from here")
    output.summary(msgspec.structs.asdict(indexed)) if json else _print_account(output, indexed)
    _warn_of_foreign_documents(output, sources, target)
    return OK


def _warn_of_foreign_documents(output: Output, sources: list[str], target: str) -> None:
    """Say before anything is asked that built-in models know nothing of documents that are not shipped."""
    foreign = next((source for source in sources if source not in SHIPPED), SHIPPED[0])
    if (warning := foreign_documents(foreign, target, target)) is not None:
        output.note(f"warning: {warning} (--target and --drafter of rag ask)")


def _print_account(output: Output, indexed: Indexed) -> None:
    """Print what an index holds, what was left out, and what to do with it."""
    write = output.console.print
    write(
        f"{indexed.n_files:,} files with text, {indexed.n_chunks:,} passages of at most {indexed.chunk_tokens} tokens",
        markup=False,
    )
    speed = "" if indexed.embed_per_s is None else f", {indexed.embed_per_s:.0f} a second"
    write(f"{indexed.n_embedded:,} passages embedded in {indexed.seconds:.1f} s{speed}", markup=False)
    n_read = indexed.n_new + indexed.n_changed
    write(f"{n_read:,} files read, {indexed.n_changed:,} of them changed; {indexed.n_removed:,} gone", markup=False)
    kinds = ", ".join(f"{n:,} {suffix}" for suffix, n in indexed.other_kinds)
    for n, words in (
        (indexed.n_partly, "of these files read in part, their other parts are named above"),
        (indexed.n_unread, "documents not read, named above with the reason"),
        (indexed.n_other, f"files of kinds that hold no documents, not read ({kinds})"),
        (indexed.n_duplicates, "documents that say what another says, kept once"),
        (indexed.n_cut, "passages cut inside a sentence"),
        (indexed.n_truncated, "passages of which the embedder reads only the beginning"),
    ):
        if n:
            write(f"{n:,} {words}", markup=False)
    if indexed.recall_10 is not None:
        write(f"searched approximately: {indexed.recall_10:.0%} of the ten nearest are found", markup=False)
    write(f"the index: {indexed.index} ({indexed.n_bytes / 1e6:.2f} MB, embedder {indexed.embedder})", markup=False)
    write(f'ask it: draftscope rag ask --index {shlex.quote(indexed.index)} --question "…"', markup=False)


def rag_search(
    *,
    index: _Index,
    question: _Question,
    n: _N = 10,
    how: _How = "hybrid",
    embedder: _Same = "",
    device: _Device = "auto",
    json: Json = False,
) -> int:
    """Find the passages of an index for a question; no model answers it."""
    if how not in get_args(How):
        raise InputError(f"how = {how}: is not known", f"use {', '.join(get_args(How))}")
    from engine.documents.feed import why_outdated
    from engine.documents.index import open_index
    from engine.documents.search import retrieve, why_fewer

    output, opened = Output(json=json), open_index(index)
    mode: How = msgspec.convert(how, How)
    loaded = None if mode == "text" else _embedder(embedder or opened.head.recipe.embedder, device, output)
    started = time.perf_counter()
    passages = retrieve(opened, loaded, question, n, mode)
    ms = 1e3 * (time.perf_counter() - started)
    for rank, passage in enumerate(passages, 1):
        _show(output, rank, passage)
    head = opened.head
    if older := why_outdated(index, opened.files):
        output.note(f"{older}; run rag index again, so that they are read as today")
    if fewer := why_fewer(len(passages), n, head.n_chunks, mode):
        output.note(fewer)
    output.summary(
        {
            "question": question, "how": how, "n_found": len(passages), "n_chunks": head.n_chunks, "ms": ms,
            "approximate": bool(head.n_probes), "recall_10": head.recall_10, "index": index,
        }
    )  # fmt: skip
    return OK


def _embedder(spec: str, device: str, output: Output) -> "Embedder":
    from engine.session.session import Session

    steps = Session().embedder(spec, device=device)
    while True:
        try:
            output.event(next(steps))
        except StopIteration as end:
            embedder: Embedder = end.value
            return embedder


def _show(output: Output, rank: int, passage: SearchHit) -> None:
    if output.json:
        output.line({"event": "passage", "rank": rank, **msgspec.structs.asdict(passage)})
        return
    where = " ".join(" ".join((passage.source, passage.name, passage.place)).split())
    output.console.print(f"{rank}. {where} ({passage.score:.4f})\n{passage.text}\n", markup=False)


def _print_event(output: Output, event: Event) -> None:
    if isinstance(event, FileSkipped):
        output.note(f"{'read in part' if event.part else 'skipped'}: {event.source} {event.reason}")
    elif isinstance(event, Warned):
        output.note(f"warning: {event.message}; {event.hint}")
    elif isinstance(event, Indexed) and event.n_taken_over:
        output.note(f"{event.n_taken_over:,} of {event.n_chunks:,} passages were taken over from a stopped run")
    output.event(event)
