from fractions import Fraction

import av
import pytest

from rushes.media.decode import Decoder, frames_between
from rushes.media.probe import probe
from rushes.testing import Take, make_video, read_number

FRAMES = 32
OPEN_X264 = {
    "x264-params": "open-gop=1:keyint=10:min-keyint=10:bframes=3:b-adapt=0:b-pyramid=2:scenecut=0"
}
OPEN_X265 = {
    "x265-params": "log-level=none:pools=1:open-gop=1:keyint=10:min-keyint=10:bframes=3:b-adapt=0"
}
KINDS = {
    "mp4": ("mp4", {}),
    "mp4-open": ("mp4", {"options": OPEN_X264}),
    "mp4-hevc-open": ("mp4", {"codec": "libx265", "options": OPEN_X265}),
    "mp4-refresh": ("mp4", {"options": {"x264-params": "intra-refresh=1:keyint=10"}}),
    "mp4-vfr": ("mp4", {"pts": [n * n * 7 for n in range(FRAMES + 1)], "b_frames": 0}),
    "mp4-vfr-b": ("mp4", {"pts": [n * n * 7 for n in range(FRAMES + 1)]}),
    "mkv-open": ("mkv", {"options": OPEN_X264}),
    "mkv-hevc-open": ("mkv", {"codec": "libx265", "options": OPEN_X265}),
    "mkv-vfr": ("mkv", {"pts": [n * n * 7 for n in range(FRAMES + 1)]}),
    "mkv-mpeg4": ("mkv", {"codec": "mpeg4"}),
    "ts": ("ts", {}),
    "ts-open": ("ts", {"options": OPEN_X264}),
    "ts-mpeg2": ("ts", {"codec": "mpeg2video"}),
    "mpg": ("mpg", {}),
    "mpg-1": ("mpg", {"codec": "mpeg1video"}),
    "avi": ("avi", {}),
    "avi-no-b": ("avi", {"b_frames": 0}),
    "avi-h264": ("avi", {"codec": "libx264"}),
    "avi-h264-open": ("avi", {"codec": "libx264", "options": OPEN_X264}),
    "webm": ("webm", {}),
    "flv": ("flv", {}),
}


def numbers(decoded):
    return [(one.pts, read_number(one.frame.to_ndarray(format="rgb24"))) for one in decoded]


def check_every_start(path):
    """Every frame, alone and with its neighbour, comes out by its pts from anywhere."""
    video = probe(path)
    everything = Decoder(probe(path))
    known = numbers(everything)
    assert [number for _, number in known] == list(range(FRAMES))
    assert (everything.frames_dropped, everything.packets_lost) == (0, 0)
    assert known[0][0] == video.start_pts
    assert known[-1][0] < video.end_pts
    assert video.frames_packets == FRAMES
    edges = [pts for pts, _ in known] + [video.end_pts]
    for first in range(FRAMES - 1):
        span = frames_between(video, edges[first], edges[first + 2])
        assert numbers(span) == known[first : first + 2], first
    return known


@pytest.mark.parametrize("kind", KINDS)
def test_frames_between_is_exact_from_any_frame(tmp_path, kind):
    suffix, how = KINDS[kind]
    path = tmp_path / f"a.{suffix}"
    truth = make_video(path, (FRAMES,), fps=25, gop=10, numbered=True, **how)
    known = check_every_start(path)
    base = probe(path).time_base
    times = [(pts - known[0][0]) * base for pts, _ in known]
    assert all(abs(a - b) <= base for a, b in zip(times, truth.times_s, strict=True))


def test_packed_b_frames_of_xvid_come_out_whole(tmp_path):
    # DivX and XviD put a P- and its B-frame into one chunk of an AVI and an empty frame after it.
    plain, packed = tmp_path / "plain.avi", tmp_path / "packed.avi"
    options = {"b_strategy": "0", "sc_threshold": "1000000000"}
    make_video(plain, (FRAMES,), fps=25, gop=10, b_frames=1, numbered=True, options=options)
    with av.open(str(plain)) as source, av.open(str(packed), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        chunks = []
        for packet in packets:
            data = bytes(packet)
            is_b = data[data.rfind(b"\0\0\1\xb6") + 4] >> 6 == 2
            if is_b:
                chunks[-1] = (chunks[-1][0] + data, chunks[-1][1])
                chunks.append((b"\0\0\1\xb6\x51\0\x3f", False))
            else:
                chunks.append((data, packet.is_keyframe))
        for tick, (data, is_key) in enumerate(chunks):
            packet = av.Packet((b"\0\0\1\xb2DivX503b1393p" if is_key else b"") + data)
            packet.pts = packet.dts = tick
            packet.duration, packet.time_base = 1, Fraction(1, 25)
            packet.stream, packet.is_keyframe = stream, is_key
            target.mux(packet)
    check_every_start(packed)


@pytest.mark.parametrize("kind", ["mp4-open", "avi-h264", "avi", "mpg"])
def test_more_threads_give_the_same_frames_and_times(tmp_path, kind):
    suffix, how = KINDS[kind]
    path = tmp_path / f"a.{suffix}"
    make_video(path, (FRAMES,), fps=25, gop=10, numbered=True, **how)
    assert numbers(Decoder(probe(path), threads=3)) == numbers(Decoder(probe(path)))


def test_a_span_outside_the_video_is_empty(tmp_path):
    path = tmp_path / "a.mkv"
    make_video(path, (10,), fps=10, numbered=True)
    video = probe(path)
    assert numbers(frames_between(video, 5000, 6000)) == []
    assert numbers(frames_between(video, 300, 300)) == []
    assert [number for _, number in numbers(frames_between(video, -500, 250))] == [0, 1, 2]


def test_a_start_between_two_frames_takes_the_later_one(tmp_path):
    path = tmp_path / "a.mkv"
    make_video(path, (10,), fps=10, numbered=True)
    assert numbers(frames_between(probe(path), 101, 301)) == [(200, 2), (300, 3)]


def test_a_damaged_packet_costs_its_frames_only(tmp_path):
    path = tmp_path / "a.mkv"
    make_video(path, (FRAMES,), fps=25, gop=5, b_frames=0, numbered=True, codec="mpeg2video")
    with av.open(str(path)) as container:
        spots = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    position, size = spots[12]
    start = data.find(b"\0\0\1", position)
    data[start : start + size - 16] = bytes(size - 16)
    path.write_bytes(data)
    decoding = Decoder(probe(path))
    pts = [one.pts for one in decoding]
    assert pts == sorted(set(pts))
    assert len(pts) >= FRAMES - 5
    assert decoding.packets_lost + (FRAMES - len(pts)) > 0


def test_frames_are_freed_without_waiting_for_the_garbage_collector(tmp_path):
    import gc

    path = make_video(tmp_path / "long.mp4", (Take(frames=120),), rotation_deg=90).path
    video = probe(path)
    gc.collect()
    gc.disable()
    try:
        for _ in Decoder(video):
            pass
        left = [one for one in gc.get_objects() if isinstance(one, av.VideoFrame)]
    finally:
        gc.enable()
    assert sum(frame.width > 16 for frame in left) < 5
