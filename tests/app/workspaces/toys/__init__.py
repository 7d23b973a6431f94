"""A tab that exists for the tests: one folder, put on the path of `app.workspaces` and found there."""
