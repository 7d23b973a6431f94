"""Tests whether a verifier can judge at all: reads ten cases, each with a right and a wrong response, in one forward.

All are reflections as drafts are scored by. A verifier that gives Yes and No little of its probability does not say
either, and one that prefers wrong responses as often as right ones chooses by chance."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from engine import prompts
from engine.events import Event, Warned
from engine.events.answers import VerifierTested
from engine.methods.speculative_rag.verifying import Verdicts, verdicts
from engine.models.loading import LoadedModel
from engine.rag.encoding import Encoded, encode
from engine.rag.memo import Memo, model_key
from engine.rag.reading import Branch, Checkpoint, read
from engine.rag.values import VerifierTest
from engine.runtime import RunContext

LEAST_MASS = 0.05
# Of ten cases that it decides by chance, a verifier has this many or fewer right in 83 % of all tests.
MOST_BY_CHANCE = 6


class VerdictCase(NamedTuple):
    """A question with a rationale that supports the right response and not the wrong one."""

    question: str
    rationale: str
    right: str
    wrong: str


CASES = (
    VerdictCase("Who is the mayor of Dunmar?", "The mayor of Dunmar is Ida Corvin.", "Ida Corvin", "Piet Hald"),
    VerdictCase("When was the mill of Stell built?", "The mill of Stell was built in 1764.", "1764", "1921"),
    VerdictCase("On which river does Tarrow lie?", "Tarrow lies on the river Ebbe.", "the Ebbe", "the Lune"),
    VerdictCase("What does Rolf Anders sell?", "Rolf Anders sells candles at the market.", "candles", "horses"),
    VerdictCase("How long is the Sund tunnel?", "The Sund tunnel is nine miles long.", "nine miles", "one yard"),
    VerdictCase("Which colour is the flag of Vint?", "The flag of Vint is green.", "green", "red"),
    VerdictCase("Where was Mina Lowe born?", "Mina Lowe was born in Harrow Bay.", "Harrow Bay", "Lisbon"),
    VerdictCase("What is the trade of Jon Pell?", "Jon Pell is a glassblower by trade.", "glassblower", "sailor"),
    VerdictCase("Who founded Arden school?", "Arden school was founded by Eva Brink.", "Eva Brink", "Bo Lind"),
    VerdictCase("On which day is the fair of Olm?", "The fair of Olm is held on Thursday.", "Thursday", "Sunday"),
)  # fmt: skip


def tested(rt: RunContext, memo: Memo) -> Iterator[Event]:
    """Yield how the target judges the ten cases, and a warning where it cannot; each target is tested once.

    Raises ModelError if it cannot write Yes or No. Nothing is yielded for one whose context does not hold a case."""
    cached = memo.verifier_tests.get(model_key(rt.target))
    result = cached or judged(rt.target, rt.checkpoint)
    if result is None:
        return
    memo.verifier_tests.put(model_key(rt.target), result)
    able = result.mass >= LEAST_MASS and result.n_right > MOST_BY_CHANCE
    yield VerifierTested(
        rt.target.spec, result.n_right, len(CASES), result.mass, able, reused=cached is not None, at_s=rt.elapsed_s()
    )
    if not able:
        yield Warned(_why_unable(rt.target, result), "verify with another target")


def _why_unable(target: LoadedModel, result: VerifierTest) -> str:
    name = re.split(r"[/\\]", target.spec.rstrip("/\\"))[-1]
    judges = f"{name} cannot judge drafts"
    if result.mass < LEAST_MASS:
        return f"{judges}: it gives Yes and No together {result.mass:.1%} of its probability"
    return f"{judges}: it prefers the right response in {result.n_right} of {len(CASES)} test cases, as chance would"


def judged(target: LoadedModel, checkpoint: Checkpoint) -> VerifierTest | None:
    """How often the right response is the likelier Yes, and the mean probability of Yes or No; None if a case does not
    fit its context."""
    forms = verdicts(target.tokenizer)
    read_cases = [_encoded(case, response, target) for case in CASES for response in (case.right, case.wrong)]
    if max(len(encoded.ids) for encoded in read_cases) >= target.context:
        return None
    n_shared = _n_shared(read_cases)
    branches = [_branch(encoded, n_shared, forms) for encoded in read_cases]
    logps = read(target, read_cases[0].ids[:n_shared], branches, checkpoint)
    forms_p = np.exp(np.array([one.endings for one in logps]))
    yes = forms_p[:, : len(forms.yes)].sum(axis=1)
    return VerifierTest(int((yes[::2] > yes[1::2]).sum()), float(forms_p.sum(axis=1).mean()))


def _encoded(case: VerdictCase, response: str, target: LoadedModel) -> Encoded:
    reflection = prompts.reflection(case.question, response, case.rationale, True)
    return encode(reflection, target.tokenizer, template=target.asked_template)


def _n_shared(read_cases: list[Encoded]) -> int:
    """How many ids all cases begin with."""
    columns = zip(*(encoded.ids for encoded in read_cases), strict=False)
    return next(i for i, column in enumerate(columns) if len(set(column)) > 1)


def _branch(encoded: Encoded, n_shared: int, forms: Verdicts) -> Branch:
    return Branch(encoded.ids[n_shared : encoded.span("verdict")[0]], (*forms.yes, *forms.no))
