"""When coded pictures are shown and decoded in a file of their own."""

from collections.abc import Sequence


class Clock:
    """Times of the pictures of one clip, in source ticks from the clip's begin."""

    def __init__(self, order_pts: Sequence[int], in_pts: int, out_pts: int) -> None:
        """Lay out the clip.

        Args:
            order_pts: pts of all pictures on the source's clock, in decoding order; all differ.
            in_pts: When the clip begins; the first picture is shown from then on.
            out_pts: When the last picture's display ends.
        """
        shown = sorted(order_pts)
        self.starts = [pts - in_pts for pts in shown]
        """When each picture is shown, ascending from 0."""
        self.starts[0] = 0
        self.end = out_pts - in_pts
        """When the last one's display ends."""
        self._places = {pts: place for place, pts in enumerate(shown)}
        # A picture must be decoded before it is shown: by so many pictures the file runs ahead.
        self._lead = max(at - self._places[pts] for at, pts in enumerate(order_pts))
        # MP4 adds up durations in decoding order. With this much before zero the sum is the
        # clip's own duration, however unequal the pictures' durations are.
        self._before = self.starts[-1] - self.starts[-1 - self._lead]

    def times(self, at: int, pts: int) -> tuple[int, int, int]:
        """Return pts, dts and duration of the picture that comes `at`th in decoding order."""
        place = self._places[pts]
        start = self.starts[place]
        if at < self._lead:
            dts = -self._before + at * self._before // self._lead
        else:
            dts = self.starts[at - self._lead]
        if at + 1 == len(self.starts):
            place = at
        nexts = self.starts[place + 1] if place + 1 < len(self.starts) else self.end
        return start, dts, nexts - self.starts[place]
