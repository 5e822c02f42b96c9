"""The search for near stills against libraries for vector search: recall, time and memory.

Contenders: the inverted file of Rushes; of faiss-cpu an inverted file, HNSW and binary hashes; of
usearch HNSW. Those that are not installed are left out. Each runs in a process of its own on one
thread. All get the same descriptors and the same threshold, and their hits go through the same
last step.
"""

import importlib.util
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dedup import made_up
from benchmarks.measuring import figures_of, write_results
from rushes.dedup.descriptors import LENGTH, mirrored
from rushes.dedup.near_stills import NEAR, PACKED, DescriptorTable, Matches, near_stills

_AT_ONCE = 20_000
_NEIGHBOURS = 24  # of each query, where an index takes no threshold
_SLOW, _SLOW_CLIPS = ("faiss_hnsw", "faiss_binary", "usearch"), 5_000
"""Contenders that take too long for more clips."""
_LEAST = NEAR * PACKED**2  # dot product of two packed descriptors that are near
Hits = tuple[np.ndarray, np.ndarray]
"""Row of the query among those asked at once, and row of the descriptor."""


def _vectors(table: DescriptorTable) -> tuple[np.ndarray, np.ndarray]:
    """Return all descriptors in a row, int8, and the rows of those that are not empty."""
    flat = table.descriptors_PNL.reshape(-1, LENGTH)
    return flat, np.flatnonzero(flat.any(1))


def _rushes(table: DescriptorTable) -> Matches:
    return near_stills(table)


def _faiss_ivf(table: DescriptorTable) -> Matches:
    import faiss

    flat, rows = _vectors(table)
    cells = round(2 * len(rows) ** 0.5)
    code = faiss.ScalarQuantizer.QT_8bit_direct_signed
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(LENGTH), LENGTH, cells, code, faiss.METRIC_INNER_PRODUCT, False
    )
    index.cp.spherical, index.cp.niter, index.nprobe = True, 6, 6
    index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = 32, 1
    sample = np.random.default_rng(0).choice(len(rows), min(len(rows), 32 * cells), False)
    index.train(flat[rows[np.sort(sample)]].astype(np.float32))
    _add(index, flat, rows)

    def search(queries_QL: np.ndarray) -> Hits:
        limits, _, found = index.range_search(queries_QL, _LEAST)
        return np.repeat(np.arange(len(queries_QL)), np.diff(limits.astype(np.int64))), rows[found]

    return _matches(table, search)


def _faiss_hnsw(table: DescriptorTable) -> Matches:
    import faiss

    flat, rows = _vectors(table)
    code = faiss.ScalarQuantizer.QT_8bit_direct_signed
    index = faiss.IndexHNSWSQ(LENGTH, code, 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = index.hnsw.efSearch = 60
    _add(index, flat, rows)

    def search(queries_QL: np.ndarray) -> Hits:
        product, found = index.search(queries_QL, _NEIGHBOURS)
        query, place = np.nonzero((product >= _LEAST) & (found >= 0))
        return query, rows[found[query, place]]

    return _matches(table, search)


def _faiss_binary(table: DescriptorTable) -> Matches:
    import faiss

    flat, rows = _vectors(table)
    planes = np.random.default_rng(0).standard_normal((LENGTH, 128)).astype(np.float32)
    index = faiss.IndexBinaryMultiHash(128, 4, 18)
    index.nflip = 2
    for at in range(0, len(rows), _AT_ONCE):
        part = flat[rows[at : at + _AT_ONCE]].astype(np.float32)
        index.add(np.packbits(part @ planes > 0, axis=1))

    def search(queries_QL: np.ndarray) -> Hits:
        limits, _, found = index.range_search(np.packbits(queries_QL @ planes > 0, axis=1), 34)
        return np.repeat(np.arange(len(queries_QL)), np.diff(limits.astype(np.int64))), rows[found]

    return _matches(table, search)


def _usearch_hnsw(table: DescriptorTable) -> Matches:
    from usearch.index import Index

    flat, rows = _vectors(table)
    index = Index(
        ndim=LENGTH, metric="cos", dtype="i8", connectivity=16, expansion_add=60,
        expansion_search=60,
    )  # fmt: skip
    for at in range(0, len(rows), _AT_ONCE):
        part = rows[at : at + _AT_ONCE]
        index.add(part, flat[part], threads=1)

    def search(queries_QL: np.ndarray) -> Hits:
        found = index.search(queries_QL.astype(np.int8), _NEIGHBOURS, threads=1)
        query, place = np.nonzero(1 - found.distances >= NEAR - 0.01)
        return query, found.keys.astype(np.int64)[query, place]

    return _matches(table, search)


def _add(index: Any, flat: np.ndarray, rows: np.ndarray) -> None:
    for at in range(0, len(rows), _AT_ONCE):
        index.add(flat[rows[at : at + _AT_ONCE]].astype(np.float32))


def _matches(table: DescriptorTable, search: Callable[[np.ndarray], Hits]) -> Matches:
    """Search for every still, plain and mirrored; keep hits that are near and of other clips."""
    flat, count = table.descriptors_PNL.reshape(-1, LENGTH), len(table.owner_N)
    found = []
    for stills, queries_QL, is_mirrored in _queries(table):
        query, row = search(queries_QL)
        still = row % count
        is_other = table.owner_N[still] != table.owner_N[stills[query]]
        query, row, still = query[is_other], row[is_other], still[is_other]
        cosine = np.einsum("nl,nl->n", queries_QL[query], flat[row].astype(np.float32))
        kept = cosine >= _LEAST
        pair = np.sort(np.stack([stills[query[kept]], still[kept]]), axis=0)
        found.append((pair, np.full(kept.sum(), is_mirrored), cosine[kept] / PACKED**2))
    pairs = np.concatenate([pair for pair, _, _ in found], axis=1)
    return Matches(
        first=pairs[0],
        second=pairs[1],
        is_mirrored=np.concatenate([flags for _, flags, _ in found]),
        cosine=np.concatenate([cosine for _, _, cosine in found]),
    )


def _queries(table: DescriptorTable) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    for part in table.query_parts:
        stills = np.flatnonzero(table.descriptors_PNL[part].any(1))
        for at in range(0, len(stills), _AT_ONCE):
            some = stills[at : at + _AT_ONCE]
            plain_QL = table.descriptors_PNL[part, some].astype(np.float32)
            yield some, plain_QL, False
            yield some, mirrored(plain_QL), True


CONTENDERS: dict[str, tuple[str, str, Callable[[DescriptorTable], Matches]]] = {
    "rushes": ("inverted file of Rushes", "numpy", _rushes),
    "faiss_ivf": ("faiss IndexIVFScalarQuantizer, 8 bit", "faiss", _faiss_ivf),
    "faiss_hnsw": ("faiss IndexHNSWSQ, 8 bit", "faiss", _faiss_hnsw),
    "faiss_binary": ("faiss IndexBinaryMultiHash, 128 bit", "faiss", _faiss_binary),
    "usearch": ("usearch HNSW, 8 bit", "usearch", _usearch_hnsw),
}
"""Name → title, module that it needs, and the search."""


def measured(name: str, clips: int) -> dict[str, Any]:
    """Return cost and recall of one contender; the data are made before the clock starts."""
    data = made_up(clips)
    held_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started, cpu = time.perf_counter(), time.process_time()
    matches = CONTENDERS[name][2](data.table)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    pairs, met, planted = data.met(matches)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "cpu_s": cpu_s, "wall_s": wall_s, "held_mib": held_mib, "peak_mib": peak_mib,
        "pairs": pairs, "met": met, "planted": planted,
    }  # fmt: skip


def main(scratch: Path) -> None:
    """Measure and write benchmarks/results/lookup.md."""
    sizes = [int(n) for n in os.environ.get("RUSHES_LOOKUP_CLIPS", "2000,100000").split(",")]
    lines = [
        "Made-up clips of six stills, seven descriptors a still, one clip in fifty a noisy copy. "
        "Each contender in a process of its own, on one thread; making the data is in the peak, "
        "not in the time.\n",
        "| clips | contender | CPU s | wall s | peak MiB | planted copies met | other pairs met |",
        "|---|---|---|---|---|---|---|",
    ]
    figures: dict[str, Any] = {}
    for clips in sizes:
        for name, (title, module, _) in CONTENDERS.items():
            is_slow = name in _SLOW and clips > _SLOW_CLIPS
            if is_slow or importlib.util.find_spec(module) is None:
                continue
            found = figures_of("benchmarks.lookup", name, str(clips))
            figures[f"{name}_{clips}"] = found
            lines.append(
                f"| {clips:,} | {title} | {found['cpu_s']:.1f} | {found['wall_s']:.0f} | "
                f"{found['peak_mib']:,.0f} | {found['met']} of {found['planted']} | "
                f"{found['pairs'] - found['met']} |"
            )
    print(write_results("lookup", "\n".join(lines) + "\n", figures).read_text())


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], int(sys.argv[2]))))
