"""Crops, Dolby Vision and transparency that only the container or the pixel format states."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.errors import MediaError
from rushes.media.probe import probe
from rushes.media.write.encode import Encoding, encode_clip
from rushes.media.write.source import ClipSource
from rushes.testing import make_video


def write_barred(path):
    """Write frames with 20 magenta lines above and below, which are not to be shown."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(10):
            picture = np.full((180, 320, 3), 90 + number, np.uint8)
            picture[:20] = picture[160:] = (255, 0, 255)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def with_entry_box(data, entry, box):
    """Add a box to the end of a sample entry; the boxes around it grow."""
    start = data.index(entry, data.index(b"stsd")) - 4
    size = struct.unpack_from(">I", data, start)[0]
    grown = bytearray(data[: start + size] + box + data[start + size :])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", entry):
        at = data.index(name, data.index(b"moov")) - 4
        struct.pack_into(">I", grown, at, struct.unpack_from(">I", grown, at)[0] + len(box))
    return bytes(grown)


def with_pixel_crop(data):
    """Add PixelCropTop and PixelCropBottom of 20 to the Video element of a Matroska file."""
    crop = bytes.fromhex("54BB8114 54AA8114")
    edits = []

    def walk(at, end, path):
        while at < end:
            id_len = 9 - data[at].bit_length()
            kind, where = data[at : at + id_len].hex(), at + id_len
            size_len = 9 - data[where].bit_length()
            size = int.from_bytes(data[where : where + size_len], "big")
            size &= (1 << (7 * size_len)) - 1
            start = where + size_len
            if kind in ("18538067", "1654ae6b", "ae", "e0"):
                chain = [*path, (at, where, start, size)]
                if kind == "e0":
                    edits.append((start + size, chain))
                    return
                walk(start, min(end, start + size), chain)
                if edits:
                    return
            at = start + size

    walk(0, len(data), [])
    ((place, chain),) = edits
    inner = data[chain[-1][2] : place] + crop
    for at, where, start, size in reversed(chain):
        old_end = min(len(data), start + size)
        size_field = ((1 << 56) | len(inner)).to_bytes(8, "big")
        element = data[at:where] + size_field + inner
        outer = chain[chain.index((at, where, start, size)) - 1] if at != chain[0][0] else None
        if outer is None:
            return data[:at] + element + data[old_end:]
        outer_end = min(len(data), outer[2] + outer[3])
        inner = data[outer[2] : at] + element + data[old_end:outer_end]
    raise AssertionError


def first_exported(path, out):
    video = probe(path)
    span = ClipSource(video, video.start_pts, video.end_pts)
    facts = encode_clip(span, out, Encoding(preset="ultrafast"))
    with av.open(str(out)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    return video, facts, picture


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_crop_of_the_container_is_cut_off(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_barred(path)
    data = path.read_bytes()
    if suffix == ".mp4":
        clap = struct.pack(">I4s8I", 40, b"clap", 320, 1, 140, 1, 0, 1, 0, 1)
        path.write_bytes(with_entry_box(data, b"avc1", clap))
    else:
        path.write_bytes(with_pixel_crop(data))
    video, facts, picture = first_exported(path, tmp_path / "out.mp4")
    assert (video.width_px, video.height_px) == (320, 140)
    assert (facts["width_px"], facts["height_px"]) == (320, 140)
    assert np.abs(picture[4:-4].astype(int) - 90).max() < 8
    assert np.abs(picture.astype(int) - 90).max() < 40  # magenta would be 165 off


def test_dolby_vision_profile_5_is_refused_in_words(tmp_path):
    path = tmp_path / "a.mp4"
    make_video(path, (10,), codec="libx265", pix_fmt="yuv420p10le")
    data = path.read_bytes()
    entry = b"hvc1" if b"hvc1" in data else b"hev1"
    bits = 5 << 9 | 1 << 3 | 1 << 2 | 1
    box = struct.pack(">I4sBBHB", 32, b"dvcC", 1, 0, bits, 0) + bytes(19)
    path.write_bytes(with_entry_box(data, entry, box))
    with pytest.raises(MediaError, match="Dolby Vision profile 5"):
        probe(path)


ALPHA = {"prores_ks": ("yuva444p10le", ".mov"), "png": ("rgba", ".mov"), "ffv1": ("bgra", ".mkv")}


@pytest.mark.parametrize("codec", ALPHA)
def test_transparency_is_shown_on_black(tmp_path, codec):
    pix_fmt, suffix = ALPHA[codec]
    path = tmp_path / f"a{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = 320, 180, pix_fmt
        for number in range(5):
            picture = np.zeros((180, 320, 4), np.uint8)
            picture[..., :3] = (255, 0, 255)
            picture[40:140, 40:140] = (200, 120, 40, 255)
            frame = av.VideoFrame.from_ndarray(picture, format="rgba")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame.reformat(format=pix_fmt)))
        container.mux(stream.encode())
    video, _, picture = first_exported(path, tmp_path / "out.mp4")
    assert video.notes == ("it has transparency, which is shown on black",)
    assert picture[10, 10].max() < 12
    assert np.abs(picture[90, 90].astype(int) - (200, 120, 40)).max() < 14
