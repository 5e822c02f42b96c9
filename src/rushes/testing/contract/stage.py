"""The contract test of a plug-in: one function for every kind.

from rushes.testing import check_stage

def test_noise(tmp_path):
    check_stage("scorer/noise", tmp_path)
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rushes.stages import registry
from rushes.testing.contract.annotator import check_annotator
from rushes.testing.contract.exporter import check_exporter
from rushes.testing.contract.material import Settings, new_stage, require
from rushes.testing.contract.scan import check_detector, check_probe
from rushes.testing.contract.source import check_source
from rushes.testing.contract.trainer import check_trainer

MOST_PARAMS = 12


def check_stage(
    key: str,
    folder: Path,
    models: Mapping[str, Path] | None = None,
    settings: Settings = None,
    place: str | None = None,
) -> None:
    """Check a plug-in against the protocol of its kind.

    Probes, detectors, scorers and captioners get small videos: moving, black, of a single frame, of
    odd size, turned, of variable frame rate, with and without sound. The same input must give the
    same rows, a batch the same as its items one by one, and every row must be as declared. Export
    formats write samples, sources list a place, trainers train on noise.

    Args:
        key: As the registry has it: "scorer/motion".
        folder: An empty folder to work in.
        models: Model name → file, for the models that stages name; by default those on this
            machine.
        settings: Key of a stage → its settings beyond the defaults: this stage, and those that it
            reads.
        place: For a source: where footage lies that it finds; by default a folder.

    Raises:
        ContractError: The plug-in breaks its protocol; the message says how.
    """
    stage_class = registry.load(key)
    kind, _, name = key.partition("/")
    require(stage_class.name == name, f"{key} calls itself {stage_class.name!r}")
    require(isinstance(stage_class.version, int), f"{key}.version must be a whole number")
    params = stage_class.Params
    require(is_dataclass(params), f"{key}.Params must be a dataclass")
    require(len(fields(params)) <= MOST_PARAMS, f"{key}.Params has more than {MOST_PARAMS} fields")
    for field in getattr(stage_class, "fields", ()):
        require(bool(field.about), f"{key}.{field.name} must say what it measures")
    checks: Mapping[str, Any] = {
        "probe": check_probe,
        "detector": check_detector,
        "scorer": partial(check_annotator, settings=settings),
        "captioner": partial(check_annotator, settings=settings),
        "exporter": check_exporter,
        "source": partial(check_source, place=place),
        "trainer": partial(check_trainer, settings=settings),
    }
    require(kind in checks, f"{key}: there is no kind of stage called {kind!r}")
    checks[kind](key, new_stage(key, settings), folder, models)
