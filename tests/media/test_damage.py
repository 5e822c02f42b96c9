"""Damage of a key frame lasts until the next one, and is the same with any number of threads."""

import av
import numpy as np
import pytest

from rushes.media.decode import Decoder
from rushes.media.probe import probe
from rushes.testing import Take, make_video

NO_SCENES = {"x264-params": "scenecut=0"}


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv", ".mpg"])
def test_damage_lasts_until_the_next_key_frame(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    options = None if suffix == ".mpg" else NO_SCENES
    make_video(path, (Take(frames=96, pan_px=(2, 1)),), size=(320, 180), gop=24, options=options)
    assert not any(one.is_damaged for one in Decoder(probe(path)))
    with av.open(str(path)) as container:
        whole = [f.to_ndarray(format="rgb24").astype(int) for f in container.decode(video=0)]
    with av.open(str(path)) as container:
        keys = [p for p in container.demux(video=0) if p.size and p.is_keyframe]
        place = keys[2].pos + int(keys[2].size * 0.4)
    data = bytearray(path.read_bytes())
    data[place : place + 40] = np.random.default_rng(1).integers(1, 255, 40, np.uint8).tobytes()
    path.write_bytes(data)
    decoded = list(Decoder(probe(path)))
    wrong = [
        number
        for number, one in enumerate(decoded)
        if np.abs(one.frame.to_ndarray(format="rgb24") - whole[number]).mean() > 1
    ]
    told = [number for number, one in enumerate(decoded) if one.is_damaged]
    assert len(wrong) > 10
    assert set(wrong) <= set(told)
    assert all(40 < number < 74 for number in told)
