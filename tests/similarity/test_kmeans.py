import numpy as np
import pytest

from rushes.similarity.kmeans import fit, nearest_centres, predict


def bundle(rng, middle, count, spread=0.05):
    vectors = middle + spread * rng.standard_normal((count, len(middle)))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def bundles():
    """Three bundles of directions of very unequal size."""
    rng = np.random.default_rng(1)
    return np.concatenate(
        [bundle(rng, axis, count) for axis, count in zip(np.eye(8)[:3], (300, 40, 8), strict=True)]
    )


def test_bundles_are_told_apart_whatever_their_size(bundles):
    cluster, cosine = predict(bundles, fit(bundles, 3))
    parts = [
        set(cluster[part].tolist()) for part in (slice(300), slice(300, 340), slice(340, None))
    ]
    assert [len(part) for part in parts] == [1, 1, 1]
    assert len(set.union(*parts)) == 3
    assert cosine.min() > 0.9


def test_the_same_vectors_give_the_same_centres(bundles):
    assert (fit(bundles, 7) == fit(bundles, 7)).all()


def test_there_are_never_more_clusters_than_different_vectors(bundles):
    same = np.repeat(bundles[:2], 20, axis=0)
    assert len(fit(same, 10)) == 2
    assert len(fit(bundles[:1], 5)) == 1
    assert np.isfinite(fit(np.zeros((5, 4), np.float32), 3)).all()


def test_several_nearest_centres_come_nearest_first(bundles):
    nearest, cosine = nearest_centres(bundles, np.eye(8, dtype=np.float32)[:3], 2)
    assert (nearest[:, 0] == predict(bundles, np.eye(8, dtype=np.float32)[:3])[0]).all()
    assert (nearest[:, 0] != nearest[:, 1]).all()
    assert (cosine[:, 0] >= cosine[:, 1]).all()
    assert nearest_centres(bundles, np.eye(8, dtype=np.float32)[:3], 9)[0].shape == (348, 3)
