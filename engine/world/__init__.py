"""The generated world: an invented coast, its people and their stories."""
