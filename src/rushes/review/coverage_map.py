"""The coverage map: one tile for each cluster, with similar clusters side by side."""

import math

import numpy as np

from rushes.context import Context
from rushes.records import Row
from rushes.similarity.coverage import cluster_rows, load_clusters


class CoverageMap:
    """Tiles of the clusters of `rushes coverage`, cached until the catalog changes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._state: dict[str, int] = {}
        self._tiles: list[Row] = []

    def refresh(self) -> None:
        """Read the clusters again after a change; this can take seconds with many clips."""
        state = self._context.catalog.changes.revisions()
        if state != self._state:
            self._tiles, self._state = self._read_tiles(), state

    def tiles(self, cluster: np.ndarray, passing: np.ndarray) -> list[Row]:
        """Return each cluster: its tile on the map, and how many of its clips pass the filters.

        `state` is "gap" if the cluster has little footage, "taken out" if only the filters leave
        little of it, and else empty. Little is less than `coverage.gap` of an even share.

        Args:
            cluster: The column `coverage.cluster`: float64 (N,), NaN where a clip has none.
            passing: Whether each clip passes: bool (N,).
        """
        placed = cluster[passing & ~np.isnan(cluster)].astype(np.int64)
        size = max((tile["cluster"] for tile in self._tiles), default=0) + 1
        counts = np.bincount(placed, minlength=size)
        little = self._context.recipe.own("coverage").gap * len(placed) / max(1, len(self._tiles))
        tiles = []
        for tile in self._tiles:
            left = int(counts[tile["cluster"]])
            is_filtered_out = left < little or not left
            state = "gap" if tile["is_gap"] else "taken out" if is_filtered_out else ""
            tiles.append({**tile, "passing": left, "state": state})
        return tiles

    def _read_tiles(self) -> list[Row]:
        if not load_clusters(self._context):
            return []
        rows, middles_KD = cluster_rows(self._context)
        if not rows:
            return []
        return [
            {**row, "column": column, "row": line}
            for row, (column, line) in zip(rows, tile_layout(middles_KD), strict=True)
        ]


def tile_layout(middles_KD: np.ndarray) -> list[tuple[int, int]]:
    """Return the column and row of each tile, with similar tiles near each other.

    The two principal components of the tiles give their first positions: columns by the first
    component, rows by the second. Then pairs of tiles swap as long as that increases the similarity
    of neighbours.

    Args:
        middles_KD: Unit vectors, one for each tile: float32 (K, D).
    """
    count = len(middles_KD)
    rows = max(1, round(math.sqrt(0.6 * count)))  # tiles are wide, and screens wider still
    columns = math.ceil(count / rows)
    centred_KD = middles_KD - middles_KD.mean(axis=0)
    _, _, axes = np.linalg.svd(centred_KD, full_matrices=False)
    across, down = (centred_KD @ axis for axis in (axes[0], axes[min(1, len(axes) - 1)]))
    by_first = np.argsort(across, kind="stable")
    places = np.empty((count, 2), np.int64)
    for column, strip in enumerate(np.array_split(by_first, columns)):
        for row, tile in enumerate(strip[np.argsort(down[strip], kind="stable")]):
            places[tile] = column, row
    _swap_tiles(places, middles_KD @ middles_KD.T)
    return [(int(column), int(row)) for column, row in places]


def _swap_tiles(places_K2: np.ndarray, similarity_KK: np.ndarray, rounds: int = 20) -> None:
    """Swap tiles, the best swap of each in turn, until no swap increases the similarity."""
    gaps_KK = np.abs(places_K2[:, None] - places_K2[None]).sum(axis=2)
    near_KK = np.where(gaps_KK > 0, 1.0 / np.maximum(gaps_KK, 1), 0.0) ** 2
    # Row: a position, by the tile on it. Column: a tile. Value: the similarity of that tile to the
    # tiles around that position, by nearness.
    fit_KK = near_KK @ similarity_KK
    for _ in range(rounds):
        is_better = False
        for one in range(len(places_K2)):
            own = np.diagonal(fit_KK)
            # Two neighbours that swap stay neighbours, so their own similarity does not count.
            between = near_KK[one] * (2.0 - 2.0 * similarity_KK[one])
            gain = fit_KK[:, one] + fit_KK[one] - own[one] - own - between
            gain[one] = 0.0
            other = int(gain.argmax())
            if gain[other] <= 1e-6:
                continue
            pair, swapped = [one, other], [other, one]
            moved = similarity_KK[other] - similarity_KK[one]
            fit_KK += np.outer(near_KK[:, one] - near_KK[:, other], moved)
            for array in (fit_KK, near_KK, places_K2):
                array[pair] = array[swapped]
            near_KK[:, pair] = near_KK[:, swapped]
            is_better = True
        if not is_better:
            return
