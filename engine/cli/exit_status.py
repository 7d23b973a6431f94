"""Exit statuses of the commands."""

OK, DEFECT, BAD_INPUT, STOPPED = 0, 1, 2, 130
