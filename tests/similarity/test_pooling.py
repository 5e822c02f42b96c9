"""Tests of `rushes.similarity.pooling`."""

import numpy as np

from rushes.similarity.pooling import pool_stills


def test_vector_of_a_clip_is_the_direction_of_its_stills_mean() -> None:
    vectors_N3D = np.zeros((2, 3, 4), np.float16)
    vectors_N3D[0, :, 0] = 1
    vectors_N3D[1, 0, 0] = vectors_N3D[1, 1, 1] = vectors_N3D[1, 2, 1] = 1
    found = pool_stills(vectors_N3D)
    assert found.dtype == np.float32
    assert np.allclose(found[0], (1, 0, 0, 0))
    assert np.allclose(found[1], np.array((1, 2, 0, 0)) / 5**0.5)


def test_cosines_of_half_precision_are_kept() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 1, 512)).repeat(3, axis=1)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    found = pool_stills(vectors.astype(np.float16))
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.allclose(found @ found.T, vectors[:, 0] @ vectors[:, 0].T, atol=2e-3)


def test_stills_that_cancel_out_are_like_nothing() -> None:
    vectors_N3D = np.zeros((1, 3, 2), np.float32)
    assert not pool_stills(vectors_N3D).any()
    assert pool_stills(np.zeros((0, 3, 8), np.float16)).shape == (0, 8)
