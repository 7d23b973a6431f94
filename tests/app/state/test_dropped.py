import json

import pytest

from app.state.dropped import DroppedFiles, DroppedPrompt, ModelFolder, read_prompt
from app.state.store import RunStore
from engine.errors import InputError
from engine.prompts import Message

TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}, {"role": "user", "content": "Hm?"}]


def _file(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_prompt_is_read_without_its_byte_order_mark(tmp_path):
    file = _file(tmp_path, "p.txt", "\ufeffThe harbour was quiet.")
    assert read_prompt(file) == DroppedPrompt(file, "The harbour was quiet.")


def test_a_conversation_is_its_last_turn_after_the_others(qtbot, tmp_path):
    files = DroppedFiles(RunStore())
    file = _file(tmp_path, "chat.json", json.dumps({"messages": TURNS}))
    asked = files.read(file)
    assert asked == DroppedPrompt(file, "Hm?", (Message("user", "Hi"), Message("assistant", "Ho")))
    assert files.show(asked, file) == "" and files.prompt is asked
    assert files.read(_file(tmp_path, "one.json", json.dumps(TURNS[:1]))).text == "Hi"


@pytest.mark.parametrize("text", ['{"event": "run_started"}', "[1, 2]", '{"prompt": "a"}', "not json"])
def test_another_json_file_is_left_to_its_tab(qtbot, tmp_path, text):
    assert DroppedFiles(RunStore()).read(_file(tmp_path, "other.json", text)) is None


@pytest.mark.parametrize("text", [b"", b" \n", b"\xff\xfe\x00", b"a\0b"])
def test_what_holds_no_text_is_refused_with_the_way_out(tmp_path, text):
    with pytest.raises(InputError) as refused:
        read_prompt(_file(tmp_path, "p.txt", text))
    assert refused.value.hint


def test_a_folder_of_a_model_becomes_the_target_and_any_other_folder_does_not(qtbot, tmp_path):
    store, offered = RunStore(), []
    store.drafter_offered.connect(lambda *pair: offered.append(pair))
    files, model = DroppedFiles(store), tmp_path / "model"
    model.mkdir()
    assert files.read(tmp_path) is None and files.read(model) is None
    _file(model, "config.json", "{}")
    assert files.read(model) == ModelFolder(model)
    files.show(ModelFolder(model), model)
    assert offered == [(str(model), "lookup")]
