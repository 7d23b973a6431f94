"""How a command's process ends, as a number."""

OK, DEFECT, BAD_INPUT, STOPPED = 0, 1, 2, 130
