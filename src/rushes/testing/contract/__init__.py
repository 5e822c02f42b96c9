"""Contracts of plug-ins and runners, checked: for tests here and in packages of others."""

from rushes.testing.contract.runner import check_runner
from rushes.testing.contract.stage import check_stage

__all__ = ["check_runner", "check_stage"]
