"""Recall and false pairs of `dedup` on near-copies, and its cost for many clips.

The `ffmpeg` binary makes the near-copies, of the first 15 s of each file. $RUSHES_DEDUP may name a
folder in which to keep them and the project.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import footage, write_results
from rushes.dedup.descriptors import LENGTH, mirrored
from rushes.dedup.near_stills import PACKED, DescriptorTable, Matches, near_stills
from rushes.dedup.worker import PARTS, QUERY_PARTS
from rushes.project import Project
from rushes.similarity.near_pairs import near_pairs

_LOGO = (
    "drawbox=x=iw*0.82:y=ih*0.05:w=iw*0.13:h=ih*0.13:color=white@0.9:t=fill,"
    "drawbox=x=iw*0.85:y=ih*0.08:w=iw*0.07:h=ih*0.07:color=red@0.9:t=fill"
)
_SMALL = "scale=-2:'min(360,trunc(ih/2)*2)'"
KINDS = {  # name: (start in seconds, filter, quality)
    "reencode": (0.0, "null", 34),
    "resize": (0.0, "scale=-2:'trunc(ih*0.25)*2'", 26),
    "crop": (0.0, f"crop=iw*0.9:ih*0.9,{_SMALL}", 26),
    "mirror": (0.0, "hflip", 26),
    "logo": (0.0, _LOGO, 26),
    "shift": (1.37, "null", 26),
    "speed": (0.0, "setpts=PTS/1.05", 26),
    "corner": (0.0, f"crop=iw*0.9:ih*0.9:0:ih*0.1,{_SMALL}", 26),
    "all": (0.81, f"hflip,crop=iw*0.92:ih*0.92,{_SMALL},{_LOGO}", 30),
}
BARRED = ("reencode", "resize", "crop", "mirror", "logo", "shift", "speed")
CHANGES = (
    'scan.use=["change","still","border"]', 'cut.use=["content","fade"]', "score.use=[]",
    "caption.use=[]",
)  # fmt: skip
KNOWN_COPIES = (("bbb_", "bbb_"), ("sintel_20s", "sintel_trailer"))
"""Beginnings of file names of the shared footage that show the same film, as seen by eye."""


def make_copies(folder: Path, originals: Path) -> None:
    """Write the near-copies that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(originals.iterdir()):
        small = folder.parent / "small" / f"{path.stem}.mp4"
        small.parent.mkdir(exist_ok=True)
        if not small.exists():
            _encode(path, small, 0.0, 16, _SMALL, 14)
        for kind, (start_s, change, quality) in KINDS.items():
            target = folder / f"{path.stem}.{kind}.mp4"
            if not target.exists():
                _encode(small, target, start_s, 15, change, quality)


def _encode(source: Path, target: Path, start_s: float, length_s: int, change: str, q: int) -> None:
    part = target.with_name(f"part.{target.name}")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-ss", str(start_s)]
    command += ["-t", str(length_s), "-i", str(source), "-an", "-vf", change, "-c:v", "libx264"]
    command += ["-preset", "ultrafast", "-crf", str(q), str(part)]
    subprocess.run(command, check=True)
    part.rename(target)


def recall(scratch: Path, originals: Path) -> tuple[list[str], dict[str, Any]]:
    """Return lines and figures about the near-copies."""
    copies = scratch / "copies"
    make_copies(copies, originals)
    with Project.open(scratch / "p", create=True, changes=CHANGES) as project:
        project.run([originals, copies], only=["ingest", "scan", "cut"])
        started = time.perf_counter()
        report = project.dedup()
        took_s = time.perf_counter() - started
        rows = project.ls("clips")
        pairs = _pairs(project)
    spans = {row["clip"]: _span(row) for row in rows}
    partners: dict[str, set[str]] = defaultdict(set)
    for a, b in pairs:
        partners[a].add(b)
        partners[b].add(a)
    lines = ["| near-copy | clips | found |", "|---|---|---|"]
    figures: dict[str, Any] = {"dedup_s": took_s, "clips": report.clips}
    sums = [0, 0]
    by_film: dict[str, list[str]] = defaultdict(list)
    for clip, (film, kind, _, _) in spans.items():
        if kind == "original":
            by_film[film].append(clip)
    for kind in KINDS:
        wanted = found = 0
        for clip, span in spans.items():
            if span[1] != kind:
                continue
            true = {other for other in by_film[span[0]] if _is_half(span, spans[other])}
            wanted += bool(true)
            found += bool(true & partners[clip])
        lines.append(f"| {kind} | {wanted} | {found} ({100 * found / max(wanted, 1):.1f} %) |")
        figures[kind] = found / max(wanted, 1)
        if kind in BARRED:
            sums[0] += found
            sums[1] += wanted
    untouched = [clip for clip, span in spans.items() if span[1] == "original"]
    among = [p for p in pairs if spans[p[0]][1] == spans[p[1]][1] == "original"]
    strange = [p for p in among if not _is_known(spans[p[0]][0], spans[p[1]][0])]
    all_pairs = len(untouched) * (len(untouched) - 1) // 2
    wrong = [p for p in pairs if not _may_be(spans[p[0]], spans[p[1]])]
    share = sums[0] / max(sums[1], 1)
    figures |= {
        "recall": share,
        "pairs_among_originals": len(among),
        "false_pairs": len(strange),
        "false_share_of_all_pairs": len(strange) / max(all_pairs, 1),
        "pairs": len(pairs),
        "pairs_of_other_footage": len(wrong),
        "false_share_of_found": len(wrong) / max(len(pairs), 1),
    }
    lines += [
        "",
        f"Bar: at least 95 % of the first seven: {'met' if share >= 0.95 else 'MISSED'} "
        f"({100 * share:.1f} % of {sums[1]}). `corner` crops a tenth off two sides, `all` is "
        f"mirrored, cropped, re-encoded, shifted and with a logo; no bar is set for them.",
        "",
        f"Among the {len(untouched)} clips of the untouched footage {len(among)} pairs were found, "
        f"{len(strange)} of them between films of which we know no common footage, of {all_pairs} "
        f"pairs that there are: bar of 1 %: "
        f"{'met' if len(strange) <= 0.01 * all_pairs else 'MISSED'}. Of all {len(pairs)} pairs "
        f"found, near-copies included, {len(wrong)} "
        f"({100 * len(wrong) / max(len(pairs), 1):.2f} %) are of other moments or films.",
        "",
        "The thresholds were set on this footage, so expect a little less on other.",
        "",
        *(f"- {_named(spans[a])} = {_named(spans[b])}" for a, b in sorted(among)),
        "",
        f"{report.clips} clips, {len(rows)} in all, took {took_s:.0f} s.",
    ]
    return lines, figures


def _pairs(project: Project) -> list[tuple[str, str]]:
    """Return the ids of all verified pairs."""
    from rushes.dedup.keep import PAIRS, step_fingerprints

    recipe, catalog = project.context.recipe, project.context.catalog
    ids = {no: row.clip.id for no, row in project.context.clips().items()}
    rows = catalog.stages.rows("dedup/pairs", PAIRS, step_fingerprints(recipe)["pairs"])
    found = {tuple(pair[:2]) for row in rows.values() for pair in json.loads(row["pairs"])}
    return sorted((ids[a], ids[b]) for a, b in found)


def _span(row: dict[str, Any]) -> tuple[str, str, float, float]:
    """Return film, kind, and the span in the original's seconds."""
    name = Path(row["video"]).stem
    film, _, kind = name.rpartition(".")
    if kind not in KINDS:
        return name, "original", row["in_s"], row["out_s"]
    start_s = KINDS[kind][0]
    pace = 1.05 if kind == "speed" else 1.0
    return film, kind, start_s + pace * row["in_s"], start_s + pace * row["out_s"]


def _is_half(a: tuple[str, str, float, float], b: tuple[str, str, float, float]) -> bool:
    shared = min(a[3], b[3]) - max(a[2], b[2])
    return shared >= 0.5 * min(a[3] - a[2], b[3] - b[2])


def _is_known(a: str, b: str) -> bool:
    return a != b and any(
        (a.startswith(x) and b.startswith(y)) or (a.startswith(y) and b.startswith(x))
        for x, y in KNOWN_COPIES
    )


def _may_be(a: tuple[str, str, float, float], b: tuple[str, str, float, float]) -> bool:
    if a[0] != b[0]:
        return _is_known(a[0], b[0])
    return min(a[3], b[3]) - max(a[2], b[2]) > 0


def _named(span: tuple[str, str, float, float]) -> str:
    return f"{span[0]} {span[2]:.1f}-{span[3]:.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """Made-up clips of six stills, one in fifty a planted copy."""

    table: DescriptorTable
    source_C: np.ndarray
    """int64: for each clip the one that it copies; itself for an original."""

    def met(self, matches: Matches) -> tuple[int, int, int]:
        """Return the number of pairs that met, of copies that met theirs, and of all copies."""
        owner_N = self.table.owner_N
        firsts, seconds = owner_N[matches.first], owner_N[matches.second]
        pairs = set(zip(firsts.tolist(), seconds.tolist(), strict=True))
        copies = np.flatnonzero(self.source_C != np.arange(len(self.source_C))).tolist()
        return len(pairs), sum((int(self.source_C[no]), no) in pairs for no in copies), len(copies)


def made_up(clips: int) -> MadeUp:
    """Return made-up clips: random descriptors that drift from still to still.

    A copy is noisy, its stills fall between those of the original, and every other one is mirrored.
    """
    random = np.random.default_rng(1)
    stills, originals = 6, clips - clips // 50
    source_C = np.arange(clips)
    source_C[originals:] = np.arange(clips // 50) * 7 % originals
    base_CL = random.standard_normal((clips, LENGTH)).astype(np.float32)[source_C]
    drift_CL = 0.1 * random.standard_normal((clips, LENGTH)).astype(np.float32)[source_C]
    is_copy_C = np.arange(clips) >= originals
    steps_CT = np.arange(stills)[None, :] + 0.5 * is_copy_C[:, None]
    found = base_CL[:, None, :] + steps_CT[:, :, None] * drift_CL[:, None, :]
    found[originals:] += 0.2 * random.standard_normal(found[originals:].shape)
    turned = is_copy_C & (np.arange(clips) % 2 == 0)
    found[turned] = mirrored(found[turned])
    found = found.reshape(-1, LENGTH)
    descriptors_PNL = np.zeros((PARTS, len(found), LENGTH), np.int8)
    for part in range(PARTS - 1):
        # The descriptor of a crop is another one.
        seen = found if part == 0 else found + random.standard_normal(found.shape, np.float32)
        lengths_N1 = np.linalg.norm(seen, axis=1, keepdims=True)
        descriptors_PNL[part] = np.rint(PACKED * seen / lengths_N1)
    owner_N = np.repeat(np.arange(clips, dtype=np.int32), stills)
    table = DescriptorTable(
        descriptors_PNL=descriptors_PNL, query_parts=QUERY_PARTS, owner_N=owner_N,
        is_query_N=np.ones(len(owner_N), bool),
    )  # fmt: skip
    return MadeUp(table=table, source_C=source_C)


def growth(clips: int) -> dict[str, Any]:
    """Return what the search for near stills and for near embeddings costs and finds."""
    data = made_up(clips)
    started, cpu = time.perf_counter(), time.process_time()
    matches = near_stills(data.table)
    lookup_s, lookup_cpu_s = time.perf_counter() - started, time.process_time() - cpu
    pairs_met, met, planted = data.met(matches)
    random = np.random.default_rng(2)
    vectors = random.standard_normal((clips, 256)).astype(np.float32)
    vectors[-planted:] = vectors[:planted] + 0.05 * vectors[-planted:]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    started, cpu = time.perf_counter(), time.process_time()
    near = {tuple(pair) for pair in near_pairs(vectors, 0.98).tolist()}
    near_s, near_cpu_s = time.perf_counter() - started, time.process_time() - cpu
    alike = sum((no, clips - planted + no) in near for no in range(planted))
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "clips": clips, "lookup_s": lookup_s, "lookup_cpu_s": lookup_cpu_s, "pairs_met": pairs_met,
        "planted": planted, "met": met, "near_s": near_s, "near_cpu_s": near_cpu_s, "alike": alike,
        "peak_mib": peak_mib,
    }  # fmt: skip


def _growth_line(found: dict[str, Any]) -> str:
    return (
        f"| {found['clips']:,} | {found['lookup_cpu_s']:.0f} | {found['lookup_s']:.0f} | "
        f"{found['pairs_met']:,} | {found['met']} of {found['planted']} | "
        f"{found['near_cpu_s']:.0f} | {found['alike']} of {found['planted']} | "
        f"{found['peak_mib']:,.0f} |"
    )


def main(scratch: Path) -> None:
    """Measure and write benchmarks/results/dedup.md."""
    if named := os.environ.get("RUSHES_DEDUP"):
        scratch = Path(named)
    found = footage()
    lines: list[str] = []
    figures: dict[str, Any] = {}
    if found is not None:
        more, figures["footage"] = recall(scratch, found / "open")
        lines += ["## Near-copies of the shared footage", "", *more, ""]
    lines += [
        "## Growth",
        "",
        "Made-up clips of six stills, one in fifty a noisy copy half a still later, half of them "
        "mirrored. Verifying the pairs that met is not in it: about 14 ms of CPU each. Embeddings "
        "have 256 numbers. One process for each line.",
        "",
        "| clips | search stills, CPU s | wall s | pairs met | planted copies met | "
        "search embeddings, CPU s | found | peak MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for clips in [int(n) for n in os.environ.get("RUSHES_DEDUP_CLIPS", "10000,100000").split(",")]:
        command = [sys.executable, "-m", "benchmarks.dedup", str(clips)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        figures[f"growth_{clips}"] = json.loads(done.stdout)
        lines.append(_growth_line(figures[f"growth_{clips}"]))
    lines += [
        "",
        "For a million clips (planned, not run): descriptors are 280 bytes a still, 2.8 GB for ten "
        "million stills. The time for all clips grows with the number of stills to the power 1.5.",
    ]
    print(write_results("dedup", "\n".join(lines) + "\n", figures).read_text())


if __name__ == "__main__":
    print(json.dumps(growth(int(sys.argv[1]))))
