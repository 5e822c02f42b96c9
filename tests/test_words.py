import pytest

from rushes.words import count


@pytest.mark.parametrize(
    ("number", "nouns", "text"),
    [(0, ["clip"], "0 clips"), (1, ["clip"], "1 clip"), (2, ["copy", "copies"], "2 copies"),
     (1200, ["video"], "1,200 videos"), (1, ["more column"], "1 more column")],
)  # fmt: skip
def test_counts_have_their_noun(number, nouns, text):
    assert count(number, *nouns) == text
