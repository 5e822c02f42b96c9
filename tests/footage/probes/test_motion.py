from fractions import Fraction

import cv2
import numpy as np
import pytest

from rushes.footage.probes.motion import Motion, fit_camera
from rushes.media.decode import Decoder
from rushes.media.frames import FrameConverter, new_scaler
from rushes.media.probe import probe
from rushes.testing import Take, make_video
from tests.small_pictures import in_bursts

NAMES = [field.name for field in Motion.fields]


def measured(path):
    """Motion of a file, from the burst that begins each half second."""
    video, motion, scaler = probe(path), Motion(Motion.Params()), new_scaler()
    motion.start(video, path)
    slot, left = -1, 0
    for decoded in Decoder(probe(path)):
        now = int((decoded.pts - video.start_pts) * video.time_base * 2)
        is_first = now > slot
        if is_first:
            slot, left = now, motion.frames.burst
        if left:
            left -= 1
            picture = FrameConverter(decoded.frame, video, scaler).get(motion.frames)
            motion.process(picture, decoded.pts, is_first)
    return motion.finish()


def moved(tmp_path, **take):
    options = {name: take.pop(name) for name in ("size", "fps", "rotation_deg") if name in take}
    make_video(tmp_path / "a.mp4", (Take(frames=60, seed=1, **take),), **options)
    found = measured(tmp_path / "a.mp4")
    return {name: float(np.median(found.columns[name])) for name in NAMES}


DIAGONAL = np.hypot(160, 90)


@pytest.mark.parametrize(
    ("pan_px", "axis", "sign"),
    [((2, 0), "pan", -1), ((-2, 0), "pan", 1), ((0, 1.5), "tilt", 1), ((0, -1.5), "tilt", -1)],
)
def test_a_camera_that_turns_is_seen_with_its_sign_and_speed(tmp_path, pan_px, axis, sign):
    # The picture moves right when the camera turns left, and down when it turns up.
    found = moved(tmp_path, pan_px=pan_px)
    speed = 100 * np.hypot(*pan_px) * 24 / DIAGONAL
    assert found[axis] == pytest.approx(sign * speed, rel=0.1)
    assert found["flow"] == pytest.approx(speed, rel=0.1)
    assert found["camera"] == pytest.approx(speed, rel=0.1)
    for other in {"pan", "tilt", "zoom", "roll", "subject"} - {axis}:
        assert abs(found[other]) < 0.1 * speed, other
    assert found["fit"] > 0.9


@pytest.mark.parametrize(("zoom", "sign"), [(1.01, 1), (1 / 1.01, -1)])
def test_a_zoom_is_seen_with_its_sign_and_speed(tmp_path, zoom, sign):
    make_video(tmp_path / "a.mp4", (Take(frames=14, seed=1, zoom=zoom),))
    found = measured(tmp_path / "a.mp4")
    # The corner moves by 1 % of half the diagonal in each frame.
    assert found.columns["zoom"][0] == pytest.approx(sign * 0.01 * 50 * 24, rel=0.15)
    assert abs(found.columns["pan"][0]) < 2
    assert abs(found.columns["tilt"][0]) < 2


@pytest.mark.parametrize(("degrees", "sign"), [(1.0, 1), (-1.0, -1)])
def test_a_roll_is_seen_with_its_sign_and_speed(degrees, sign):
    # Straight from a flow field: make_video has no takes that turn.
    rows, columns = np.mgrid[0:90, 0:160].astype(np.float32)
    x, y = columns - 79.5, rows - 44.5
    angle = np.deg2rad(degrees)
    flow = np.stack([-angle * y, angle * x], axis=-1)  # y points down: this turns clockwise
    pan, tilt, zoom, roll, camera, subject, _, fit = fit_camera(
        flow, np.ones((90, 160), np.float32)
    )
    assert roll == pytest.approx(sign * abs(angle) * DIAGONAL / 2, rel=0.01)
    assert 0 < camera < abs(roll)  # the corner is the fastest place
    assert max(map(abs, (pan, tilt, zoom, subject))) < 0.02
    assert fit > 0.98


def test_a_picture_that_turns_reads_as_roll(tmp_path):
    make_video(tmp_path / "a.mkv", (Take(frames=1, seed=1),), size=(320, 180))
    picture = next(iter(Decoder(probe(tmp_path / "a.mkv")))).frame.to_ndarray(format="gray")
    turn = cv2.getRotationMatrix2D((159.5, 89.5), -1.0, 1.0)  # clockwise on the screen
    after = cv2.warpAffine(picture, turn, (320, 180), borderMode=cv2.BORDER_REFLECT)
    motion = Motion(Motion.Params())
    motion.start(probe(tmp_path / "a.mkv"), tmp_path)
    base = probe(tmp_path / "a.mkv").time_base
    motion.process(picture, 0, True)
    motion.process(after, round(1 / base), False)
    columns = motion.finish().columns
    assert columns["roll"][0] == pytest.approx(100 * np.deg2rad(1) / 2, rel=0.15)
    assert abs(columns["pan"][0]) < 0.2


@pytest.mark.parametrize(
    ("size", "fps"), [((160, 90), 24), ((320, 180), 24), ((640, 360), 24), ((160, 90), 48),
                      ((320, 180), 12), ((90, 160), 24), ((320, 180), Fraction(30000, 1001))]
)  # fmt: skip
def test_speed_does_not_depend_on_size_or_frame_rate(tmp_path, size, fps):
    # A fifth of the diagonal in a second.
    pan_px = 0.2 * np.hypot(*size) / float(fps)
    found = moved(tmp_path, pan_px=(pan_px, 0), size=size, fps=fps)
    assert found["flow"] == pytest.approx(20, rel=0.1)
    assert found["pan"] == pytest.approx(-20, rel=0.1)


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_directions_are_those_of_the_upright_picture(tmp_path, rotation_deg):
    found = moved(tmp_path, pan_px=(2, 0), rotation_deg=rotation_deg, size=(160, 120))
    assert found["pan"] < -20
    assert abs(found["tilt"]) < 2


def test_what_moves_against_the_camera_is_the_subject():
    flow = np.zeros((90, 160, 2), np.float32)
    flow[..., 0] = 2.0  # the camera
    flow[30:60, 50:90] = (-3.0, 1.0)  # somebody who walks
    pan, tilt, _, _, camera, subject, total, fit = fit_camera(flow, np.ones((90, 160), np.float32))
    assert pan == pytest.approx(-2, abs=0.1)
    assert tilt == pytest.approx(0, abs=0.1)
    assert camera == pytest.approx(2, abs=0.1)
    share = 30 * 40 / (90 * 160)
    assert subject == pytest.approx(share * np.hypot(5, 1), rel=0.2)
    assert total == pytest.approx((1 - share) * 2 + share * np.hypot(3, 1), rel=0.05)
    assert 0.5 < fit < 0.95


@pytest.mark.parametrize("contrast", [0.0, 1.0])
def test_a_picture_that_stands_still_does_not_move(tmp_path, contrast):
    found = moved(tmp_path, contrast=contrast)
    for name in ("pan", "tilt", "zoom", "roll", "subject", "flow"):
        assert abs(found[name]) < 0.3, name


def test_each_row_names_the_frame_that_it_leads_to(tmp_path):
    make_video(tmp_path / "a.mkv", (Take(frames=26, pan_px=(2, 0)),), fps=25)
    found = measured(tmp_path / "a.mkv")
    assert list(found.pts) == [0, 520]  # the frame at 1000 has no next one
    assert list(found.columns["next_pts"]) == [40, 560]
    make_video(tmp_path / "a.mkv", (26,), fps=25)
    found = measured(tmp_path / "a.mkv")
    assert list(found.columns["next_pts"]) == [120, 640]  # none differs, as far as one looks
    assert not found.columns["flow"].any()


@pytest.mark.parametrize("fps", [Fraction(1, 2), 1, 2])
def test_frames_that_are_far_apart_are_compared_too(tmp_path, fps):
    make_video(
        tmp_path / "a.mkv", (Take(frames=4, seed=1, pan_px=(4, 0)),), fps=fps, size=(320, 180)
    )
    found = measured(tmp_path / "a.mkv")
    gap = round(1000 / fps)
    assert list(found.pts) == [0, gap, 2 * gap]
    assert list(found.columns["next_pts"]) == [gap, 2 * gap, 3 * gap]
    assert found.columns["pan"] == pytest.approx(
        -100 * 4 * float(fps) / np.hypot(320, 180), rel=0.1
    )


def sliding(speed, *, overlay=None, bars=0.0, count=40, fps=24, size=(640, 360), contrast=0.3):
    """Yield (seconds, picture): soft noise that moves across, with what is laid over it."""
    width, height = size
    noise = np.random.default_rng(1).normal(0, 1, (height, width * 3))
    scene = cv2.GaussianBlur(noise, (0, 0), height / 60)
    scene = np.clip(scene / scene.std() * 45 * contrast + 110, 0, 255).astype(np.uint8)
    step = speed / 100 * np.hypot(width, height) / fps
    for number in range(count):
        matrix = np.array([[1.0, 0, step * number], [0, 1, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        shown = cv2.warpAffine(scene, matrix, size, flags=flags, borderMode=cv2.BORDER_WRAP)
        if bars:
            edge = round(height * bars)
            shown[:edge] = shown[height - edge :] = 16
        if overlay:
            overlay(shown)
        grain = np.random.default_rng(number).normal(0, 1, shown.shape)
        small = cv2.resize(
            np.clip(shown + grain, 0, 255), (round(90 * width / height), 90),
            interpolation=cv2.INTER_AREA,
        )  # fmt: skip
        yield number / fps, small.astype(np.uint8)


def subtitle(picture):
    height, width = picture.shape
    for level, thick in ((16, height // 70), (235, height // 180)):
        cv2.putText(picture, "And so we drove on", (width // 5, int(height * 0.9)),
                    cv2.FONT_HERSHEY_SIMPLEX, height / 450, level, thick, cv2.LINE_AA)  # fmt: skip


def logo(picture):
    height, width = picture.shape
    cv2.circle(picture, (int(width * 0.9), int(height * 0.12)), height // 14, 235, -1)
    cv2.circle(picture, (int(width * 0.9), int(height * 0.12)), height // 25, 16, -1)


def fed(pictures):
    """Motion of pictures that are small already."""
    columns = in_bursts(pictures).columns
    return {name: float(columns[name].mean()) for name in NAMES}


@pytest.mark.parametrize("speed", [12, 30])
@pytest.mark.parametrize(("overlay", "within"), [(subtitle, 0.06), (logo, 0.04)])
def test_what_is_laid_over_a_moving_picture_hardly_slows_it_down(speed, overlay, within):
    plain, covered = fed(sliding(speed)), fed(sliding(speed, overlay=overlay))
    assert covered["flow"] == pytest.approx(plain["flow"], rel=within)
    assert covered["pan"] == pytest.approx(plain["pan"], rel=within)


@pytest.mark.parametrize("bars", [0.06, 0.13, 0.2])
@pytest.mark.parametrize("overlay", [None, subtitle])
def test_bars_do_not_slow_a_picture_down(bars, overlay):
    plain, boxed = fed(sliding(20)), fed(sliding(20, bars=bars, overlay=overlay))
    # A speed is still of the whole diagonal; scorers that know the bars bring it to the picture's.
    assert boxed["flow"] == pytest.approx(plain["flow"], rel=0.06)
    assert boxed["pan"] == pytest.approx(plain["pan"], rel=0.06)


def test_a_still_background_is_not_taken_for_something_laid_over():
    def somebody(shift):
        def draw(picture):
            height, width = picture.shape
            left = int(width * 0.1) + shift()
            noise = np.random.default_rng(5).normal(0, 1, (height // 2, width // 4))
            body = cv2.GaussianBlur(noise, (0, 0), 6)
            picture[height // 4 : height // 4 + len(body), left : left + body.shape[1]] = np.clip(
                body / body.std() * 30 + 110, 0, 255
            )

        return draw

    steps = iter(range(0, 10_000, 9))
    walking = fed(sliding(0, overlay=somebody(lambda: next(steps))))
    speed = 100 * 9 * 24 / np.hypot(640, 360)
    assert 0.05 * speed < walking["flow"] < 0.5 * speed  # it is an eighth of the picture
    assert abs(walking["pan"]) < 0.15 * speed


def test_a_shaking_camera_that_comes_back_is_not_taken_for_something_laid_over():
    def shaking():
        scene = [picture for _, picture in sliding(1200 / 24, count=24)]
        for number in range(48):
            there = number % 12  # the same place every half second
            yield number / 24, scene[min(there, 12 - there)]

    found = fed(shaking())
    assert found["camera"] > 0.7 * 50
    assert found["fit"] > 0.8
