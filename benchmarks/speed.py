"""Scan + cut against a bare single-thread decode and against PySceneDetect, in one run."""

import statistics
from pathlib import Path

from benchmarks.contenders import can_split
from benchmarks.measuring import Cost, cost_of, footage, write_results

ROUNDS = 3
BAR = 1.2


def videos(scratch: Path) -> list[Path]:
    """Return 720p H.264 files: real ones where the shared footage is there, else made ones."""
    found = footage()
    if found is not None:
        names = (
            "bbb_720p_5s",
            "sam2_blocks",
            "sam2_coffee",
            "sam2_cups",
            "sam2_dog",
            "sam2_juggle",
        )
        return [found / "open" / f"{name}.mp4" for name in names]
    from rushes.testing import make_video

    print("speed: the shared footage is not here; measuring a made video instead")
    return [make_video(scratch / "made.mp4", (120,) * 5, size=(1280, 720)).path]


def main(scratch: Path) -> None:
    """Measure and write benchmarks/results/speed.md."""
    paths = [str(path) for path in videos(scratch)]
    names = ["decode", "rushes_scan", "scenedetect_adaptive", "rushes_run"]
    names += ["scenedetect_split"] if can_split() else []
    rounds: list[dict[str, Cost]] = []
    for _ in range(ROUNDS):  # interleaved, so that a noisy minute hits all of them
        rounds.append({name: cost_of("benchmarks.contenders", name, *paths) for name in names})
    lines = [
        f"{len(paths)} files of 720p H.264; middle of {ROUNDS} interleaved rounds; start of Python "
        f"and imports included.\n",
        "| what | CPU s | CPU ÷ decode | wall s | peak MiB |",
        "|---|---|---|---|---|",
    ]
    figures: dict[str, dict[str, float]] = {}
    for name in names:
        ratio = statistics.median(r[name].cpu_s / r["decode"].cpu_s for r in rounds)
        cpu_s = statistics.median(r[name].cpu_s for r in rounds)
        wall_s = statistics.median(r[name].wall_s for r in rounds)
        peak_mib = max(r[name].peak_mib for r in rounds)
        figures[name] = {"cpu_s": cpu_s, "ratio": ratio, "wall_s": wall_s, "peak_mib": peak_mib}
        lines.append(f"| {name} | {cpu_s:.2f} | {ratio:.2f} | {wall_s:.2f} | {peak_mib:.0f} |")
    ratio = figures["rushes_scan"]["ratio"]
    lines.append(f"\nBar: scan + cut ≤ {BAR}: {'met' if ratio <= BAR else 'MISSED'} ({ratio:.2f}).")
    lines.append("`rushes_run` and `scenedetect_split` also encode every clip anew with x264.")
    print(write_results("speed", "\n".join(lines) + "\n", figures).read_text())
