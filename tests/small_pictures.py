"""Pictures of the size that the scan makes, through the motion probe without a file."""

from fractions import Fraction
from types import SimpleNamespace

from rushes.footage.probes.motion import Motion


def in_bursts(pictures):
    """Return what the probe makes of (seconds, picture) pairs: two bursts a second, as a scan."""
    motion = Motion(Motion.Params())
    motion.start(SimpleNamespace(time_base=Fraction(1, 1000)), None)
    slot, left = -1, 0
    for at_s, picture in pictures:
        is_first = int(at_s * 2 + 1e-9) > slot
        if is_first:
            slot, left = int(at_s * 2 + 1e-9), Motion.frames.burst
        if left:
            left -= 1
            motion.process(picture, round(at_s * 1000), is_first)
    return motion.finish()
