"""Who reads what of whom in a recipe, and the identities of results that follow from it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rushes.errors import RecipeError
from rushes.stages.protocols import Stage

CUT_VERSION = 1
"""Bump it when `cut` or `clipping` make other clips from the same signals."""

Stages = Mapping[str, Any]
"""The stages that a verb uses, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """Identities of the results that a recipe asks for; see `protocols.fingerprint`."""

    probes: Mapping[str, str]
    """By the probe's name."""
    cut: str
    """Of all detectors together with the clipping."""
    scorers: Mapping[str, str]
    """By the scorer's name."""


def probes_of(stage: Any, scan: Stages | None = None) -> list[str]:
    """Return the probes whose signals a detector or a scorer is given.

    Those that it needs, and `still` where it looks at stills; of a scan also `border`, since clips
    are shown without bars where the scan looks for those, and those that it merely `uses`.
    """
    names = [*stage.needs, *(["still"] if getattr(stage, "frames", None) is not None else [])]
    wishes = list(getattr(stage, "uses", ()))
    if hasattr(stage, "annotate"):
        wishes.append("border")
    return names + [name for name in wishes if name in (scan or {}) and name not in names]


def reads_of(stage: Any) -> Sequence[str]:
    """Return the scorers whose rows a scorer reads."""
    reads: Sequence[str] = getattr(stage, "reads", ())
    return reads


def waves(scorers: Stages) -> list[list[str]]:
    """Return the names of the scorers, those first that read none of the others.

    Raises:
        RecipeError: Some read one another in a circle.
    """
    left = dict(scorers)
    found: list[list[str]] = []
    while left:
        ready = [name for name, stage in left.items() if not left.keys() & set(reads_of(stage))]
        if not ready:
            raise RecipeError(f"score.use: {', '.join(left)} read one another in a circle")
        found.append(ready)
        left = {name: stage for name, stage in left.items() if name not in ready}
    return found


def check_reads(stages: Mapping[str, Stages]) -> None:
    """Refuse a stage that reads what the recipe leaves out.

    Args:
        stages: Verb → its stages.

    Raises:
        RecipeError: It names both.
    """
    for verb in ("cut", "score"):
        for name, stage in stages[verb].items():
            for kind, section, reads in (
                ("the probe ", "scan", probes_of(stage)),
                ("", verb, reads_of(stage)),
            ):
                for read in reads:
                    if read not in stages[section]:
                        raise RecipeError(
                            f"{verb}.use has {name!r}, which reads what {kind}{read!r} measures; "
                            f"add {read!r} to {section}.use"
                        )


def dependents(scorers: Stages, names: Sequence[str]) -> list[str]:
    """Return those of the scorers that read one of `names`, at first or second hand."""
    gone = set(names)
    for wave in waves(scorers):
        gone |= {name for name in wave if gone & set(reads_of(scorers[name]))}
    return [name for name in scorers if name in gone and name not in names]


def fingerprints(stages: Mapping[str, Stages], clipping: Any) -> Fingerprints:
    """Return the identities of all results, each built on those it reads.

    Args:
        stages: Verb → its stages.
        clipping: How shots become clips; a dataclass.
    """
    scan = stages["scan"]
    alone = {name: fingerprint(probe) for name, probe in scan.items()}
    probes = {
        # One that follows others in the same decode depends on what they measure.
        name: fingerprint(probe, [alone[need] for need in follows]) if follows else alone[name]
        for name, probe in scan.items()
        for follows in [[need for need in getattr(probe, "needs", ()) if need in alone]]
    }
    detectors = [
        fingerprint(detector, [probes[name] for name in probes_of(detector, scan)])
        for detector in stages["cut"].values()
    ]
    payload = json.dumps([CUT_VERSION, detectors, asdict(clipping)])
    scorers: dict[str, str] = {}
    for wave in waves(stages["score"]):
        for name in wave:
            scorer = stages["score"][name]
            upstream = [probes[probe] for probe in probes_of(scorer, scan)]
            upstream += [scorers[read] for read in reads_of(scorer)]
            scorers[name] = fingerprint(scorer, upstream)
    return Fingerprints(
        probes=probes,
        cut=hashlib.sha256(payload.encode()).hexdigest()[:12],
        scorers=scorers,
    )


def fingerprint(stage: Stage, upstream: Sequence[str] = ()) -> str:
    """Identity of a result: equal fingerprints, equal rows.

    Args:
        stage: Its name, version, params, frames and model hash count.
        upstream: Fingerprints of the stages whose results it reads.
    """
    frames = getattr(stage, "frames", None)
    payload = {
        "name": stage.name,
        "version": stage.version,
        "params": asdict(stage.params),
        "frames": asdict(frames) if frames else None,
        "model": getattr(stage, "model_identity", None),
        "upstream": sorted(upstream),
    }
    text = json.dumps(payload, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
