"""Check rows against the fields that a stage declares."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushes.errors import ContractError
from rushes.records import Field, Row


def check_row(stage_key: str, fields: Sequence[Field], row: Row) -> Row:
    """Return `row` in the order of `fields`, as plain numbers; raise if it is not as declared.

    Raises:
        ContractError: A column too many or too few, a wrong type, NaN, or a value out of range.
    """
    names = [f.name for f in fields]
    if set(row) != set(names):
        raise ContractError(f"{stage_key} declares {names} and returned {sorted(row)}")
    return {f.name: _check_value(stage_key, f, row[f.name]) for f in fields}


def _check_value(stage_key: str, declared: Field, value: Any) -> Any:
    where = f"{stage_key}.{declared.name}"
    if declared.dtype == "vector":
        return _check_vector(where, declared, value)
    if declared.dtype == "text":
        if not isinstance(value, str):
            raise ContractError(f"{where} is text and got {value!r}")
        if declared.values and value not in declared.values:
            raise ContractError(f"{where} got {value!r}, which is none of {declared.values}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ContractError(f"{where} is a number and got {value!r}")
    number = int(value) if declared.dtype == "integer" else float(value)
    if not math.isfinite(number):
        raise ContractError(f"{where} got {number}; raise ItemError where there is no value")
    if (declared.low is not None and number < declared.low) or (
        declared.high is not None and number > declared.high
    ):
        raise ContractError(f"{where} got {number}, outside {declared.low}…{declared.high}")
    return number


def _check_vector(where: str, declared: Field, value: Any) -> np.ndarray:
    """Return a vector as float16, which keeps a cosine to three digits."""
    vector = np.asarray(value)
    if vector.shape != declared.shape:
        raise ContractError(f"{where} has the shape {vector.shape}, not {declared.shape}")
    half = vector.astype(np.float16)
    if not np.isfinite(half).all():
        raise ContractError(f"{where} holds a number that is not finite")
    return half
