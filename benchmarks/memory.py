"""Peak memory of one scan worker against the length of the video."""

from fractions import Fraction
from pathlib import Path

import av

from benchmarks.contenders import has_network
from benchmarks.measuring import cost_of, footage, write_results

MINUTES = (1, 10, 60)
BAR_MIB = 600


def main(scratch: Path) -> None:
    """Measure and write benchmarks/results/memory.md."""
    found = footage()
    if found is not None:
        source = found / "open" / "sam2_juggle.mp4"
    else:
        from rushes.testing import make_video

        source = make_video(scratch / "made.mp4", (120, 120), size=(1280, 720)).path
    lines = ["| minutes of 720p | peak MiB |", "|---|---|"]
    figures = {}
    for minutes in MINUTES:
        long = scratch / f"long_{minutes}.mp4"
        repeat(source, long, minutes * 60)
        cost = cost_of("rushes_cascade" if has_network() else "rushes_without_network", str(long))
        long.unlink()
        figures[str(minutes)] = cost.peak_mib
        lines.append(f"| {minutes} | {cost.peak_mib:.0f} |")
    worst = max(figures.values())
    growth = figures[str(MINUTES[-1])] / figures[str(MINUTES[0])]
    lines.append(
        f"\nBar: ≤ {BAR_MIB} MiB: {'met' if worst <= BAR_MIB else 'MISSED'} ({worst:.0f})."
    )
    lines.append(f"{MINUTES[-1]} minutes take {growth:.2f} times the memory of {MINUTES[0]}.")
    print(write_results("memory", "\n".join(lines) + "\n", figures).read_text())


def repeat(source: Path, target: Path, seconds: float) -> None:
    """Copy the video packets of `source` again and again until `target` is `seconds` long."""
    with av.open(str(source)) as first, av.open(str(target), "w") as out:
        stream = first.streams.video[0]
        packets = [p for p in first.demux(stream) if p.dts is not None]
        length = int(max(p.pts + (p.duration or 0) for p in packets))
        copy = out.add_stream_from_template(stream)
        copy.time_base = stream.time_base
        rounds = int(Fraction(seconds) / (length * stream.time_base)) + 1
        for at in range(rounds):
            with av.open(str(source)) as again:
                for packet in again.demux(again.streams.video[0]):
                    if packet.dts is None:
                        continue
                    packet.pts += at * length
                    packet.dts += at * length
                    packet.stream = copy
                    out.mux(packet)
