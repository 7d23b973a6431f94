"""Questions with known answers, asked of any method that answers."""
