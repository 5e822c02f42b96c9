"""Time and memory of search, clusters, quotas and splits over 100,000 clips.

The clips are made up: their vectors scatter around 500 centres, their captions are drawn from 2000
words. So the figures tell the cost, not the quality.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.measuring import write_results
from rushes.stages.protocols import AnnotatorDefaults

CLIPS, VIDEOS, WIDTH, BATCH = 100_000, 2_000, 256, 5_000


class Made(AnnotatorDefaults):
    """Stands in for the scorer `embedding`: vectors of its size that are read, never computed."""

    name: ClassVar = "embedding"
    version: ClassVar = 1
    fields: tuple[Any, ...] = ()


def main(scratch: Path) -> None:
    """Measure and write benchmarks/results/search.md."""
    folder = scratch / "project"
    folder.mkdir(exist_ok=True)
    is_made = (folder / "catalog.db").exists()
    made_s = None if is_made else _own(folder, "make")["wall_s"]
    figures: dict[str, Any] = {"clips": CLIPS, "videos": VIDEOS, "width": WIDTH, "made_s": made_s}
    lines = [
        f"{CLIPS:,} clips of {VIDEOS:,} videos, three vectors of {WIDTH} float16 and a caption of "
        "ten words each. A process of its own for each line; its import and start are in the peak, "
        "not in the time.\n",
        "| step | CPU s | wall s | peak MiB |",
        "|---|---|---|---|",
    ]
    for name in STEPS:
        cost = _own(folder, name)
        figures[name] = cost
        times = f"{cost['cpu_s']:.2f} | {cost['wall_s']:.2f}"
        lines.append(f"| {STEPS[name][0]} | {times} | {cost['peak_mib']:.0f} |")
    print(write_results("search", "\n".join(lines) + "\n", figures).read_text())


def _own(folder: Path, step: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.search", step, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def make(folder: Path) -> None:
    """Fill a catalog."""
    from rushes.records import Clip, CutResult, Video

    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 6)) for _ in range(2000)]
    centres = rng.standard_normal((500, 3, WIDTH))
    sizes = rng.pareto(1.0, 500) + 0.1  # few large clusters, many small ones
    video = Video(
        id="", path="", given="", size_bytes=1, container="mp4", codec="h264", width_px=1280,
        height_px=720, time_base=Fraction(1, 24000), origin_pts=0, start_pts=0, end_pts=10**8,
        frames_packets=1, fps_declared=Fraction(24), fps_measured=Fraction(24), is_vfr=False,
        rotation_deg=0, sample_aspect=Fraction(1), pix_fmt="yuv420p", color_range="tv",
        color_space="bt709", color_primaries="bt709", color_transfer="bt709",
        field_order="progressive", audio_codec=None, audio_rate_hz=None, audio_channels=None,
        key_pts=(0,), missing_s=0.0,
    )  # fmt: skip
    with _project(folder, create=True) as project:
        catalog, recipe = project.context.catalog, project.context.recipe
        cut = recipe.fingerprints.cut
        per_video = CLIPS // VIDEOS
        for at in range(VIDEOS):
            name = f"/films/{words[at % 2000]}_{at}.mp4"
            some = replace(video, id=f"{at:016x}", path=name, given=name)
            no = catalog.add_file(name, 1, 1, some)
            spans = range(0, per_video * 100_000, 100_000)
            clips = [Clip(video_id=some.id, in_pts=s, out_pts=s + 90_000, frames=90) for s in spans]
            found = CutResult(cuts=[], clips=clips, shots=per_video, shots_too_short=0)
            catalog.commit_cuts(no or 0, cut, found)
        numbers = sorted(catalog.clips(cut))
        which = rng.choice(500, CLIPS, p=sizes / sizes.sum())
        fields = recipe.stages("score")["embedding"].fields
        print_ = recipe.fingerprints.scorers["embedding"]
        for at in range(0, CLIPS, BATCH):
            here = slice(at, at + BATCH)
            vectors = centres[which[here]] + 0.7 * rng.standard_normal((BATCH, 3, WIDTH))
            vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
            rows = {
                no: {"vector": vector.astype(np.float16)}
                for no, vector in zip(numbers[here], vectors, strict=True)
            }
            catalog.stages.commit("scorer/embedding", fields, print_, rows)
        drawn = rng.integers(0, 2000, (CLIPS, 9))
        texts = {
            no: [("made", " ".join([f"topic{kind}", *(words[word] for word in some)]))]
            for no, kind, some in zip(numbers, which.tolist(), drawn.tolist(), strict=True)
        }
        catalog.captions.store(texts, numbers)


def _project(folder: Path, *, create: bool = False) -> Any:
    from rushes.project import Project
    from rushes.records import Field
    from rushes.stages import registry

    Made.fields = (Field(name="vector", dtype="vector", shape=(3, WIDTH), about="made up"),)
    registry.BUILT_IN["scorer/embedding"] = f"{__name__}:Made"
    registry.stages.cache_clear()
    changes = ['score.use=["embedding"]', "select.even.coverage.cluster=at most 2%",
               "select.even.video=at most 20"]  # fmt: skip
    return Project.open(folder, create=create, workers=0, changes=changes)


def _like(project: Any) -> Any:
    return project.search(like=_some_clip(project))


def _some_clip(project: Any) -> str:
    ids = project.context.catalog.clip_numbers("a0", project.context.recipe.fingerprints.cut)
    return str(min(ids))


STEPS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "words": ("search, two words", lambda p: p.search("topic7 topic8")),
    "prefix": (
        "search, the beginning of a word that 8 % of captions have",
        lambda p: p.search("a*"),
    ),
    "like": ("search, like a clip", _like),
    "coverage": ("coverage: k-means, names, examples", lambda p: p.coverage()),
    "select": ("select: no cluster above 2 %, no video above 20 clips", lambda p: p.select("even")),
    "ls": ("ls clips, the first ten", lambda p: p.ls("clips", limit=10)),
    "status": ("status, with split and leak check", lambda p: p.status()),
}
"""Step → its title and its call, in this order; `select` reads the clusters of `coverage`."""


if __name__ == "__main__":
    step, where = sys.argv[1], Path(sys.argv[2])
    if step == "make":
        began, used = time.perf_counter(), time.process_time()
        make(where)
    else:
        with _project(where) as opened:
            began, used = time.perf_counter(), time.process_time()
            STEPS[step][1](opened)
    took, used = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = {"wall_s": round(took, 3), "cpu_s": round(used, 3), "peak_mib": round(peak, 1)}
    print(json.dumps(cost))
