"""Signals of a scanned video: the row with the name of their file, and the file itself."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from rushes.errors import MediaError
from rushes.records import Field
from rushes.stages.items import Signals

PROBE_FIELDS = (
    Field(name="signals", dtype="text", about="file of the signals, in the project"),
    Field(name="file", dtype="text", about="file of the probe's own, in the project, or empty"),
    Field(name="rows", dtype="integer", low=0, about="rows of the signals"),
)
"""Columns of a probe's row of one video."""


def read_signals(path: Path) -> Signals:
    """Read the signals that a scan wrote.

    Raises:
        MediaError: The file is missing or broken.
    """
    try:
        with np.load(path) as stored:
            columns = {
                name.removeprefix("column_"): stored[name]
                for name in stored.files
                if name.startswith("column_")
            }
            numerator, denominator = (int(part) for part in stored["time_base"])
            return Signals(
                time_base=Fraction(numerator, denominator),
                pts=stored["pts"],
                end_pts=int(stored["end_pts"]),
                columns=columns,
            )
    except (OSError, ValueError, KeyError) as error:
        raise MediaError(
            f"{path}: the signals cannot be read ({error}); delete this file, then: rushes scan"
        ) from error
