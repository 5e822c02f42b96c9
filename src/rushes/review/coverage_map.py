"""A map of what clips look like: one tile for each cluster, those that look alike side by side."""

import math

import numpy as np

from rushes.context import Context
from rushes.records import Row
from rushes.similarity.coverage import cluster_rows, load_clusters


class CoverageMap:
    """The tiles of the clusters that `rushes coverage` found, kept until something changes them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._state: dict[str, int] = {}
        self._tiles: list[Row] = []

    def renew(self) -> None:
        """Read the clusters anew if anything has changed; this can take seconds of many clips."""
        state = self._context.catalog.changes.revisions()
        if state != self._state:
            self._tiles, self._state = self._drawn(), state

    def tiles(self, cluster: np.ndarray, passing: np.ndarray) -> list[Row]:
        """Return each cluster: its place on the map, and how many of its clips pass the filters.

        `state` is "gap" where there is little footage, "taken out" where there is enough, but the
        filters leave little of it, and empty elsewhere. Little is less than `coverage.gap` of an
        even share.

        Args:
            cluster: The column `coverage.cluster`: float64 (N,), NaN where a clip has none.
            passing: Which clips pass: bool (N,).
        """
        placed = cluster[passing & ~np.isnan(cluster)].astype(np.int64)
        size = max((tile["cluster"] for tile in self._tiles), default=0) + 1
        counts = np.bincount(placed, minlength=size)
        little = self._context.recipe.own("coverage").gap * len(placed) / max(1, len(self._tiles))
        tiles = []
        for tile in self._tiles:
            left = int(counts[tile["cluster"]])
            is_taken = left < little or not left
            word = "gap" if tile["is_gap"] else "taken out" if is_taken else ""
            tiles.append({**tile, "passing": left, "state": word})
        return tiles

    def _drawn(self) -> list[Row]:
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
    """Return the column and row of each tile: near ones look alike.

    The tiles are spread along the two directions in which they differ most, into columns by the
    first and along each column by the second; then tiles change places for as long as that brings
    like to like.

    Args:
        middles_KD: Directions of length 1, one for each tile.
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
    _swapped(places, middles_KD @ middles_KD.T)
    return [(int(column), int(row)) for column, row in places]


def _swapped(places_K2: np.ndarray, likeness_KK: np.ndarray, rounds: int = 20) -> None:
    """Let tiles change places, the best change for each in turn, until none brings like to like."""
    gaps_KK = np.abs(places_K2[:, None] - places_K2[None]).sum(axis=2)
    near_KK = np.where(gaps_KK > 0, 1.0 / np.maximum(gaps_KK, 1), 0.0) ** 2
    # Row: a place, named by the tile that is there. Column: a tile. What that place is worth to
    # that tile: how like it the tiles around the place are.
    worth_KK = near_KK @ likeness_KK
    for _ in range(rounds):
        is_better = False
        for one in range(len(places_K2)):
            own = np.diagonal(worth_KK)
            # Neighbours that change places stay neighbours: they do not count for one another.
            between = near_KK[one] * (2.0 - 2.0 * likeness_KK[one])
            gain = worth_KK[:, one] + worth_KK[one] - own[one] - own - between
            gain[one] = 0.0
            other = int(gain.argmax())
            if gain[other] <= 1e-6:
                continue
            pair, swapped = [one, other], [other, one]
            moved = likeness_KK[other] - likeness_KK[one]
            worth_KK += np.outer(near_KK[:, one] - near_KK[:, other], moved)
            for array in (worth_KK, near_KK, places_K2):
                array[pair] = array[swapped]
            near_KK[:, pair] = near_KK[:, swapped]
            is_better = True
        if not is_better:
            return
