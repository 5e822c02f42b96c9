"""Cuts against exact truth: recall, precision, splits and contaminated frames, in one table.

Footage is looked for in $RUSHES_FOOTAGE, or in ../shared/footage; more montages, as
`make_montage.py` writes them, in $RUSHES_MONTAGES.
"""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching import LEAST_CLIP_S, Score, Transition, Truth, clips, evaluate
from benchmarks.measuring import footage, write_results
from rushes.catalog.signals import read_signals
from rushes.cuts.detectors.cascade import Cascade
from rushes.cuts.detectors.fade import Fade
from rushes.cuts.detectors.network import Network as NetworkCuts
from rushes.cuts.detectors.transnet import TransNet as TransNetCuts
from rushes.cuts.shots import merged
from rushes.footage.probes.network import Network
from rushes.footage.probes.transnet import TransNet
from rushes.footage.scan import ScanTask, scan
from rushes.media.decode import Decoder
from rushes.media.probe import probe
from rushes.models import store
from rushes.recipe.recipe import Recipe
from rushes.recipe.runnable import for_stages
from rushes.records import Cut
from rushes.stages.items import Signals

# What the truth files call things, as Rushes calls them.
_KINDS = {
    "cut": "hard",
    "dissolve": "dissolve",
    "wipe": "wipe",
    "fade_black": "fade",
    "fade_white": "fade",
    "fade_through_grey": "fade",
}


def montages(folder: Path, suffixes: Sequence[str] = ("",)) -> Iterator[tuple[Path, Truth]]:
    """Yield (video, truth) for what `make_montage.py` wrote into `folder`.

    Args:
        folder: Where it is.
        suffixes: Of the files' names; "_gop48" are the same frames with key frames elsewhere.
    """
    for path in sorted(folder.glob("*.json")):
        known = json.loads(path.read_text())
        if "transitions" not in known:
            continue
        truth = Truth(
            transitions=tuple(
                _transition(t["type"], t["prev_end"], t["next_start"]) for t in known["transitions"]
            ),
            equal=frozenset(f for t in known["transitions"] for f in _equal(t)),
            frames=known["frames"],
        )
        for suffix in suffixes:
            video = folder / f"{path.stem}{suffix}.mp4"
            if video.exists():
                yield video, truth


def _equal(transition: dict[str, Any]) -> list[int]:
    """Return the frames of a transition that show one shot alone, bit for bit.

    FFmpeg's `xfade`, tried out with noise: the first frame is the old one's, but for wipes that
    begin with a line of pixels; circles need a sixth of their length, and a turning hand a tenth,
    before they show at all. Only known at a constant rate.
    """
    if "cfr_prev_end" in transition:
        return []
    first, length = transition["prev_end"] + 1, transition["frames"]
    shares = {"circleopen": (1 / 6, 5 / 6), "radial": (1 / 10, 1.0)}
    shares |= dict.fromkeys(("wiperight", "wipedown", "slideleft", "slideup"), (-1.0, 1.0))
    low, high = shares.get(transition.get("style", ""), (0.0, 1.0))
    return [first + at for at in range(length) if not low < at / length < high]


def real_edits(folder: Path) -> Iterator[tuple[Path, Truth]]:
    """Yield (video, truth) for the edited films whose truth was made by eye."""
    path = folder / "real_edits_truth.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for name, facts in known.items():
        if name.startswith("_"):
            continue
        transitions = [Transition(start=at, end=at, kind="hard") for at in facts["cuts"]]
        transitions += [
            _transition(g["type"], g["prev_end"], g["next_start"]) for g in facts["gradual"]
        ]
        yield (
            folder / name,
            Truth(
                transitions=tuple(sorted(transitions, key=lambda t: t.end)),
                ambiguous=tuple((a["from"], a["to"]) for a in facts["ambiguous"]),
                frames=facts["frames"],
            ),
        )


def _transition(kind: str, prev_end: int, next_start: int) -> Transition:
    is_hard = next_start == prev_end + 1
    return Transition(start=prev_end + 1, end=next_start, kind="hard" if is_hard else _KINDS[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """All signals that any of the compared detectors reads, of one video."""

    change: Signals
    doubt: Signals | None
    """The network where the change leaves doubt; None where its weights are not here."""
    everywhere: Signals | None
    """The network on every frame."""
    own: Signals | None
    """The cut network; None without onnxruntime."""


def measure(path: Path, scratch: Path) -> Measurements:
    """Scan a video with the probes that detectors read."""
    recipe = Recipe({})
    probes: list[Any] = [recipe.stages("scan")["change"]]
    found, lacking = for_stages(recipe.stages("scan"), store.CACHE)
    if not lacking:
        probes += [TransNet(TransNet.Params()), _Everywhere(TransNet.Params(everywhere=True))]
    network = Network(Network.Params())
    files, lacking = for_stages({"network": network}, store.CACHE)
    if not lacking:
        probes.append(network)
        found |= files
    task = ScanTask(
        video=probe(path),
        probes=tuple((stage, stage.name) for stage in probes),
        folder=scratch,
        threads=1,
        models=found,
    )
    rows = scan(task, lambda _: None).rows
    signals = {name: read_signals(scratch / row["signals"]) for name, row in rows.items()}
    return Measurements(
        change=signals["change"],
        doubt=signals.get("transnet"),
        everywhere=signals.get("everywhere"),
        own=signals.get("network"),
    )


class _Everywhere(TransNet):
    """The same probe under another name, so that both fit into one scan."""

    name = "everywhere"


def _change_alone(found: Measurements) -> list[Cut]:
    signals = {"change": found.change}
    return merged([*Cascade().detect(signals), *Fade().detect(signals)])


def _cascade(found: Measurements) -> list[Cut] | None:
    if found.doubt is None:
        return None
    signals = {"change": found.change, "transnet": found.doubt}
    return merged([*Cascade().detect(signals), *Fade().detect(signals)])


def _own_network(found: Measurements) -> list[Cut] | None:
    if found.own is None:
        return None
    return merged(NetworkCuts().detect({"network": found.own}))


def _network_at(threshold: float) -> Callable[[Measurements], list[Cut] | None]:
    def detect(found: Measurements) -> list[Cut] | None:
        if found.everywhere is None:
            return None
        detector = TransNetCuts(TransNetCuts.Params(threshold=threshold))
        return list(detector.detect({"transnet": found.everywhere}))

    return detect


DETECTORS: dict[str, Callable[[Measurements], list[Cut] | None]] = {
    "Rushes, network where in doubt": _cascade,
    "Rushes, without the network": _change_alone,
    "Rushes, the cut network": _own_network,
    "TransNetV2 on every frame, 0.3": _network_at(0.3),
    "TransNetV2 on every frame, 0.5": _network_at(0.5),
}


def in_frames(cuts: Sequence[Cut], signals: Signals) -> list[Transition]:
    """Return cuts as transitions in frame numbers; a video's ends are no transitions."""
    transitions = []
    for cut in cuts:
        start, end = np.searchsorted(signals.pts, (cut.start_pts, cut.pts)).tolist()
        if start > 0 and end < len(signals.pts):
            transitions.append(Transition(start=start, end=end, kind=cut.kind))
    return transitions


def scenedetect_cuts(path: Path, detector: str) -> list[Transition] | None:
    """Return what one of PySceneDetect's detectors finds; None where it is not installed."""
    try:
        import scenedetect
    except ImportError:
        return None
    manager = scenedetect.SceneManager()
    manager.add_detector(getattr(scenedetect, detector)())
    video = scenedetect.open_video(str(path), backend="pyav")
    manager.detect_scenes(video)
    times_s = [start.seconds for start, _ in manager.get_scene_list(start_in_scene=True)][1:]
    known = probe(path)
    pts = np.array([d.pts for d in Decoder(probe(path))])
    seconds = (pts - known.start_pts) * float(known.time_base)
    frames = [int(np.argmin(np.abs(seconds - time_s))) for time_s in times_s]
    return [Transition(start=at, end=at, kind="hard") for at in frames]


def compare(videos: Sequence[tuple[Path, Truth]], scratch: Path) -> dict[str, dict[int, Score]]:
    """Return for each detector and tolerance (frames) the summed score over all videos."""
    totals: dict[str, dict[int, Score]] = {}
    # Nothing is timed here, so two at once do no harm.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:
        paths, truths = zip(*videos, strict=True)
        for found in pool.map(_scores, paths, truths, repeat(scratch)):
            for name, by_tolerance in found.items():
                scores = totals.setdefault(name, {tolerance: Score() for tolerance in by_tolerance})
                for tolerance, score in by_tolerance.items():
                    scores[tolerance] += score
    return totals


def _scores(path: Path, truth: Truth, scratch: Path) -> dict[str, dict[int, Score]]:
    """Return for each detector and tolerance the score on one video."""
    folder = scratch / path.stem
    folder.mkdir()
    found = measure(path, folder)
    reports: dict[str, list[Transition] | None] = {}
    for name, detect in DETECTORS.items():
        cuts = detect(found)
        reports[name] = None if cuts is None else in_frames(cuts, found.change)
    for name in ("AdaptiveDetector", "ContentDetector", "HistogramDetector"):
        reports[f"PySceneDetect {name}"] = scenedetect_cuts(path, name)
    edges_s = np.append(found.change.pts, found.change.end_pts) * float(found.change.time_base)
    return {
        name: {
            tolerance: evaluate(report, truth, tolerance)[0] + clips(report, truth, edges_s)
            for tolerance in (0, 2)
        }
        for name, report in reports.items()
        if report is not None
    }


def main(scratch: Path) -> None:
    """Compare on all montages and on the real edits; write benchmarks/results/cuts.md."""
    found = footage()
    if found is None:
        print("cuts: the shared footage is not here (set RUSHES_FOOTAGE); nothing measured")
        return
    more = os.environ.get("RUSHES_MONTAGES")
    sets = {
        "montage_dev, at a constant and a variable rate": list(montages(found, ("", "_gop48"))),
        "real edits": list(real_edits(found)),
    }
    if more:
        held_out = list(montages(Path(more)))
        names = ", ".join(path.stem for path, _ in held_out)
        sets = {f"held out: montages {names}": held_out, **sets}
    lines: list[str] = []
    figures: dict[str, Any] = {}
    for title, videos in sets.items():
        lines += [f"## {title} ({len(videos)} files)\n", *_HEAD]
        for name, scores in compare(videos, scratch).items():
            figures.setdefault(title, {})[name] = {
                f"tolerance_{tolerance}": score.as_dict() for tolerance, score in scores.items()
            }
            lines.append(_line(name, scores))
        lines.append("")
    print(write_results("cuts", "\n".join([_ABOUT, *lines]) + "\n", figures).read_text())


_ABOUT = f"""One to one matching, a second report inside one transition counts as a split and not as
false. *Contaminated*: clips (spans between reports of {LEAST_CLIP_S:g} s or more) with a frame of a
transition or a missed cut inside; *visibly*: not counting frames that truth calls mixed though they
are equal, bit for bit, to a frame of the shot (a transition's first, and more of circles). *Clean
kept*: clean footage, in seconds, that no report covers. *Mixed let in*: frames of transitions that
no report covers. The cost of each detector is in `speed.md`.

Thresholds, extents and margins were tuned on montage seeds 7, 11 and 21 to 26; held-out seeds are
others, of the same source clips. montage_dev and the real edits were looked at while designing.
"""
_HEAD = [
    "| detector | F1 (2 frames) | F1 (0) | hard recall | gradual recall | false | splits "
    "| contaminated | visibly | clean kept | mixed let in |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
]


def _line(name: str, scores: dict[int, Score]) -> str:
    exact, near = scores[0].as_dict(), scores[2].as_dict()
    score = scores[2]
    bad = score.contaminated / max(score.clips, 1)
    seen = score.contaminated_visibly / max(score.clips, 1)
    return (
        f"| {name} | {near['f1']:.3f} | {exact['f1']:.3f} | {near['hard']} | {near['gradual']} "
        f"| {near['false']} | {near['splits']} | {score.contaminated} of {score.clips} ({bad:.1%}) "
        f"| {score.contaminated_visibly} ({seen:.1%}) "
        f"| {score.clean_kept_s / score.clean_s:.1%} of {score.clean_s:.0f} s "
        f"| {near['mixed_kept']} of {near['mixed']} |"
    )
