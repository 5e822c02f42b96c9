"""Scan + cut against a bare single-thread decode and against PySceneDetect, in one run."""

import os
import statistics
from importlib.util import find_spec
from pathlib import Path

from benchmarks.contenders import can_split, has_network
from benchmarks.measuring import Cost, cost_of, footage, write_results

ROUNDS = 3
BARS = {"rushes_without_network": 1.2, "rushes_cascade": 1.8}


def videos(scratch: Path) -> list[Path]:
    """Return 720p H.264 files: those of $RUSHES_SPEED, else of the shared footage, else made."""
    if named := os.environ.get("RUSHES_SPEED"):
        return sorted(Path(named).glob("*.mp4"))
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
    names = ["decode", "rushes_without_network", "scenedetect_adaptive"]
    names += ["rushes_cascade"] if has_network() else []
    names += ["rushes_cut_network"] if find_spec("onnxruntime") else []
    once = ["network_everywhere"] if has_network() else []
    once += ["rushes_run"] + (["scenedetect_split"] if can_split() else [])
    rounds: list[dict[str, Cost]] = []
    for number in range(ROUNDS):  # interleaved, so that a noisy minute hits all of them
        wanted = names + (once if number == 0 else [])
        rounds.append({name: cost_of(name, *paths) for name in wanted})
    lines = [
        f"{', '.join(Path(path).name for path in paths)}; middle of {ROUNDS} interleaved rounds, "
        f"{', '.join(once)} of one. `rushes_run` and `scenedetect_split` also encode every clip "
        f"anew with x264.\n",
        "| what | CPU s | CPU ÷ decode | wall s | peak MiB |",
        "|---|---|---|---|---|",
    ]
    figures: dict[str, dict[str, float]] = {}
    for name in names + once:
        taken = [r for r in rounds if name in r]
        figures[name] = {
            "cpu_s": statistics.median(r[name].cpu_s for r in taken),
            "ratio": statistics.median(r[name].cpu_s / r["decode"].cpu_s for r in taken),
            "wall_s": statistics.median(r[name].wall_s for r in taken),
            "peak_mib": max(r[name].peak_mib for r in taken),
        }
        f = figures[name]
        lines.append(
            f"| {name} | {f['cpu_s']:.2f} | {f['ratio']:.2f} | {f['wall_s']:.2f} "
            f"| {f['peak_mib']:.0f} |"
        )
    lines.append("")
    for name, bar in BARS.items():
        if name in figures:
            ratio = figures[name]["ratio"]
            verdict = "met" if ratio <= bar else "MISSED"
            lines.append(f"Bar for {name}: ≤ {bar} × decode: {verdict} ({ratio:.2f}).")
    print(write_results("speed", "\n".join(lines) + "\n", figures).read_text())
