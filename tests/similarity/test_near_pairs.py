import numpy as np

from rushes.similarity.near_pairs import near_pairs


def test_near_pairs_by_cells_are_those_of_all_with_all(monkeypatch):
    random = np.random.default_rng(0)
    vectors = random.standard_normal((3000, 24)).astype(np.float32)
    vectors[1500:1600] = vectors[:100] + 0.03 * vectors[1500:1600]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    exact = near_pairs(vectors, 0.98).tolist()
    assert [pair for pair in exact if pair[1] - pair[0] == 1500] == exact
    assert len(exact) == 100
    monkeypatch.setattr("rushes.similarity.inverted_file._EXACT", 100)
    assert near_pairs(vectors, 0.98).tolist() == exact
    assert near_pairs(np.zeros((5, 8), np.float32), 0.5).tolist() == []


def test_a_crowd_of_equals_hangs_together_at_little_cost():
    vectors = np.tile(np.eye(8, dtype=np.float32)[:1], (500, 1))
    pairs = near_pairs(vectors, 0.98)
    assert len(pairs) <= 500 * 32
    assert {(n, n + 1) for n in range(499)} <= set(map(tuple, pairs.tolist()))
