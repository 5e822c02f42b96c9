import numpy as np
import pytest

from rushes.similarity.inverted_file import InvertedFile, nearest_of_each


def directions(random, count, width=12):
    vectors = random.standard_normal((count, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def vectors():
    return directions(np.random.default_rng(0), 600)


def met(hits):
    return set(zip(hits.query.tolist(), hits.found.tolist(), strict=True))


def test_cells_find_nearly_all_that_an_exact_search_finds(vectors, monkeypatch):
    rows = np.arange(len(vectors))
    exact = met(InvertedFile(vectors, rows, rows).search(vectors, rows, 0.8))
    assert exact
    monkeypatch.setattr("rushes.similarity.inverted_file._EXACT", 10)
    found = met(InvertedFile(vectors, rows, rows).search(vectors, rows, 0.8))
    assert found <= exact
    assert len(found) >= 0.9 * len(exact)


def test_an_owner_finds_of_each_other_owner_its_nearest_vector():
    vectors = np.array([[1, 0], [0.98, 0.199], [0.96, 0.28], [0.995, 0.0999]], np.float32)
    owner = np.array([0, 0, 1, 1])
    hits = InvertedFile(vectors, owner, np.arange(4)).search(vectors[:1], owner[:1], 0.5)
    assert met(hits) == {(0, 3)}
    assert hits.cosine[0] == pytest.approx(0.995)


def test_packed_vectors_are_compared_as_they_were(vectors):
    rows = np.arange(len(vectors))
    packed = np.rint(127 * vectors).astype(np.int8)
    index = InvertedFile(packed, rows, rows[300:], length=127)
    hits = index.search(vectors[:300], np.full(300, -1), 0.7)
    assert hits.found.min() >= 300, "only the rows that were given are found"
    true = np.einsum("nd,nd->n", vectors[hits.query], vectors[hits.found])
    assert np.abs(hits.cosine - true).max() < 0.02


def test_the_nearest_of_each_group_are_kept():
    groups = np.array([1, 0, 1, 0, 1])
    far = np.array([3, 2, 1, 1, 2])
    assert nearest_of_each((groups,), (far,), 2).tolist() == [3, 1, 2, 4]
    assert nearest_of_each((groups[:0],), (far[:0],), 2).tolist() == []
