import numpy as np

from rushes.dedup.descriptors import LENGTH, mirrored
from rushes.dedup.near_stills import DescriptorTable, near_stills
from rushes.dedup.worker import PARTS, QUERY_PARTS


def test_planted_copies_are_found_and_few_others():
    random = np.random.default_rng(0)
    vectors = random.standard_normal((400, LENGTH))
    vectors[200:220] = vectors[:20] + 0.25 * random.standard_normal((20, LENGTH))
    vectors[210:220] = mirrored(vectors[210:220])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    packed = np.zeros((PARTS, 400, LENGTH), np.int8)
    packed[0] = np.rint(127 * vectors)
    table = DescriptorTable(
        descriptors_PNL=packed, query_parts=QUERY_PARTS, owner_N=np.arange(400, dtype=np.int32),
        is_query_N=np.ones(400, bool),
    )  # fmt: skip
    found = near_stills(table)
    met = set(zip(found.first.tolist(), found.second.tolist(), found.is_mirrored.tolist(),
                  strict=True))  # fmt: skip
    planted = {(n, 200 + n, n >= 10) for n in range(20)}
    assert len(planted & met) >= 18
    assert len(met - planted) <= 2
