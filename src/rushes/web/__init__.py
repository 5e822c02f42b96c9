"""The review page: routes over `Project`, and the page itself as plain ES modules."""
