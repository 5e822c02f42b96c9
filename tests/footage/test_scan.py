import errno
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rushes.catalog.signals import read_signals
from rushes.errors import MediaError
from rushes.footage.probes.change import Change
from rushes.footage.probes.motion import Motion
from rushes.footage.probes.still import Still
from rushes.footage.scan import ScanTask, scan
from rushes.media import frames
from rushes.media.decode import Decoder
from rushes.media.probe import probe
from rushes.project import Project
from rushes.stages.items import FrameSpec, ProbeResult
from rushes.testing import Take, make_video


class Recording:
    """A probe that remembers what it was fed."""

    def __init__(self, name="recording", fail_at=None, **spec):
        self.name = name
        self.frames = FrameSpec(**{"colour": "gray", **spec})
        self.fed = []
        self.calls = []
        self._fail_at = fail_at

    def start(self, video, stem):
        self.calls.append("start")
        self._file = stem.with_name(stem.name + ".txt")
        self._file.write_text("begun")

    def process(self, fed, pts, is_first):
        if len(self.fed) == self._fail_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.fed.append((fed, pts, is_first))

    def finish(self):
        self.calls.append("finish")
        return ProbeResult(pts=np.array([pts for _, pts, _ in self.fed], np.int64))

    def abort(self):
        self.calls.append("abort")
        self._file.unlink(missing_ok=True)

    @property
    def pts(self):
        return [pts for _, pts, _ in self.fed]


@pytest.fixture
def scanned(tmp_path):
    """Scan a file with some probes; returns the worker's result."""

    def call(path, *probes, threads=1):
        task = ScanTask(
            video=probe(path),
            probes=tuple((p, f"print-{p.name}") for p in probes),
            folder=tmp_path / "project",
            threads=threads,
        )
        return scan(task, lambda _: None)

    (tmp_path / "project").mkdir()
    return call


def standard():
    return Change(Change.Params()), Still(Still.Params()), Motion(Motion.Params())


def signals(tmp_path, result, name):
    return read_signals(tmp_path / "project" / result.rows[name]["signals"])


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


PTS = [0, 40, 41, 100, 700, 701, 900, 1500, 1540, 3000, 3100]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi", "webm"])
def test_every_frame_is_measured_at_its_exact_time(tmp_path, scanned, suffix):
    path = tmp_path / f"a.{suffix}"
    make_video(path, (30, 30), fps=25)
    result = scanned(path, *standard())
    change = signals(tmp_path, result, "change")
    assert list(change.pts) == [frame.pts for frame in Decoder(probe(path))]
    assert change.time_base == probe(path).time_base
    assert change.end_pts == probe(path).end_pts
    assert result.scanned.frames == 60
    assert result.warning == ""


def test_variable_frame_times_are_exact(tmp_path, scanned):
    path = tmp_path / "a.mkv"
    make_video(path, (10,), pts=PTS)
    result = scanned(path, *standard())
    assert list(signals(tmp_path, result, "change").pts) == PTS[:-1]
    assert signals(tmp_path, result, "change").end_pts == 3100
    # The first frame of each half second, and no frame twice.
    assert list(signals(tmp_path, result, "still").pts) == [0, 700, 1500, 3000]


def test_probes_get_the_frames_they_ask_for(tmp_path, scanned):
    path = tmp_path / "a.mkv"
    make_video(path, (50,), fps=25)
    every, two, burst = (
        Recording("every"),
        Recording("two", per_second=2.0),
        Recording("burst", per_second=2.0, burst=2),
    )
    scanned(path, every, two, burst)
    assert every.pts == [frame.pts for frame in Decoder(probe(path))]
    assert two.pts == [0, 520, 1000, 1520]
    assert burst.pts == [0, 40, 520, 560, 1000, 1040, 1520, 1560]
    assert [is_first for _, _, is_first in burst.fed] == [True, False] * 4


def test_rates_do_not_drift(tmp_path, scanned):
    path = tmp_path / "a.mp4"
    make_video(path, (300,), fps=Fraction(24000, 1001), size=(32, 32))
    two = Recording(per_second=2.0)
    scanned(path, two)
    base = probe(path).time_base
    for number, pts in enumerate(two.pts):
        assert number / 2 <= pts * base < number / 2 + Fraction(1001, 24000)


def test_equal_specs_share_one_conversion(tmp_path, scanned, monkeypatch):
    path = tmp_path / "a.mp4"
    make_video(path, (12,))
    calls = []
    made = frames.FrameConverter._rgb

    def counting(self, short_side_px):
        calls.append(short_side_px)
        return made(self, short_side_px)

    monkeypatch.setattr(frames.FrameConverter, "_rgb", counting)
    one, two = (Recording(name, colour="rgb", short_side_px=48) for name in ("one", "two"))
    other = Recording("other", colour="rgb", short_side_px=24)
    scanned(path, one, two, other)
    assert sorted(calls) == [24] * 12 + [48] * 12
    assert all(a[0] is b[0] for a, b in zip(one.fed, two.fed, strict=True))


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(tmp_path, scanned, threads):
    path = tmp_path / "a.mp4"
    make_video(path, (Take(frames=20, pan_px=(1, 1)), 20), b_frames=2)
    result = scanned(path, *standard(), threads=threads)
    change = signals(tmp_path, result, "change")
    plain = scanned(path, *standard())
    again = signals(tmp_path, plain, "change")
    for name, values in change.columns.items():
        assert (values == again.columns[name]).all(), name


def test_what_is_kept_in_memory_does_not_grow(tmp_path, scanned, monkeypatch):
    """One decoded picture at a time, however long the video."""
    import gc
    import weakref

    path = tmp_path / "a.mp4"
    make_video(path, (150,), size=(64, 64))
    alive = weakref.WeakSet()
    most = 0

    class Watched(frames.FrameConverter):
        __slots__ = ("__weakref__",)

        def __init__(self, *arguments):
            nonlocal most
            super().__init__(*arguments)
            alive.add(self)
            most = max(most, len(alive))

    monkeypatch.setattr("rushes.footage.scan.FrameConverter", Watched)
    scanned(path, *standard())
    gc.collect()
    assert 1 <= most <= 3


def test_a_scan_that_is_interrupted_leaves_no_file(tmp_path, scanned):
    path = tmp_path / "a.mp4"
    make_video(path, (30,))
    good, bad = Recording("good"), Recording("bad", fail_at=20)
    with pytest.raises(MediaError, match=r"a\.mp4: No space left on device while writing"):
        scanned(path, *standard(), good, bad)
    assert good.calls == bad.calls == ["start", "abort"]
    assert files(tmp_path / "project") == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_error_of_a_probe_leaves_no_file(tmp_path, scanned, monkeypatch, error):
    path = tmp_path / "a.mp4"
    make_video(path, (30,))
    monkeypatch.setattr(Motion, "finish", lambda self: (_ for _ in ()).throw(error()))
    with pytest.raises(error):
        scanned(path, *standard())
    assert files(tmp_path / "project") == []


def test_a_second_probe_is_the_only_one_to_run_later(tmp_path, films):
    folder = tmp_path / "project"
    with Project.open(folder, create=True, workers=0, changes=["scan.use=['change']",
                      "score.use=[]"]) as project:  # fmt: skip
        project.ingest([films])
        project.scan()
    before = {p: p.stat().st_mtime_ns for p in (folder / "signals").iterdir()}
    with Project.open(folder, workers=0) as project:
        assert project.plan()["scan"] == 3
        assert project.scan().done == 3
        assert project.status()["decode_passes_per_video"] == 2.0
        probes = project.context.recipe.stages("scan")
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert len(list((folder / "signals").iterdir())) == 3 * len(probes)


def test_a_video_that_breaks_off_is_used_as_far_as_it_goes(tmp_path, scanned):
    path = tmp_path / "a.mkv"
    make_video(path, (100,))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = scanned(path, *standard())
    assert 20 < result.scanned.frames < 80
    change = signals(tmp_path, result, "change")
    assert len(change.pts) == result.scanned.frames
    # The last frame is not made to stand for the part that is lost.
    assert 0 < change.end_pts - change.pts[-1] < 100


def test_a_video_that_lost_its_tail_after_ingest_is_complained_about(tmp_path, films):
    source = films / "sub" / "long.mp4"
    make_video(tmp_path / "whole.mp4", (100,))
    with (
        av.open(str(tmp_path / "whole.mp4")) as whole,
        av.open(str(source), "w", options={"movflags": "+faststart"}) as front,
    ):
        stream = front.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                packet.stream = stream
                front.mux(packet)
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 2 // 3])  # the index at its front promises 100 frames
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        project.run([films], only=["ingest", "scan", "cut"])
        warnings = [f for f in project.failures() if f.item.endswith("long.mp4")]
        assert len(warnings) == 1
        assert "frames are missing" in warnings[0].message or "ends" in warnings[0].message
        assert "again" not in warnings[0].message
        rows = [r for r in project.ls("clips") if r["video"].endswith("long.mp4")]
        assert rows
        assert all(r["out_s"] < 100 / 24 for r in rows)


def test_damaged_frames_are_counted(tmp_path, scanned):
    path = tmp_path / "a.ts"
    make_video(path, (80,), gop=40)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(len(data) // 4, len(data) * 3 // 4, 60):
        data[place] ^= 0xFF
    path.write_bytes(data)
    result = scanned(path, *standard())
    pts = list(signals(tmp_path, result, "change").pts)
    assert pts == sorted(set(pts))
    assert result.scanned.damaged_pts or result.scanned.packets_lost or result.scanned.frames < 80
    assert set(result.scanned.damaged_pts) <= set(pts)
    assert "a.ts" in result.warning
    assert "damaged" in result.warning or "not be decoded" in result.warning


SHAPES = {
    "black": ((Take(frames=30, contrast=0, luma=0),), {}),
    "one frame": ((1,), {}),
    "odd": ((30,), {"size": (98, 66)}),
    "tiny": ((30,), {"size": (16, 16)}),
    "tall": ((30,), {"size": (64, 320)}),
    "turned": ((30,), {"rotation_deg": 90}),
    "anamorphic": ((30,), {"sample_aspect": Fraction(4, 3)}),
    "10 bit": ((30,), {"pix_fmt": "yuv420p10le"}),
    "4:4:4": ((30,), {"pix_fmt": "yuv444p"}),
    "variable": ((10,), {"pts": PTS}),
    "with sound": ((30,), {"beeps_s": (0.5,)}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_any_video_gives_finite_numbers(tmp_path, scanned, shape):
    takes, options = SHAPES[shape]
    path = tmp_path / "a.mkv"
    make_video(path, takes, **options)
    result = scanned(path, *standard())
    assert result.warning == ""
    change, still, motion = (signals(tmp_path, result, n) for n in ("change", "still", "motion"))
    assert len(change.pts) == result.scanned.frames == sum(
        take.frames if isinstance(take, Take) else take for take in takes
    )  # fmt: skip
    assert len(still.pts) >= 1
    for found in (change, motion):
        for name, values in found.columns.items():
            assert np.isfinite(values.astype(float)).all(), name
            assert len(values) == len(found.pts), name
    if shape == "black":
        assert change.columns["luma"].max() <= 1
        assert motion.columns["flow"].max() == 0


def test_a_video_that_is_gone_says_so(tmp_path, scanned):
    path = tmp_path / "a.mp4"
    make_video(path, (5,))
    task_video = probe(path)
    path.unlink()
    task = ScanTask(video=task_video, probes=(), folder=tmp_path / "project", threads=1)
    with pytest.raises(MediaError, match=r"a\.mp4: the file is gone"):
        scan(task, lambda _: None)


def test_progress_is_told_in_seconds_of_video(tmp_path):
    path = tmp_path / "a.mp4"
    make_video(path, (150,), fps=25)
    told = []
    (tmp_path / "project").mkdir()
    scan(ScanTask(video=probe(path), probes=(), folder=tmp_path / "project", threads=1),
         told.append)  # fmt: skip
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] <= 6


def test_broken_signals_say_what_to_do(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"broken")
    with pytest.raises(MediaError, match="delete this file, then: rushes scan"):
        read_signals(tmp_path / "x.npz")
    with pytest.raises(MediaError, match="delete this file, then: rushes scan"):
        read_signals(Path(tmp_path / "gone.npz"))
