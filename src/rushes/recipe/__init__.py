"""`recipe.toml`: read, checked, edited; the rules in it."""
