"""HDR becomes SDR by the operator that the module describes, in stills and exports alike."""

from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.media.frames import FrameConverter, new_scaler
from rushes.media.probe import probe
from rushes.media.stills import read_stills
from rushes.media.tone_map import nits_to_pq, pq_to_nits, to_sdr, tone_map
from rushes.project import Project
from rushes.stages.items import FrameSpec

WIDTH, HEIGHT = 160, 90
_TO_2020 = np.linalg.inv(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349],
     [-0.018151, -0.100579, 1.118730]]
)  # fmt: skip
# Rows of BT.709 light, in cd/m²: gray steps up to 1000, and colours that BT.709 holds.
_GRAYS = [0.1, 1, 5, 20, 50, 100, 203, 400, 700, 1000]
_COLOURS = [(90, 40, 40), (40, 90, 40), (40, 40, 90), (90, 80, 30), (30, 80, 90)]


def patches():
    """Linear BT.2020 light of the test picture: float (90, 160, 3), cd/m²."""
    rows = [[(g, g, g) for g in _GRAYS], _COLOURS * 2]
    light = np.repeat(np.repeat(np.array(rows, float), 45, axis=0), 16, axis=1)
    return np.clip(light @ _TO_2020.T, 0, None)


def to_hlg(nits):
    luminance = (nits @ [0.2627, 0.6780, 0.0593])[..., None] / 1000
    scene = nits / 1000 * np.maximum(luminance, 1e-9) ** (1 / 1.2 - 1)
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    above = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), above).clip(0, 1)


def write_hdr(path, curve):
    signal = nits_to_pq(patches()) if curve == "pq" else to_hlg(patches())
    luma = signal @ [0.2627, 0.6780, 0.0593]
    blue, red = (signal[..., 2] - luma) / 1.8814, (signal[..., 0] - luma) / 1.4746
    planes = [luma * 876 + 64, blue[::2, ::2] * 896 + 512, red[::2, ::2] * 896 + 512]
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "4", "x265-params": "log-level=none:pools=1"}
        stream = container.add_stream("libx265", rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.colorspace, context.color_range = 9, 9, 1
        context.color_trc = {"pq": 16, "hlg": 18}[curve]
        for number in range(30):
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p10le")
            for plane, values in zip(frame.planes, planes, strict=True):
                rows = np.zeros((plane.height, plane.line_size // 2), "<u2")
                rows[:, : plane.width] = np.rint(values)
                plane.update(rows)
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def gray(nits):
    return to_sdr(np.full((1, 3), nits_to_pq(np.array(nits))), "pq")[0]


def test_the_curve_is_the_one_that_is_described():
    assert pq_to_nits(nits_to_pq(np.array(_GRAYS))) == pytest.approx(_GRAYS, rel=1e-6)
    assert float(nits_to_pq(np.array(100.0))) == pytest.approx(0.5081, abs=1e-4)  # BT.2100
    # Dark and middle tones keep their light: (nits / 203) ** (1 / 2.4).
    assert gray(20.0) == pytest.approx((20 / 203) ** (1 / 2.4), abs=2e-3)
    assert gray(0.0) == pytest.approx(0, abs=1e-6)
    assert gray(1000.0) == pytest.approx(1, abs=1e-4)
    assert gray(4000.0) == pytest.approx(1, abs=1e-4)
    levels = [gray(nits)[1] for nits in np.geomspace(0.01, 1000, 200)]
    assert (np.diff(levels) > 0).all()  # highlights keep their drawing
    assert 0.85 < gray(203.0)[1] < 0.95


def test_hlg_and_pq_of_one_light_agree():
    light = patches().reshape(-1, 3)
    pq, hlg = to_sdr(nits_to_pq(light), "pq"), to_sdr(to_hlg(light), "hlg")
    assert np.abs(pq - hlg).max() < 0.004


def test_wide_colours_lose_saturation_and_keep_their_hue():
    red, green, blue = to_sdr(np.eye(3) * 0.5, "pq")
    assert red.argmax() == 0
    assert green.argmax() == 1
    assert blue.argmax() == 2
    assert min(red.min(), green.min(), blue.min()) >= 0


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_stills_scores_and_exports_show_the_same_sdr(tmp_path, curve):
    (tmp_path / "footage").mkdir()
    path = write_hdr(tmp_path / "footage" / "a.mp4", curve)
    wanted = np.rint(to_sdr(nits_to_pq(patches().reshape(-1, 3)), "pq") * 255)
    wanted = wanted.reshape(HEIGHT, WIDTH, 3)
    video = probe(path)
    assert video.hdr == curve
    with Project.open(tmp_path / "project", create=True, workers=0) as project:
        project.run([tmp_path / "footage"])
        assert not project.failures()
        (row,) = project.ls("videos")
        assert row["is_hdr"]
        assert "1 video in HDR, shown in SDR" in project.status()["pictures"]
    (still,) = (tmp_path / "project" / "stills").glob("*.mkv")
    (export,) = (tmp_path / "project" / "exports" / "main").glob("*.mp4")
    made = probe(export)
    assert (made.color_space, made.color_primaries, made.color_transfer, made.pix_fmt) == (
        "bt709", "bt709", "bt709", "yuv420p"
    )  # fmt: skip
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        seen = FrameConverter(frame, video, new_scaler()).get(FrameSpec(colour="rgb"))
    with av.open(str(export)) as container:
        exported = next(container.decode(video=0)).to_ndarray(format="rgb24")
    for name, picture in (
        ("still", next(read_stills(still, np.array([0])))),
        ("rgb", seen),
        ("export", exported),
    ):
        for top in (0, 45):
            for left in range(0, WIDTH, 16):
                place = np.s_[top + 8 : top + 37, left + 4 : left + 12]
                found, meant = picture[place].mean((0, 1)), wanted[place].mean((0, 1))
                assert np.abs(found - meant).max() < 6, (name, top, left, found, meant)


def test_sdr_is_left_alone(tmp_path, footage):
    assert tone_map(probe(footage / "one.mp4")) is None
