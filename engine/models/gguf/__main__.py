"""`python -m engine.models.gguf FILE FOLDER DTYPE`: one conversion, whose last line on stdout says how it ended.

A process of its own can be ended at any moment, gives all its memory back, and ends alone where that runs out."""

import json
import os
import sys
import threading
from pathlib import Path

from engine.errors import EngineError
from engine.models.gguf import header


def main(argv: list[str]) -> int:
    """Convert; returns the exit status."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    file, folder, dtype = argv
    try:
        _convert(file, Path(folder), dtype)
    except EngineError as err:
        return _report(err.message, err.hint)
    except MemoryError:
        return _report(f"{Path(file).name}: memory ran out while it was converted", "close other programs")
    except Exception as err:
        reason = (str(err).strip() or type(err).__name__).splitlines()[0]
        return _report(f"{Path(file).name} could not be converted ({reason})", "use the model's safetensors folder")
    print(json.dumps({}), flush=True)
    return 0


def _convert(file: str, folder: Path, dtype: str) -> None:
    # Imported here, so that whatever goes wrong with them is reported too.
    import torch

    from engine.machine.quiet import quiet_logs
    from engine.models.gguf import conversion

    quiet_logs()
    conversion.convert(header.read(file), folder, getattr(torch, dtype))


def _report(message: str, hint: str) -> int:
    print(json.dumps({"message": message, "hint": hint}), flush=True)
    return 2


def _end_with_parent() -> None:
    """End at once when the pipe from the process that started this one closes."""
    os.read(sys.stdin.fileno(), 1)  # a buffered read would keep the interpreter from ending
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
