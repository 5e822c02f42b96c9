"""Counts as a person reads them."""


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 clip", "1,200 clips", "2 copies".

    Args:
        number: The count.
        noun: In the singular.
        plural: Where it is not the noun with an "s".
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
