from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from rushes.annotation.captioners.sidecar import Sidecar
from rushes.errors import ItemError, RecipeError
from rushes.records import Clip, Video
from rushes.stages.items import ClipInput

VIDEO = Video(
    id="1" * 16, path="", given="clip.mp4", size_bytes=1, container="mp4", codec="h264",
    width_px=16, height_px=16, time_base=Fraction(1, 24), origin_pts=0, start_pts=0, end_pts=24,
    frames_packets=24, fps_declared=Fraction(24), fps_measured=Fraction(24), is_vfr=False,
    rotation_deg=0, sample_aspect=Fraction(1), pix_fmt="yuv420p", color_range="tv",
    color_space="bt709", color_primaries="bt709", color_transfer="bt709",
    field_order="progressive", audio_codec=None, audio_rate_hz=None, audio_channels=None,
    key_pts=(0,), missing_s=0.0,
)  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Return the text of a clip of clip.mp4 when these files lie beside it."""

    def call(**files):
        for name, content in files.items():
            (tmp_path / f"clip.{name}").write_bytes(content)
        video = replace(VIDEO, path=str(tmp_path / "clip.mp4"))
        clip = Clip(video_id=VIDEO.id, in_pts=0, out_pts=24, frames=24)
        item = ClipInput(clip=clip, video=video, stills_THWC=np.zeros((0, 2, 2, 3)), signals={})
        (row,) = Sidecar(Sidecar.Params()).annotate([item])
        return row["text"]

    return call


def test_the_text_beside_a_video_is_its_caption(read):
    assert read() == ""
    assert read(caption=b"a dog\n") == "a dog"
    assert read(txt=b"a red dog\r\n runs\n") == "a red dog runs", "a caption is one line"


def test_after_an_empty_file_the_next_ending_is_read(read):
    assert read(txt=b" \n", caption=b"a dog") == "a dog"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_texts_of_other_programs_are_read(read, encoding):
    assert read(txt="ein großer Hund".encode(encoding)) == "ein großer Hund"


def test_what_is_no_caption_fails_by_name(read):
    with pytest.raises(ItemError, match=r"clip\.txt: too long"):
        read(txt=b"word " * 20_000)
    with pytest.raises(ItemError, match=r"clip\.txt: this is not text"):
        read(txt=b"\0\1\2 abc")


def test_an_ending_is_an_ending():
    with pytest.raises(RecipeError, match="is not an ending"):
        Sidecar.Params(suffixes=("txt",))
