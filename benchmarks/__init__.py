"""One headline number a verb; results are files in results/."""
