"""Levels of gray footage: those of the source, in stills, arrays and exports."""

import av
import numpy as np
import pytest

from rushes.media.decode import frames_between
from rushes.media.frames import FrameConverter, new_scaler
from rushes.media.probe import probe
from rushes.media.stills import StillWriter, read_stills
from rushes.media.write.clip import write_clip
from rushes.media.write.encode import Encoding
from rushes.media.write.source import ClipSource
from rushes.stages.items import FrameSpec

LEVELS = (16, 60, 126, 180, 235)
AS_RGB = (0, 51, 128, 191, 255)


def gray_video(path, codec, pix_fmt, color_range=1):
    """Write five vertical bars of `LEVELS` as gray video of 12 frames."""
    luma_HW = np.repeat(np.array(LEVELS, np.uint16), 32)[None].repeat(96, 0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 96, pix_fmt
        stream.codec_context.color_range = color_range
        for number in range(12):
            frame = av.VideoFrame(160, 96, pix_fmt)
            shift = frame.format.components[0].bits - 8
            values = (luma_HW << shift).astype("<u2" if shift else np.uint8)
            rows = np.zeros((96, frame.planes[0].line_size), np.uint8)
            rows[:, : 160 * values.itemsize] = values.view(np.uint8).reshape(96, -1)
            frame.planes[0].update(rows.tobytes())
            frame.color_range, frame.pts = color_range, number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def bars(picture_HW):
    return [round(float(picture_HW[20:76, at * 32 + 8 : at * 32 + 24].mean())) for at in range(5)]


GRAYS = [("ffv1", "gray"), ("ffv1", "gray10le"), ("ffv1", "gray12le"), ("libx265", "gray")]


@pytest.mark.parametrize(("codec", "pix_fmt"), GRAYS)
def test_limited_gray_keeps_its_levels(tmp_path, codec, pix_fmt):
    video = probe(gray_video(tmp_path / "gray.mkv", codec, pix_fmt))
    assert video.pix_fmt.startswith("gray")
    write_clip(
        ClipSource(video, video.start_pts, video.end_pts), tmp_path / "out.mp4", Encoding(crf=5)
    )
    with av.open(str(tmp_path / "out.mp4")) as exported:
        plane = next(exported.decode(video=0)).planes[0]
        luma_HW = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    assert bars(luma_HW) == pytest.approx(LEVELS, abs=1)
    first = next(frames_between(video, video.start_pts, video.end_pts))
    converter = FrameConverter(first.frame, video, new_scaler())
    assert bars(converter.get(FrameSpec(colour="rgb"))[..., 0]) == pytest.approx(AS_RGB, abs=1)
    assert bars(converter.get(FrameSpec(colour="planes")).luma_HW) == pytest.approx(LEVELS, abs=1)


def test_stills_of_limited_gray_have_black_and_white(tmp_path):
    video = probe(gray_video(tmp_path / "gray.mkv", "ffv1", "gray"))
    first = next(frames_between(video, video.start_pts, video.end_pts))
    stills = StillWriter(tmp_path / "stills.mkv", video, short_side_px=96, quality=2)
    stills.write(first.frame, first.pts)
    stills.close()
    (still,) = read_stills(tmp_path / "stills.mkv", np.array([0]))
    assert bars(still[..., 0]) == pytest.approx(AS_RGB, abs=2)


def test_full_range_gray_becomes_limited(tmp_path):
    video = probe(gray_video(tmp_path / "gray.mkv", "ffv1", "gray", color_range=2))
    write_clip(
        ClipSource(video, video.start_pts, video.end_pts), tmp_path / "out.mp4", Encoding(crf=5)
    )
    with av.open(str(tmp_path / "out.mp4")) as exported:
        picture_HWC = next(exported.decode(video=0)).to_ndarray(format="rgb24")
    assert bars(picture_HWC[..., 0]) == pytest.approx(LEVELS, abs=1)
