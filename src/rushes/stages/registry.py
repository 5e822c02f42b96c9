"""The list of plug-ins: "scorer/motion" → "rushes.annotation.scorers.motion:Motion".

Other packages add theirs through the entry-point group `rushes.stages`, with the same keys:

    [project.entry-points."rushes.stages"]
    "scorer/noise" = "my_package.noise:Noise"
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from rushes.errors import ContractError, RecipeError, nearest

BUILT_IN = {
    "source/folder": "rushes.footage.sources.folder:Folder",
    "probe/border": "rushes.footage.probes.border:Border",
    "probe/change": "rushes.footage.probes.change:Change",
    "probe/comb": "rushes.footage.probes.comb:Comb",
    "probe/grid": "rushes.footage.probes.grid:Grid",
    "probe/motion": "rushes.footage.probes.motion:Motion",
    "probe/network": "rushes.footage.probes.network:Network",
    "probe/still": "rushes.footage.probes.still:Still",
    "probe/transnet": "rushes.footage.probes.transnet:TransNet",
    "detector/cascade": "rushes.cuts.detectors.cascade:Cascade",
    "detector/content": "rushes.cuts.detectors.content:Content",
    "detector/fade": "rushes.cuts.detectors.fade:Fade",
    "detector/network": "rushes.cuts.detectors.network:Network",
    "detector/transnet": "rushes.cuts.detectors.transnet:TransNet",
    "scorer/aesthetic": "rushes.annotation.scorers.aesthetic:Aesthetic",
    "scorer/artefacts": "rushes.annotation.scorers.artefacts:Artefacts",
    "scorer/clip": "rushes.annotation.scorers.clip:Clip",
    "scorer/clip_similarity": "rushes.annotation.scorers.clip_similarity:ClipSimilarity",
    "scorer/embedding": "rushes.annotation.scorers.embedding:Embedding",
    "scorer/exposure": "rushes.annotation.scorers.exposure:Exposure",
    "scorer/faces": "rushes.annotation.scorers.faces:Faces",
    "scorer/flicker": "rushes.annotation.scorers.flicker:Flicker",
    "scorer/loudness": "rushes.annotation.scorers.loudness:Loudness",
    "scorer/layout": "rushes.annotation.scorers.layout:Layout",
    "scorer/camera": "rushes.annotation.scorers.camera:Camera",
    "scorer/flow": "rushes.annotation.scorers.flow:Flow",
    "scorer/motion": "rushes.annotation.scorers.motion:Motion",
    "scorer/nsfw": "rushes.annotation.scorers.nsfw:Nsfw",
    "scorer/picture": "rushes.annotation.scorers.picture:Picture",
    "scorer/sharpness": "rushes.annotation.scorers.sharpness:Sharpness",
    "scorer/speech": "rushes.annotation.scorers.speech:Speech",
    "scorer/text_area": "rushes.annotation.scorers.text_area:TextArea",
    "scorer/watermark": "rushes.annotation.scorers.watermark:Watermark",
    "captioner/sidecar": "rushes.annotation.captioners.sidecar:Sidecar",
    "scorer/svd_motion": "rushes.annotation.scorers.svd_motion:SvdMotion",
    "exporter/folder": "rushes.exports.formats.folder:Folder",
    "exporter/hydrus": "rushes.exports.formats.hydrus_sidecars:HydrusSidecars",
    "exporter/webdataset": "rushes.exports.formats.webdataset:WebDataset",
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
