"""The routes of the review page, by subject. Each takes JSON or a path, asks the site, answers."""
