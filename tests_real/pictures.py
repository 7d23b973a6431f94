"""Takes a picture of the window with a trace in it."""

import subprocess
import sys
from pathlib import Path

from tests_real.figures import ROOT

_PNG = b"\x89PNG"


def take_picture(workspace: str, scheme: str, trace: Path, place: Path) -> None:
    """Save the window's picture to the folder `pictures` of a place, and fail unless there is one."""
    picture = place / "pictures" / f"{workspace}-{scheme}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "app", "--screenshot", str(picture), "--workspace", workspace, "--trace", str(trace),
        "--scheme", scheme,
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT, timeout=300)
    assert picture.read_bytes()[:4] == _PNG
