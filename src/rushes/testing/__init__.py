"""Public tools for tests of stages: videos of known truth, and the contract of a stage."""

from rushes.testing.contract import check_stage
from rushes.testing.videos import (
    AUDIO_RATE_HZ,
    BEEP_S,
    Take,
    TrueCut,
    Truth,
    make_video,
    read_beeps,
    read_number,
    read_numbers,
)

__all__ = [
    "AUDIO_RATE_HZ",
    "BEEP_S",
    "Take",
    "TrueCut",
    "Truth",
    "check_stage",
    "make_video",
    "read_beeps",
    "read_number",
    "read_numbers",
]
