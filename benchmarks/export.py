"""Clips by copy, by smart copy and encoded anew, 1080p H.264, in one process and one run."""

import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.measuring import footage, write_results
from rushes.errors import ItemError
from rushes.media.probe import probe
from rushes.media.write.clip import write_clip
from rushes.media.write.encode import Encoding
from rushes.media.write.source import ClipSource
from rushes.records import Video

ROUNDS = 1
BAR = 5.0
SIZE = (1920, 1080)
FPS = 24
SHOTS_S = (6, 5, 8)
"""Lengths of the source's shots."""
ANYWHERE_S = ((1.3, 7.9), (8.2, 17.6))
"""Spans that know nothing of shots or key frames."""
MODES = ("exact", "smart", "copy")


@dataclass(frozen=True, slots=True)
class Took:
    """Time and result of one job."""

    cpu_s: float
    wall_s: float


def main(scratch: Path) -> None:
    """Measure and write benchmarks/results/export.md."""
    lines = [
        f"{SIZE[0]}×{SIZE[1]} H.264 ({_source_words()}), clips of 5–10 s, default settings, "
        f"without sound, one core each; rounds: {ROUNDS}, interleaved. *shots*: clips are "
        f"whole shots. *anywhere*: spans that know nothing of shots. MB/s counts bytes written. "
        f"All three modes check what they wrote.\n",
        "| key frames | clips | mode | CPU s | wall s | exact ÷ this | MB/s | copied |",
        "|---|---|---|---|---|---|---|---|",
    ]
    figures: dict[str, dict[str, float]] = {}
    for name, options in (
        ("up to 250, at cuts", {}),
        ("every 48", {"x264-params": "keyint=48:min-keyint=48:scenecut=0"}),
    ):
        path = scratch / f"{len(figures)}.mp4"
        _make(path, options)
        video = probe(path)
        for kind, spans in (("shots", _shots()), ("anywhere", ANYWHERE_S)):
            lines += _measured(scratch, video, name, kind, spans, figures)
    ratios = {key: row["ratio"] for key, row in figures.items() if key.endswith("smart")}
    worst, least = min(ratios.items(), key=lambda item: item[1])
    met = [ratio for ratio in ratios.values() if ratio >= BAR]
    lines.append(
        f"\nBar: smart ≥ {BAR:.0f}× faster than exact: {'met' if least >= BAR else 'MISSED'} "
        f"({len(met)} of {len(ratios)} cases; least {least:.1f} for {worst})."
    )
    print(write_results("export", "\n".join(lines) + "\n", figures).read_text())


def _measured(
    scratch: Path,
    video: Video,
    name: str,
    kind: str,
    spans: tuple[tuple[float, float], ...],
    figures: dict[str, dict[str, float]],
) -> list[str]:
    """Measure all modes on one file and set of clips; return the table's rows."""
    took: dict[str, list[Took]] = {}
    size, copied = {}, {}
    for _ in range(ROUNDS):
        for mode in MODES:
            outs = [scratch / f"{mode}{number}.mp4" for number in range(len(spans))]
            facts: list[dict[str, float]] = []
            took.setdefault(mode, []).append(
                _timed(partial(_write, video, spans, mode, outs, facts))
            )
            made = [out for out in outs if out.exists()]
            size[mode] = sum(out.stat().st_size for out in made)
            frames = sum(row["frames"] for row in facts)
            copied[mode] = sum(row["frames_copied"] for row in facts) / max(frames, 1)
        took.setdefault("file copy", []).append(_timed(partial(_copy_files, made)))
        size["file copy"], copied["file copy"] = size["copy"], 1.0
    rows = []
    for mode, rounds in took.items():
        if not size[mode]:
            rows.append(f"| {name} | {kind} | {mode} | | | | | no clip holds a whole group |")
            continue
        cpu_s = statistics.median(one.cpu_s for one in rounds)
        wall_s = statistics.median(one.wall_s for one in rounds)
        pairs_s = zip(took["exact"], rounds, strict=True)
        ratio = statistics.median(exact.cpu_s / one.cpu_s for exact, one in pairs_s)
        rate = size[mode] / 1e6 / wall_s
        figures[f"{name}, {kind}, {mode}"] = {
            "cpu_s": cpu_s, "wall_s": wall_s, "ratio": ratio, "mb_per_s": rate,
        }  # fmt: skip
        rows.append(
            f"| {name} | {kind} | {mode} | {cpu_s:.3f} | {wall_s:.3f} | {ratio:.1f} | {rate:.1f} | "
            f"{copied[mode]:.0%} |"
        )
    return rows


def _write(
    video: Video,
    spans: tuple[tuple[float, float], ...],
    mode: str,
    outs: list[Path],
    facts: list[dict[str, float]],
) -> None:
    for span, out in zip(spans, outs, strict=True):
        out.unlink(missing_ok=True)
        # On frames, as clips are.
        begin, end = (
            video.start_pts + round(Fraction(round(t * FPS), FPS) / video.time_base) for t in span
        )
        try:
            source = ClipSource(video, begin, end)
            made = write_clip(source, out, Encoding(mode=mode, audio=False))
        except ItemError:
            if mode != "copy":
                raise
            continue  # holds no whole group
        if made["mode"] != mode:
            raise RuntimeError(f"{mode} was made as {made['mode']}: {made['mode_reason']}")
        facts.append(made)


def _copy_files(paths: list[Path]) -> None:
    for path in paths:
        shutil.copyfile(path, path.with_suffix(".plain"))


def _timed(work: Callable[[], object]) -> Took:
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    work()
    return Took(time.process_time() - cpu_s, time.perf_counter() - wall_s)


def _shots() -> tuple[tuple[float, float], ...]:
    ends = [sum(SHOTS_S[: number + 1]) for number in range(len(SHOTS_S))]
    return tuple((end - length, end) for end, length in zip(ends, SHOTS_S, strict=True))


def _source_words() -> str:
    return "real footage, enlarged" if footage() else "made footage"


def _make(path: Path, options: dict[str, str]) -> None:
    """Write one film of all shots."""
    found = footage()
    if found is None:
        from rushes.testing import Take, make_video

        takes = [Take(frames=length * FPS, pan_px=(3.0, 1.0)) for length in SHOTS_S]
        x264 = {"preset": "veryfast", "crf": "20", **options}
        make_video(path, takes, size=SIZE, fps=FPS, gop=250, b_frames=3, options=x264)
        return
    import av

    names = ("bbb_480p_30s", "sam2_bedroom", "gopro_karma")
    with av.open(str(path), "w") as container:
        x264 = {"preset": "veryfast", "crf": "20", **options}
        stream = container.add_stream("libx264", rate=FPS, options=x264)
        stream.width, stream.height = SIZE
        stream.codec_context.gop_size = 250
        number = 0
        for name, length in zip(names, SHOTS_S, strict=True):
            with av.open(str(found / "open" / f"{name}.mp4")) as source:
                frames = list(islice(source.decode(video=0), length * FPS))
            # Short ones run back and forth.
            frames = (frames + frames[-2:0:-1]) * (length * FPS // len(frames) + 1)
            for frame in frames[: length * FPS]:
                picture = frame.reformat(*SIZE, format="yuv420p")
                picture.pts, picture.time_base, picture.pict_type = number, Fraction(1, FPS), 0
                container.mux(stream.encode(picture))
                number += 1
        container.mux(stream.encode())
