"""The next turn of a conversation holds the answer without the token that ended it."""

from pathlib import Path

from engine.commands import Load
from engine.experiments.turns import next_turn
from engine.prompts import Message
from engine.session.session import Session
from tests import fakes


def test_an_answer_becomes_a_turn_without_its_stop_token(tmp_path: Path) -> None:
    words = fakes.chat_tokenizer()
    session = Session()
    spec = fakes.save(fakes.model(), tmp_path / "harbour-instruct", words=words)
    list(session.do(Load(spec, "none")))
    assert session.target is not None
    answer_ids = [*words.encode("Mara", add_special_tokens=False), *session.target.stop_ids]
    messages, ids = next_turn(session.target, (Message("user", "Who?"),), answer_ids, "When?")
    assert messages[1:] == (Message("assistant", "Mara"), Message("user", "When?"))
    assert words.decode(ids).endswith("Mara<|im_end|>\n<|im_start|>user\nWhen?<|im_end|>\n<|im_start|>assistant\n")
