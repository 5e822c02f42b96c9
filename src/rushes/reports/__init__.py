"""Lists, totals, checks of the machine, and the page of cuts."""
