"""Failures of a project that still have their cause."""

import os
from collections.abc import Collection

from rushes.context import Context
from rushes.footage.ignore import is_ignored
from rushes.records import Failure


def current_failures(context: Context) -> list[Failure]:
    """Return the failures whose item and stage the project still has, oldest first."""
    found = context.catalog.failures.all()
    if not found:
        return []
    is_obsolete = _Obsolete(context)
    return [failure for failure in found if not is_obsolete(failure)]


def remove_obsolete(context: Context) -> None:
    """Remove the failures that have outlived their cause, such as those of a removed export."""
    found = context.catalog.failures.all()
    if found:
        is_obsolete = _Obsolete(context)
        context.catalog.failures.remove([failure for failure in found if is_obsolete(failure)])


class _Obsolete:
    """The test whether a failure has outlived its cause."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clips = {row.clip.id for row in context.clips().values()}
        self._paths = {video.path for video in context.catalog.videos().values()}
        self._members: dict[str, set[str]] = {}
        self._ignored = context.recipe.own("ingest").ignore

    def __call__(self, failure: Failure) -> bool:
        kind, _, name = failure.stage.partition("/")
        recipe = self._context.recipe
        if kind in ("ingest", "scan", "cut") and is_ignored(failure.item, self._ignored):
            return True
        match kind:
            case "ingest":
                return not os.path.lexists(failure.item)
            case "scan" | "cut":
                return failure.item not in self._paths
            case "scorer" | "captioner":
                is_known = failure.stage in recipe.fingerprints.annotators
                return not is_known or failure.item not in self._clips
            case "export":
                return failure.item not in self._selected(name)
        return False

    def _selected(self, export: str) -> Collection[str]:
        """Return the ids of the clips that an export of the recipe holds or should hold."""
        if export not in self._members:
            plan = self._context.recipe.exports.get(export)
            newest = self._context.catalog.selections.newest
            found = newest(plan.selection) if plan else None
            self._members[export] = set(found[0].clips) if found else set()
        return self._members[export]
