"""Public tools for tests of plug-ins: videos of known truth, and contract tests."""

from rushes.testing.contract import check_runner, check_stage
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
    "check_runner",
    "check_stage",
    "make_video",
    "read_beeps",
    "read_number",
    "read_numbers",
]
