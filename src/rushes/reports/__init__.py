"""Lists, totals, checks of the machine, and pages to look at."""
