"""Cuts against exact truth: recall, precision, splits and contaminated frames.

    python -m benchmarks.cuts           the footage in $RUSHES_FOOTAGE, or in ../shared/footage
    python -m benchmarks.cuts DIR…      montages that make_montage.py wrote into DIR

`score_video(path, truth)` is the part to import: any list of transitions can be scored with it.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching import Score, Transition, Truth, evaluate
from rushes.cut import merged
from rushes.detectors.content import Content
from rushes.detectors.fade import Fade
from rushes.media.decode import Decoding
from rushes.media.picture import Picture, new_scaler
from rushes.media.probe import probe
from rushes.probes.change import Change
from rushes.records import Cut
from rushes.stage import Signals

# What the truth files call things, as Rushes calls them.
_KINDS = {
    "cut": "hard",
    "dissolve": "dissolve",
    "wipe": "wipe",
    "fade_black": "fade",
    "fade_white": "fade",
    "fade_through_grey": "fade",
}


def footage() -> Path | None:
    """Return the folder of test footage, or None where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "footage"
    folder = Path(os.environ.get("RUSHES_FOOTAGE") or beside)
    return folder if folder.is_dir() else None


def montages(folder: Path) -> Iterator[tuple[Path, Truth]]:
    """Yield (video, truth) for what `make_montage.py` wrote into `folder`."""
    for path in sorted(folder.glob("*.json")):
        known = json.loads(path.read_text())
        if "transitions" not in known:
            continue
        truth = Truth(
            transitions=tuple(
                _transition(t["type"], t["prev_end"], t["next_start"]) for t in known["transitions"]
            ),
            frames=known["frames"],
        )
        for name in (path.stem, f"{path.stem}_gop48"):
            video = folder / f"{name}.mp4"
            if video.exists():
                yield video, truth


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


def measured(path: Path) -> Signals:
    """Return the change signals of a video, as the scan measures them."""
    video = probe(path)
    change = Change()
    change.start(video, path)
    scaler = new_scaler()
    for decoded in Decoding(path):
        picture = Picture(decoded.frame, video, scaler)
        change.feed(picture.get(Change.frames), decoded.pts, True)
    found = change.finish()
    return Signals(
        time_base=video.time_base, pts=found.pts, end_pts=video.end_pts, columns=found.columns
    )


def classical(signals: Signals) -> list[Cut]:
    """Return the cuts that the built-in classical detectors find together."""
    by_probe = {"change": signals}
    return merged([*Content().detect(by_probe), *Fade().detect(by_probe)])


def in_frames(cuts: Sequence[Cut], signals: Signals) -> list[Transition]:
    """Return cuts as transitions in frame numbers; a video's ends are no transitions."""
    transitions = []
    for cut in cuts:
        start, end = np.searchsorted(signals.pts, (cut.start_pts, cut.pts)).tolist()
        if start > 0 and end < len(signals.pts):
            transitions.append(Transition(start=start, end=end, kind=cut.kind))
    return transitions


def score_video(
    path: Path,
    truth: Truth,
    detect: Callable[[Signals], Sequence[Cut]] = classical,
    tolerances: Sequence[int] = (0, 2),
) -> dict[int, tuple[Score, dict[str, list[Transition]]]]:
    """Return for each tolerance (frames) the score of `detect` on one video, and its mistakes."""
    signals = measured(path)
    reports = in_frames(detect(signals), signals)
    return {tolerance: evaluate(reports, truth, tolerance) for tolerance in tolerances}


def run(
    videos: Sequence[tuple[Path, Truth]], tolerances: Sequence[int] = (0, 2), *, verbose: bool
) -> dict[str, Any]:
    """Return the summed scores over `videos`, one for each tolerance, ready for JSON."""
    totals = {tolerance: Score() for tolerance in tolerances}
    for path, truth in videos:
        for tolerance, (score, mistakes) in score_video(path, truth, tolerances=tolerances).items():
            totals[tolerance] += score
            if verbose and tolerance == max(tolerances):
                print(f"{path.name}: F1 {score.f1:.3f}", file=sys.stderr)
                for what, which in mistakes.items():
                    for t in which:
                        print(f"    {what}: {t.kind} {t.start}–{t.end}", file=sys.stderr)
    return {f"tolerance_{tolerance}": score.as_dict() for tolerance, score in totals.items()}


def main() -> int:
    """Print the scores as JSON: montages of each folder, then the real edits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="what make_montage.py wrote")
    parser.add_argument("--verbose", action="store_true", help="name every mistake")
    args = parser.parse_args()
    folders = args.folders
    if not folders:
        found = footage()
        if found is None:
            print("no footage: set RUSHES_FOOTAGE, or name folders of montages", file=sys.stderr)
            return 2
        folders = [found]
    report: dict[str, Any] = {}
    for folder in folders:
        if videos := list(montages(folder)):
            report[f"montages in {folder}"] = run(videos, verbose=args.verbose)
        if videos := list(real_edits(folder)):
            report[f"real edits in {folder}"] = run(videos, verbose=args.verbose)
    print(json.dumps(report, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
