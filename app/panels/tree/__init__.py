"""The panel that draws a round's draft as a tree."""
