"""The data behind the review page: columns in memory, decisions, previews."""
