import cv2
import numpy as np
import pytest

from rushes.errors import MediaError
from rushes.media import thumbnails as module
from rushes.media.decode import Decoder
from rushes.media.probe import probe
from rushes.media.thumbnails import thumbnails
from rushes.testing import make_video, read_number

FRAMES = 100
WANTED = [0, 1, 24, 25, 26, 60, 98, 99]
"""Frames 60 and 98 lie far enough behind the one before for a seek at 25 frames a second."""


def opened(jpeg):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR),
                        cv2.COLOR_BGR2RGB)  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "more"),
    [
        ("mp4", {"gop": 12}),
        ("mp4", {"gop": 250}),
        ("mkv", {"rotation_deg": 90, "pts": [n * n for n in range(FRAMES + 1)]}),
        ("ts", {"rotation_deg": 0, "sample_aspect": 2}),
        ("avi", {}),
        ("webm", {}),
    ],
)
def test_each_wanted_frame_comes_out_by_its_pts(tmp_path, suffix, more):
    path = tmp_path / f"a.{suffix}"
    make_video(path, (50, 50), size=(256, 192), fps=25, numbered=True, **more)
    video = probe(path)
    pts = [decoded.pts for decoded in Decoder(probe(path))]
    wanted = [pts[number] for number in WANTED]
    found = dict(thumbnails(video, wanted, np.array(video.key_pts)))
    assert list(found) == wanted
    pictures = [opened(jpeg) for jpeg in found.values()]
    assert [read_number(picture) for picture in pictures] == WANTED
    width, height = video.display_size_px  # upright and with square pixels
    scale = 144 / min(width, height)
    assert pictures[0].shape[:2] == (round(height * scale), round(width * scale))


def test_little_more_is_decoded_than_is_wanted(tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    make_video(path, (250, 250), size=(64, 48), fps=25, gop=25)
    video = probe(path)
    spans = []

    def counted(video, in_pts, out_pts):
        spans.append((in_pts, out_pts))
        return iter(())

    monkeypatch.setattr(module, "frames_between", counted)
    tick = (video.end_pts - video.start_pts) // 500
    wanted = [number * tick for number in (3, 4, 30, 240, 251, 499)]
    assert list(thumbnails(video, wanted, np.array(video.key_pts))) == []
    assert [(a // tick, b // tick) for a, b in spans] == [(3, 30), (240, 251), (499, 499)]


def test_a_frame_that_is_not_there_is_left_out(tmp_path):
    path = tmp_path / "a.mp4"
    make_video(path, (12, 12))
    video = probe(path)
    wanted = [video.start_pts, video.start_pts + 1, video.end_pts + 5]
    found = dict(thumbnails(video, wanted, np.array(video.key_pts)))
    assert list(found) == [video.start_pts]


def test_a_file_that_is_no_video_is_an_error_of_that_file(tmp_path):
    path = tmp_path / "a.mp4"
    make_video(path, (12, 12))
    video = probe(path)
    path.write_bytes(b"no video" * 99)
    with pytest.raises(MediaError, match=r"a\.mp4"):
        list(thumbnails(video, [video.start_pts], np.array(video.key_pts)))
