"""The data behind the review page, as quick as a hand moves."""
