"""Runs the commands without Qt: `python -m engine.cli`."""

from engine.cli import main
from engine.cli.interruption import leave

leave(main())
