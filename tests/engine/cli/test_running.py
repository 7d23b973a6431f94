"""Work that is stopped before it made anything is noted; work that is refused stays refused."""

from threading import Event as Flag

import pytest

from engine.cli.output import Output
from engine.cli.running import stop_noted
from engine.errors import EngineError


@pytest.mark.parametrize("stopped", [True, False])
def test_a_stop_is_no_bad_input(stopped: bool, capsys: pytest.CaptureFixture[str]) -> None:
    flag, refusal = Flag(), EngineError("stopped by the user before the first step", "start it again")
    if stopped:
        flag.set()
        with stop_noted(flag, Output(json=True)):
            raise refusal
        assert "before the first step; start it again" in capsys.readouterr().err
    else:
        with pytest.raises(EngineError, match="before the first step"), stop_noted(flag, Output(json=True)):
            raise refusal
