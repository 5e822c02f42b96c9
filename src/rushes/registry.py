"""The list of stages: "scorer/motion" → "rushes.scorers.motion:Motion".

Third parties add theirs through the entry-point group `rushes.stages`, with the same key:

    [project.entry-points."rushes.stages"]
    "scorer/noise" = "my_package.noise:Noise"
"""

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from rushes.errors import ContractError, RecipeError

BUILT_IN = {
    "probe/border": "rushes.probes.border:Border",
    "probe/change": "rushes.probes.change:Change",
    "probe/comb": "rushes.probes.comb:Comb",
    "probe/grid": "rushes.probes.grid:Grid",
    "probe/motion": "rushes.probes.motion:Motion",
    "probe/still": "rushes.probes.still:Still",
    "probe/transnet": "rushes.probes.transnet:TransNet",
    "detector/cascade": "rushes.detectors.cascade:Cascade",
    "detector/content": "rushes.detectors.content:Content",
    "detector/fade": "rushes.detectors.fade:Fade",
    "detector/transnet": "rushes.detectors.transnet:TransNet",
    "scorer/aesthetic": "rushes.scorers.aesthetic:Aesthetic",
    "scorer/artefacts": "rushes.scorers.artefacts:Artefacts",
    "scorer/clip": "rushes.scorers.clip:Clip",
    "scorer/clip_similarity": "rushes.scorers.clip_similarity:ClipSimilarity",
    "scorer/embedding": "rushes.scorers.embedding:Embedding",
    "scorer/exposure": "rushes.scorers.exposure:Exposure",
    "scorer/faces": "rushes.scorers.faces:Faces",
    "scorer/flicker": "rushes.scorers.flicker:Flicker",
    "scorer/loudness": "rushes.scorers.loudness:Loudness",
    "scorer/layout": "rushes.scorers.layout:Layout",
    "scorer/camera": "rushes.scorers.camera:Camera",
    "scorer/flow": "rushes.scorers.flow:Flow",
    "scorer/motion": "rushes.scorers.motion:Motion",
    "scorer/nsfw": "rushes.scorers.nsfw:Nsfw",
    "scorer/picture": "rushes.scorers.picture:Picture",
    "scorer/sharpness": "rushes.scorers.sharpness:Sharpness",
    "scorer/speech": "rushes.scorers.speech:Speech",
    "scorer/text_area": "rushes.scorers.text_area:TextArea",
    "scorer/watermark": "rushes.scorers.watermark:Watermark",
    "captioner/sidecar": "rushes.captioners.sidecar:Sidecar",
    "scorer/svd_motion": "rushes.scorers.svd_motion:SvdMotion",
    "exporter/folder": "rushes.exporters.folder:Folder",
    "exporter/hydrus": "rushes.exporters.hydrus_sidecars:HydrusSidecars",
    "exporter/webdataset": "rushes.exporters.webdataset:WebDataset",
}


@cache
def stages() -> dict[str, str]:
    """Return every known stage: key → "module:Class".

    Raises:
        ContractError: Two packages claim one key.
    """
    found = dict(BUILT_IN)
    for point in entry_points(group="rushes.stages"):
        if point.name in found:
            raise ContractError(
                f"stage {point.name!r} is claimed by {found[point.name]} and by {point.value}; "
                f"uninstall one of them"
            )
        found[point.name] = point.value
    return found


def nearest(word: str, known: list[str]) -> str:
    """Return " (did you mean 'x'?)" for the known word nearest to `word`, or ""."""
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def names(kind: str) -> list[str]:
    """Return the names of all stages of one kind, such as "scorer", sorted."""
    return sorted(key.split("/")[1] for key in stages() if key.startswith(f"{kind}/"))


def load(key: str) -> Any:
    """Return the class of a stage, imported now.

    Raises:
        RecipeError: There is no such stage.
    """
    try:
        module, _, attribute = stages()[key].partition(":")
    except KeyError:
        kind, _, name = key.partition("/")
        known = names(kind)
        raise RecipeError(
            f"there is no {kind} {name!r}{nearest(name, known)}; known: {', '.join(known)}"
        ) from None
    return getattr(import_module(module), attribute)
