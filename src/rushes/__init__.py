"""Rushes: raw footage in, a dataset for video models out, people's preference fed back.

`from rushes import Project` is the whole program as a library; see `docs/python.md`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rushes.version import __version__ as __version__

if TYPE_CHECKING:
    from rushes.errors import (
        ContractError,
        ItemError,
        MediaError,
        MissingDependency,
        MissingModel,
        ProjectError,
        RecipeError,
        RushesError,
        SourceChanged,
        WorkerLost,
    )
    from rushes.project import Project
    from rushes.records import (
        Clip,
        Cut,
        Failure,
        Field,
        Report,
        RuleCount,
        Selection,
        Shot,
        Verdict,
        Video,
    )

__all__ = [
    "Clip",
    "ContractError",
    "Cut",
    "Failure",
    "Field",
    "ItemError",
    "MediaError",
    "MissingDependency",
    "MissingModel",
    "Project",
    "ProjectError",
    "RecipeError",
    "Report",
    "RuleCount",
    "RushesError",
    "Selection",
    "Shot",
    "SourceChanged",
    "Verdict",
    "Video",
    "WorkerLost",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `rushes --help` needs no NumPy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules = (import_module(f"rushes.{home}") for home in ("errors", "records", "project"))
    value = next(getattr(module, name) for module in modules if hasattr(module, name))
    value.__module__ = __name__  # shown so in tracebacks and help; pickle finds it here, too
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return all names, those not imported yet included: notebooks complete them."""
    return sorted({*globals(), *__all__})
