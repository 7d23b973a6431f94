from app.words import settings


def test_settings_are_named_as_in_the_setup() -> None:
    assert settings.title("max_new_tokens") == "Length"
    assert settings.title("dtype") == "Number format"
    assert settings.title("top_k") == "Top-k"


def test_a_setting_that_no_form_has_loses_its_underscores_only() -> None:
    assert settings.title("some_other_thing") == "Some other thing"
    assert not settings.is_known("some_other_thing") and settings.is_known("gamma")
