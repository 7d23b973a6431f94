"""A method that exists for the tests: one folder, put on the path of `engine.methods` and found there."""
