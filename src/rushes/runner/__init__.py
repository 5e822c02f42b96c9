"""A pool of processes that runs work functions over items."""
