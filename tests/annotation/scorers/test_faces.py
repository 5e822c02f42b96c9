from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from rushes.annotation.scorers.faces import Faces
from rushes.errors import ItemError
from rushes.models import store
from rushes.networks.centerface import convert
from tests.tiny_vision import write_tiny_faces


def ready(path, probability=0.5):
    scorer = Faces(Faces.Params(probability=probability))
    scorer.setup("cpu", {"centerface": path})
    return scorer


@pytest.fixture
def tiny(tmp_path):
    pytest.importorskip("onnxruntime")
    return ready(write_tiny_faces(tmp_path / "tiny.onnx"))


def lights(*places, size=(256, 448)):
    """A dark picture with bright cells, in each of which the stand-in sees a face of 32 pixels."""
    picture = np.full((*size, 3), 60, np.uint8)
    for x, y in places:
        picture[y : y + 4, x : x + 4] = 255
    return picture


def test_each_face_counts_once(tiny, item):
    far_apart = ((40, 40), (200, 40), (40, 160))
    for count in range(4):
        row = tiny.annotate([item(lights(*far_apart[:count]))])[0]
        assert row["count"] == count
    side_by_side = lights((40, 40), (44, 40))
    assert tiny.annotate([item(side_by_side)])[0]["count"] == 1


def test_the_still_with_most_faces_counts(tiny, item):
    row = tiny.annotate([item(lights(), lights((40, 40), (200, 40)), lights((40, 40)))])[0]
    assert row["count"] == 2


def test_size_is_a_share_of_the_picture(tiny, item):
    row = tiny.annotate([item(lights((40, 40)))])[0]
    assert row["largest_fraction"] == pytest.approx(32 * 32 / (256 * 448), rel=0.01)
    assert tiny.annotate([item(lights())])[0]["largest_fraction"] == 0


def test_a_clip_without_a_still_has_no_value(tiny, item):
    with pytest.raises(ItemError, match="no still"):
        tiny.annotate([item()])


def as_published(path):
    """Write a network as CenterFace's makers did: sizes fixed, weights among the inputs."""
    model = onnx.load(str(write_tiny_faces(path)))
    for value in (*model.graph.input, *model.graph.output):
        for axis, size in ((0, 10), (2, 32), (3, 32)):
            value.type.tensor_type.shape.dim[axis].dim_value = size
    weight = model.graph.initializer[0]
    model.graph.input.append(
        onnx.helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
    )
    onnx.save(model, str(path))
    return path


def test_the_published_file_takes_any_size_once_converted(tmp_path, item):
    pytest.importorskip("onnxruntime")
    source = as_published(tmp_path / "source.onnx")
    for name in ("a.onnx", "b.onnx"):
        convert(source, tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    for size in ((256, 448), (480, 270)):
        places = [(40 + x, 40 + y) for x in (0, 4, 8) for y in (0, 4, 8)]
        row = ready(tmp_path / "a.onnx").annotate([item(lights(*places, size=size))])[0]
        assert row["count"] == 1


def test_another_file_is_refused(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"nothing")
    with pytest.raises(ItemError, match=r"no\.onnx is no"):
        convert(tmp_path / "no.onnx", tmp_path / "target.onnx")


def drawn_face(picture, x, y, size):
    """Draw what a network takes for a face: skin, hair, eyes, nose and mouth, softly."""
    skin, dark, red = (225, 180, 150), (60, 40, 30), (170, 80, 80)
    cv2.ellipse(picture, (x, y - size // 5), (size * 9 // 10, size), 0, 0, 360, dark, -1)
    cv2.ellipse(picture, (x, y), (size * 3 // 4, size), 0, 0, 360, skin, -1)
    for side in (-1, 1):
        eye = (x + side * size * 3 // 10, y - size // 5)
        cv2.ellipse(picture, eye, (size // 7, size // 12), 0, 0, 360, (250, 250, 250), -1)
        cv2.circle(picture, eye, size // 13, dark, -1)
        brow = (eye[0], eye[1] - size // 6)
        cv2.ellipse(picture, brow, (size // 5, size // 25), 0, 0, 360, dark, -1)
    cv2.ellipse(
        picture, (x, y + size // 6), (size // 9, size // 14), 0, 0, 360, (190, 140, 115), -1
    )
    cv2.ellipse(picture, (x, y + size // 2), (size // 4, size // 11), 0, 0, 360, red, -1)


@pytest.mark.weights
def test_the_real_network_counts_faces(item):
    pytest.importorskip("onnxruntime")
    try:
        path = store.get("centerface", Path.home() / ".cache" / "rushes" / "models")
    except ItemError as error:
        pytest.skip(str(error))
    scorer = ready(path, probability=0.3)  # of a drawn face it is less sure than of a real one
    rng = np.random.default_rng(0)
    coarse = rng.integers(60, 140, (20, 36, 3), np.uint8)
    for count in range(4):
        picture = cv2.resize(coarse, (569, 320), interpolation=cv2.INTER_CUBIC)
        for n in range(count):
            drawn_face(picture, 110 + 160 * n, 150, 42)
        row = scorer.annotate([item(cv2.GaussianBlur(picture, (0, 0), 2))])[0]
        assert row["count"] == count
        assert (row["largest_fraction"] > 0.02) == (count > 0)
