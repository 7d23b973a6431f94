"""What a figure was measured with."""

from engine.machine import versions


def test_the_program_itself_is_named_first_with_its_version() -> None:
    (program, version), *others = versions.versions()
    assert program == "draftscope" and version == versions.program_version() and version
    assert {"python", "torch", "transformers"} <= {name for name, _ in others}
