"""`python -m engine.cli`: the commands where there is no Qt."""

import sys

from engine.cli import main

sys.exit(main())
