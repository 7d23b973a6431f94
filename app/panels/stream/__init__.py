"""The token stream: the text of the run, each token in the colour of its fate."""
