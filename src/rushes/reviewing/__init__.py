"""What the review page asks of a project, as quick as a hand moves."""
