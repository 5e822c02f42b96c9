"""Dependencies between the stages of a recipe, and the identities of results that follow."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rushes.errors import RecipeError
from rushes.models.store import find_model
from rushes.stages.protocols import ModelSetting, Stage

CUT_VERSION = 1
"""Bump it when `cuts` makes other clips from the same signals."""

KINDS: Mapping[str, str] = {
    "scan": "probe",
    "cut": "detector",
    "caption": "captioner",
    "score": "scorer",
}
"""Verb of a recipe → the kind of its stages."""

Stages = Mapping[str, Any]
"""The stages that a verb uses, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """Identities of the results that a recipe asks for; see `fingerprint`."""

    probes: Mapping[str, str]
    """By the probe's name."""
    cut: str
    """All detectors together with the lengths of clips."""
    annotators: Mapping[str, str]
    """Captioners and scorers by key, such as "scorer/motion"."""

    @property
    def scorers(self) -> dict[str, str]:
        """Return name of a scorer → its fingerprint."""
        return {
            key.partition("/")[2]: print_
            for key, print_ in self.annotators.items()
            if key.startswith("scorer/")
        }


def verb_of(key: str) -> str:
    """Return the verb that runs a stage: "score" for "scorer/motion"."""
    kind = key.partition("/")[0]
    return next(verb for verb, known in KINDS.items() if known == kind)


def models_of(stage: Stage) -> tuple[str, ...]:
    """Return the names of the models that a stage runs, including those named in the recipe.

    Raises:
        RecipeError: The recipe names none where one is required, or an unknown one.
    """
    names = []
    for model in stage.inputs.models:
        if isinstance(model, ModelSetting):
            name = getattr(stage.params, model.setting)
            if not name and model.hint:
                raise RecipeError(model.hint)
            names.append(find_model(name).name)
        else:
            names.append(model)
    return tuple(names)


def probe_inputs(stage: Stage, scan: Stages | None = None) -> list[str]:
    """Return the probes whose signals a detector or an annotator gets.

    They are the required ones, `still` for an annotator of stills, and of the scan's probes the
    optional ones and `border`, by which stills are cropped.
    """
    shows = ["still"] if getattr(stage, "frames", None) is not None else []
    names = [*stage.inputs.probes, *shows]
    wishes = list(stage.inputs.optional_probes)
    if hasattr(stage, "annotate"):
        wishes.append("border")
    return names + [name for name in wishes if name in (scan or {}) and name not in names]


def scorer_inputs(stage: Stage) -> Sequence[str]:
    """Return the names of the scorers whose rows an annotator gets."""
    return stage.inputs.scorers


def annotators(stages: Mapping[str, Stages]) -> dict[str, Any]:
    """Return all captioners and scorers of a recipe by key, such as "scorer/motion".

    Args:
        stages: Verb → its stages.
    """
    return {
        f"{KINDS[verb]}/{name}": stage
        for verb in ("caption", "score")
        for name, stage in stages[verb].items()
    }


def topological_order(annotators: Stages) -> list[list[str]]:
    """Return the keys of annotators in waves; each wave reads only rows of earlier ones.

    Raises:
        RecipeError: Some read one another in a circle.
    """
    left = dict(annotators)
    found: list[list[str]] = []
    while left:
        ready = [key for key, stage in left.items() if not left.keys() & _read(stage)]
        if not ready:
            names = ", ".join(key.partition("/")[2] for key in left)
            raise RecipeError(f"score.use: {names} read one another in a circle")
        found.append(ready)
        left = {key: stage for key, stage in left.items() if key not in ready}
    return found


def with_dependencies(annotators: Stages, keys: Collection[str]) -> dict[str, Any]:
    """Return some annotators with all that they read, directly or through others, in order."""
    wanted = set(keys)
    for wave in reversed(topological_order(annotators)):
        for key in wave:
            if key in wanted:
                wanted |= _read(annotators[key])
    return {key: stage for key, stage in annotators.items() if key in wanted}


def dependents(annotators: Stages, keys: Collection[str]) -> list[str]:
    """Return the keys of the annotators that read some others, directly or through others."""
    gone = set(keys)
    for wave in topological_order(annotators):
        gone |= {key for key in wave if gone & _read(annotators[key])}
    return [key for key in annotators if key in gone and key not in keys]


def _read(stage: Stage) -> set[str]:
    return {f"scorer/{name}" for name in scorer_inputs(stage)}


def check_reads(stages: Mapping[str, Stages]) -> None:
    """Refuse a stage that reads what the recipe leaves out.

    Args:
        stages: Verb → its stages.

    Raises:
        RecipeError: It names both.
    """
    for verb in ("cut", "score", "caption"):
        for name, stage in stages[verb].items():
            for kind, section, reads in (
                ("the probe ", "scan", probe_inputs(stage)),
                ("", "score", scorer_inputs(stage)),
            ):
                for read in reads:
                    if read not in stages[section]:
                        raise RecipeError(
                            f"{verb}.use has {name!r}, which reads {kind}{read!r}; "
                            f"add {read!r} to {section}.use"
                        )


def fingerprints(stages: Mapping[str, Stages], clip_lengths: Any) -> Fingerprints:
    """Return the identities of all results, each built on those it reads.

    Args:
        stages: Verb → its stages.
        clip_lengths: How shots become clips; a dataclass.
    """
    scan = stages["scan"]
    alone = {name: fingerprint(probe) for name, probe in scan.items()}
    probes = {
        # One that ends knowing others' results depends on what they measure.
        name: fingerprint(probe, [alone[need] for need in follows]) if follows else alone[name]
        for name, probe in scan.items()
        for follows in [[need for need in probe.inputs.probes if need in alone]]
    }
    detectors = [
        fingerprint(detector, [probes[name] for name in probe_inputs(detector, scan)])
        for detector in stages["cut"].values()
    ]
    payload = json.dumps([CUT_VERSION, detectors, asdict(clip_lengths)])
    every = annotators(stages)
    found: dict[str, str] = {}
    for wave in topological_order(every):
        for key in wave:
            upstream = [probes[probe] for probe in probe_inputs(every[key], scan)]
            upstream += [found[read] for read in sorted(_read(every[key]))]
            found[key] = fingerprint(every[key], upstream)
    return Fingerprints(
        probes=probes,
        cut=hashlib.sha256(payload.encode()).hexdigest()[:12],
        annotators=found,
    )


def fingerprint(stage: Stage, upstream: Sequence[str] = ()) -> str:
    """Return the identity of a result: equal fingerprints, equal rows.

    Args:
        stage: Its name, version, params, frames and models count.
        upstream: Fingerprints of the stages whose results it reads.
    """
    frames = getattr(stage, "frames", None)
    models = "-".join(find_model(name).identity for name in models_of(stage))
    payload = {
        "name": stage.name,
        "version": stage.version,
        "params": asdict(stage.params),
        "frames": asdict(frames) if frames else None,
        "model": models or None,
        "upstream": sorted(upstream),
    }
    text = json.dumps(payload, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
