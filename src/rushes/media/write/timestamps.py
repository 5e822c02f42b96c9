"""Presentation and decoding times of the coded pictures of one clip's file."""

from collections.abc import Sequence


class ClipTimestamps:
    """Times of the pictures of one clip, in source ticks from the clip's begin."""

    def __init__(self, order_pts: Sequence[int], in_pts: int, out_pts: int) -> None:
        """Compute the times.

        Args:
            order_pts: pts of all pictures on the source's clock, in decoding order; all differ.
            in_pts: Begin of the clip; the first picture is shown from then on.
            out_pts: End of the last picture's display.
        """
        shown = sorted(order_pts)
        self.starts = [pts - in_pts for pts in shown]
        """Begin of each picture's display, ascending from 0."""
        self.starts[0] = 0
        self.end = out_pts - in_pts
        """End of the last picture's display."""
        self._ranks = {pts: rank for rank, pts in enumerate(shown)}
        # A picture must be decoded before it is shown: decoding runs ahead by so many pictures.
        self._lead = max(at - self._ranks[pts] for at, pts in enumerate(order_pts))
        # MP4 adds up durations in decoding order. With this much before zero the sum is the
        # clip's own duration, however unequal the pictures' durations are.
        self._before = self.starts[-1] - self.starts[-1 - self._lead]

    def times(self, at: int, pts: int) -> tuple[int, int, int]:
        """Return pts, dts and duration of the picture at index `at` in decoding order.

        Args:
            at: Index in decoding order.
            pts: The picture's pts on the source's clock.
        """
        rank = self._ranks[pts]
        start = self.starts[rank]
        if at < self._lead:
            dts = -self._before + at * self._before // self._lead
        else:
            dts = self.starts[at - self._lead]
        if at + 1 == len(self.starts):
            rank = at
        nexts = self.starts[rank + 1] if rank + 1 < len(self.starts) else self.end
        return start, dts, nexts - self.starts[rank]
