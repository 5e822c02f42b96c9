"""Pictures whose geometry changes within a file, and display matrices that mirror."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.media.probe import probe
from rushes.media.write.encode import Encoding, encode_clip
from rushes.media.write.source import ClipSource
from rushes.project import Project
from rushes.testing import make_video

ONE = 1 << 16


def disc(width, height, aspect=1.0):
    """Return a picture with a white disc, round at this pixel aspect."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    picture = np.stack([90 + 40 * np.sin(x / 17), 90 + 40 * np.sin(y / 23), 90 + 0 * x], -1)
    radius = min(width, height) * 0.3
    picture[((x - width / 2) * aspect) ** 2 + (y - height / 2) ** 2 < radius**2] = 250
    return picture.clip(0, 255).astype(np.uint8)


def roundness(picture):
    """Return width over height of the white disc."""
    white = picture.min(-1) > 200
    return np.count_nonzero(white.any(0)) / np.count_nonzero(white.any(1))


def write_sizes(path, codec, sizes):
    """Write 30 frames of each size into one track, as a call whose picture is turned does."""
    parts = []
    for part, (width, height) in enumerate(sizes):
        encoder = av.CodecContext.create(codec, "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base, encoder.framerate = Fraction(1, 24), Fraction(24)
        encoder.max_b_frames, encoder.gop_size = 0, 24
        encoder.options = {"libvpx": {"deadline": "realtime", "b": "4M", "lag-in-frames": "0"}}.get(
            codec, {"preset": "ultrafast", "crf": "12"}
        )
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(disc(width, height), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            parts += [(p, part * 30) for p in encoder.encode(frame)]
        parts += [(p, part * 30) for p in encoder.encode()]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        (stream.width, stream.height), stream.pix_fmt = sizes[0], "yuv420p"
        for packet, shift in parts:
            packet.pts = packet.dts = packet.pts + shift
            packet.time_base, packet.stream = Fraction(1, 24), stream
            container.mux(packet)


def write_aspects(path, aspects):
    """Write a recording of programmes with different pixel aspects and one picture size."""
    data = b""
    for part, aspect in enumerate(aspects):
        piece = path.with_name(f"part{part}.ts")
        with av.open(str(piece), "w") as container:
            stream = container.add_stream("mpeg2video", rate=25, options={"b": "6M"})
            stream.width, stream.height, stream.pix_fmt = 360, 288, "yuv420p"
            stream.codec_context.sample_aspect_ratio = aspect
            stream.codec_context.gop_size, stream.codec_context.max_b_frames = 12, 0
            for number in range(25):
                frame = av.VideoFrame.from_ndarray(disc(360, 288, float(aspect)), format="rgb24")
                frame.pts, frame.time_base = number + part * 25, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        data += piece.read_bytes()
    path.write_bytes(data)


def exported(folder, path):
    """Return the first and last picture of each clip, its row, its stills, and the failures."""
    with Project.open(folder / "project", create=True, workers=0) as project:
        project.run([path], only=["ingest", "scan", "cut"])
        clips, failures = project.ls("clips"), project.failures()
        video = next(iter(project.context.catalog.videos().values()))
    found = []
    for clip in clips:
        span = ClipSource(video, clip["in_pts"], clip["out_pts"])
        facts = encode_clip(span, folder / "out.mp4", Encoding(preset="ultrafast"))
        with av.open(str(folder / "out.mp4")) as container:
            pictures = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
        found.append((clip, facts, pictures))
    with av.open(str(next((folder / "project" / "stills").glob("*.mkv")))) as container:
        stills = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    return found, stills, failures


@pytest.mark.parametrize(("suffix", "codec"), [("webm", "libvpx"), ("ts", "libx264")])
def test_each_size_is_a_clip_of_its_own(tmp_path, suffix, codec):
    path = tmp_path / f"a.{suffix}"
    write_sizes(path, codec, [(320, 180), (180, 320), (320, 180)])
    found, stills, failures = exported(tmp_path, path)
    assert not failures
    assert [clip["frames"] for clip, _, _ in found] == [30, 30, 30]
    sizes = [(facts["width_px"], facts["height_px"]) for _, facts, _ in found]
    assert sizes == [(320, 180), (180, 320), (320, 180)]
    for _, _, pictures in found:
        assert roundness(pictures[0]) == pytest.approx(1, abs=0.05)
        assert roundness(pictures[-1]) == pytest.approx(1, abs=0.05)
    assert {still.shape[:2] for still in stills} == {(180, 320), (320, 180)}


def test_a_change_of_pixel_aspect_is_a_cut(tmp_path):
    path = tmp_path / "a.ts"
    write_aspects(path, [Fraction(16, 15), Fraction(64, 45)])
    found, stills, failures = exported(tmp_path, path)
    assert not failures
    assert [clip["frames"] for clip, _, _ in found] == [25, 25]
    sizes = [(facts["width_px"], facts["height_px"]) for _, facts, _ in found]
    assert sizes == [(384, 288), (512, 288)]
    for _, _, pictures in found:
        assert roundness(pictures[0]) == pytest.approx(1, abs=0.05)
        assert roundness(pictures[-1]) == pytest.approx(1, abs=0.05)
    for still in stills:
        assert roundness(still) == pytest.approx(1, abs=0.05)


MATRICES = {
    "left-right": ((-ONE, 0, 0, ONE), lambda p: p[:, ::-1]),
    "top-bottom": ((ONE, 0, 0, -ONE), lambda p: p[::-1]),
    "upside down": ((-ONE, 0, 0, -ONE), lambda p: p[::-1, ::-1]),
    "quarter": ((0, ONE, -ONE, 0), lambda p: np.rot90(p, -1)),
    "other quarter": ((0, -ONE, ONE, 0), lambda p: np.rot90(p)),
    "transposed": ((0, ONE, ONE, 0), lambda p: p.transpose(1, 0, 2)),
    "anti-transposed": ((0, -ONE, -ONE, 0), lambda p: p[::-1, ::-1].transpose(1, 0, 2)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_display_matrix_is_honoured_as_players_do(tmp_path, name):
    (a, b, c, d), shown = MATRICES[name]
    path = tmp_path / "a.mp4"
    make_video(path, (30,), size=(320, 180), numbered=True)
    with av.open(str(path)) as container:
        stored = next(container.decode(video=0)).to_ndarray(format="rgb24")
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 8 + 36
    struct.pack_into(">9i", data, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    found, stills, failures = exported(tmp_path, path)
    assert not failures
    expected = shown(stored).astype(int)
    for picture in (found[0][2][0], stills[0]):
        assert picture.shape == expected.shape
        assert np.abs(picture - expected).mean() < 4
    assert probe(path).display_size_px == expected.shape[1::-1]
