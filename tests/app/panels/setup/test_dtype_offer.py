from msgspec.structs import replace

from engine.commands import Load
from tests.app.factory import MODEL

WHY = "bfloat16 would be faster (9 ms in float32, 5 in bfloat16): its texts may differ"


def test_bfloat16_is_offered_where_it_was_measured_to_be_faster_and_can_be_taken(setup):
    panel = setup()
    setup.say(MODEL)
    assert panel.offer.isHidden()
    setup.say(replace(MODEL, why_dtype=WHY))
    assert panel.offer.isVisible() and "9 ms in float32" in panel.offer.button.toolTip()
    panel.offer.button.click()
    assert panel.setup().pair == Load(dtype="bfloat16")
    assert panel.offer.isHidden()


def test_a_measured_choice_of_float32_is_no_offer(setup):
    panel = setup(Load(dtype="fastest"))
    setup.say(replace(MODEL, why_dtype="9 ms in float32, 8.9 in bfloat16"))
    assert panel.offer.isHidden()
