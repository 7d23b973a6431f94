"""The text as it is made, each token in the colour of its fate."""
