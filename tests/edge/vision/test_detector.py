"""The ONNX detector on small real ONNX files of both head layouts, and on files that are none."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame
from smartcart.edge.vision.detector import ModelError, OnnxDetector

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'smartcart[dev]'")

NAMES = {0: "bottle", 1: "hand"}


def model_file(
    path: Path,
    head: np.ndarray,
    size: Sequence[int | str] = (1, 3, "height", "width"),
    metadata: dict[str, str] | None = None,
) -> Path:
    """A model that answers every picture with the same head."""
    from onnx import TensorProto, helper, numpy_helper

    zero = helper.make_node("ReduceMax", ["images"], ["peak"], keepdims=0)
    nothing = helper.make_node("Mul", ["peak", "nil"], ["nought"])
    plus = helper.make_node("Add", ["head", "nought"], ["output0"])
    graph = helper.make_graph(
        [zero, nothing, plus],
        "fixed",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, list(size))],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(head.shape))],
        [numpy_helper.from_array(head, "head"), numpy_helper.from_array(np.float32(0), "nil")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"names": str(NAMES), "imgsz": "[256, 320]"} if metadata is None else metadata)
    onnx.save(model, path)
    return path


def frame(width: int = 640, height: int = 480) -> Frame:
    return Frame(image=np.zeros((height, width, 3), np.uint8), index=0, time=0.0)


# in pixels of the 320 x 256 input into which 640 x 480 is laid: scale 0.5, 8 rows of padding above
YOLO11 = np.array(
    [[[160, 162, 40], [128, 128, 208], [40, 40, 20], [80, 80, 20], [0.9, 0.6, 0.1], [0.0, 0.0, 0.8]]], np.float32
)
YOLO26 = np.array([[[140, 88, 180, 168, 0.9, 0], [30, 198, 50, 218, 0.8, 1], [0, 0, 9, 9, 0.01, 0]]], np.float32)


@pytest.mark.parametrize("head", [YOLO11, YOLO26], ids=["yolo11", "yolo26"])
def test_both_head_layouts_give_the_same_boxes(tmp_path: Path, head: np.ndarray) -> None:
    detector = OnnxDetector(model_file(tmp_path / "eye.onnx", head))
    found = detector.detect(frame())
    assert [d.label for d in found] == ["bottle", "hand"]
    assert found[0].confidence == pytest.approx(0.9)
    assert found[0].box == pytest.approx((280 / 640, 160 / 480, 360 / 640, 320 / 480), abs=1e-5)
    assert found[1].box == pytest.approx((60 / 640, 380 / 480, 100 / 640, 420 / 480), abs=1e-5)


@pytest.mark.parametrize(
    ("picture", "laid_into"),
    [((640, 480), (320, 256)), ((640, 360), (320, 192)), ((1920, 1080), (320, 192)), ((480, 640), (256, 320))],
)
def test_the_input_is_a_rectangle_that_fits_the_camera(
    tmp_path: Path, picture: tuple[int, int], laid_into: tuple[int, int]
) -> None:
    detector = OnnxDetector(model_file(tmp_path / "eye.onnx", YOLO11))
    assert detector.input_size(*picture) == laid_into
    tensor, _ = detector.prepare(frame(*picture).image)
    assert tensor.shape == (1, 3, laid_into[1], laid_into[0])


def test_a_fixed_input_is_kept(tmp_path: Path) -> None:
    detector = OnnxDetector(model_file(tmp_path / "eye.onnx", YOLO11, size=(1, 3, 64, 96)))
    assert detector.input_size(640, 480) == (96, 64)


def test_the_name_carries_the_files_hash(tmp_path: Path) -> None:
    model = OnnxDetector(model_file(tmp_path / "eye.onnx", YOLO11)).model
    assert model.name == "eye"
    assert len(model.hash) == 12


def test_a_missing_file_and_one_that_is_not_onnx_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        OnnxDetector(tmp_path / "none.onnx")
    other = tmp_path / "cat.onnx"
    other.write_bytes(b"a picture of a cat")
    with pytest.raises(ModelError, match=r"cat\.onnx: is not an ONNX model"):
        OnnxDetector(other)


def test_an_unknown_head_names_those_that_are_known(tmp_path: Path) -> None:
    path = model_file(tmp_path / "eye.onnx", np.zeros((1, 9, 7), np.float32))
    with pytest.raises(ModelError, match=r"unknown head \[1, 9, 7\]; known are \[1, 6, N\]"):
        OnnxDetector(path)


def test_a_model_without_class_names_is_refused(tmp_path: Path) -> None:
    path = model_file(tmp_path / "eye.onnx", YOLO11, metadata={"imgsz": "320"})
    with pytest.raises(ModelError, match="contains no class names"):
        OnnxDetector(path)


def test_an_input_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not one picture"):
        OnnxDetector(model_file(tmp_path / "eye.onnx", YOLO11, size=(1, 10)))


def thinned(*rows: Sequence[float]) -> np.ndarray:
    """The 300 rows of an end-to-end head, the last of them empty."""
    head = np.zeros((1, 300, 6), np.float32)
    for number, row in enumerate(rows):
        head[0, number] = row
    return head


def with_names(path: Path, head: np.ndarray, names: object, **more: str) -> OnnxDetector:
    return OnnxDetector(model_file(path / "eye.onnx", head, metadata={"names": str(names), "imgsz": "320", **more}))


YOLOV5 = np.array([[[160, 128, 40, 80, 0.9, 0.95], [40, 40, 20, 20, 0.01, 0.4]]], np.float32)
ONE_NAME = {0: "hand"}
MANY_NAMES = {0: "hand", **{number: f"thing {number}" for number in range(1, 296)}}


def test_a_yolov5_of_one_class_is_not_taken_for_an_end_to_end_head(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="this one is YOLOv5's"):
        with_names(tmp_path, YOLOV5, ONE_NAME)
    assert with_names(tmp_path, thinned((10, 10, 50, 60, 0.9, 0)), ONE_NAME).detect(frame())


def test_an_end_to_end_head_with_as_many_names_as_rows_is_not_taken_for_scores(tmp_path: Path) -> None:
    found = with_names(tmp_path, thinned((10, 10, 50, 60, 0.9, 295)), MANY_NAMES).detect(frame())
    assert [d.label for d in found] == ["thing 295"]


@pytest.mark.parametrize("names", [ONE_NAME, MANY_NAMES], ids=["one name", "296 names"])
def test_where_the_values_say_nothing_the_metadata_does_and_without_it_the_model_is_refused(
    tmp_path: Path, names: dict[int, str]
) -> None:
    with pytest.raises(ModelError, match="may be that of"):
        with_names(tmp_path, thinned(), names)
    assert with_names(tmp_path, thinned(), names, end2end="True").detect(frame()) == []


def test_class_numbers_beyond_the_names_are_refused_at_load(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gives class number 79, but has names for 2 only"):
        with_names(tmp_path, thinned((10, 10, 50, 60, 0.9, 79)), NAMES)


def test_values_of_no_head_and_other_tasks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="contains values that fit no known head"):
        with_names(tmp_path, YOLO11 * 5, NAMES)
    with pytest.raises(ModelError, match="the model's task is 'segment'"):
        with_names(tmp_path, YOLO11, NAMES, task="segment")


@pytest.mark.parametrize(
    "names",
    [{1: "bottle", 2: "hand"}, {"0": "bottle", "1": "hand"}, '{"1": "bottle", "2": "hand"}', ["bottle", "hand"]],
    ids=["from 1", "text keys", "JSON", "a list"],
)
def test_names_are_read_as_tools_write_them(tmp_path: Path, names: object) -> None:
    assert with_names(tmp_path, YOLO11, names).labels == ("bottle", "hand")


def test_names_with_a_gap_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"are numbered \[0, 2\]"):
        with_names(tmp_path, YOLO11, {0: "bottle", 2: "hand"})


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("[" * 3000, "cannot be read"),
        ("{0: 'bottle', 1e400: 'hand'}", "cannot be read"),
        ("{0: 'bottle', '0': 'can', 1: 'hand'}", "a number occurs twice"),
        ("{0.4: 'bottle', 1.2: 'hand'}", "cannot be read"),
        ("{'bottle', 'hand'}", "neither a list of names"),
        ("'hand'", "neither a list of names"),
        ("['hand', None]", "the name of 1 is not text"),
        ("['hand', '']", "has 0 characters"),
        (str(["hand", "x" * 65]), "has 65 characters"),
        ("['hand', '\\ud800']", "cannot be printed"),
        ("['hand', 'a\\nb']", "cannot be printed"),
        ("['hand', 'hand']", "several classes called 'hand'"),
    ],
)
def test_names_that_no_event_could_carry_or_that_have_no_order_are_refused(
    tmp_path: Path, names: str, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        with_names(tmp_path, YOLO11, names)


def test_spaces_around_a_name_are_no_part_of_it(tmp_path: Path) -> None:
    assert with_names(tmp_path, YOLO11, ["bottle ", " hand"]).labels == ("bottle", "hand")


@pytest.mark.parametrize("size", ["0", "-5", "30000", "100000000", "9" * 5000, "[" * 3000, "None", "640.0", "[]"])
def test_an_input_size_that_cannot_be_is_refused(tmp_path: Path, size: str) -> None:
    path = model_file(tmp_path / "eye.onnx", YOLO11, metadata={"names": str(NAMES), "imgsz": size})
    with pytest.raises(ModelError, match=r"16 to 4096 are supported|'imgsz'\) cannot be read"):
        OnnxDetector(path)


@pytest.mark.parametrize("shape", [(1, 3, 0, 64), (1, 3, 40_000, 40_000), (1, 3, 1, 1)])
def test_a_fixed_input_that_cannot_be_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="16 to 4096 are supported"):
        OnnxDetector(model_file(tmp_path / "eye.onnx", YOLO11, size=shape))


@pytest.mark.parametrize("shape", [(1, 3, 320, "width"), (1, 3, "height", 320)])
def test_one_free_axis_beside_a_fixed_one_takes_pictures_of_any_shape(
    tmp_path: Path, shape: tuple[int | str, ...]
) -> None:
    detector = OnnxDetector(model_file(tmp_path / "eye.onnx", YOLO11, size=shape))
    assert detector.input_size(640, 480) == detector.input_size(480, 640) == (320, 320)
    assert len(detector.detect(frame())) == 2


def test_a_model_that_runs_on_some_pictures_only_says_so(tmp_path: Path) -> None:
    detector = OnnxDetector(model_file(tmp_path / "eye.onnx", YOLO11, size=(1, 3, "side", "side")))
    detector._session = OnnxDetector(model_file(tmp_path / "fixed.onnx", YOLO11, size=(1, 3, 64, 64)))._session
    with pytest.raises(ModelError, match=r"does not run on a 320x256 picture"):
        detector.detect(frame())


def test_boxes_that_are_shares_of_the_picture_are_refused(tmp_path: Path) -> None:
    shares = YOLO11.copy()
    shares[:, :4] /= 320
    for head in (shares, thinned((0.1, 0.1, 0.5, 0.6, 0.9, 0))):
        with pytest.raises(ModelError, match="as shares of the picture"):
            with_names(tmp_path, head, NAMES)


def test_a_model_of_several_inputs_or_of_none_is_refused(tmp_path: Path) -> None:
    model = onnx.load(model_file(tmp_path / "eye.onnx", YOLO11))
    model.graph.input.append(onnx.helper.make_tensor_value_info("mask", onnx.TensorProto.FLOAT, [1]))
    onnx.save(model, tmp_path / "two.onnx")
    with pytest.raises(ModelError, match="has 2 inputs and 1 outputs"):
        OnnxDetector(tmp_path / "two.onnx")


def test_a_file_of_a_long_name_still_has_one_that_events_can_carry(tmp_path: Path) -> None:
    long = model_file(tmp_path / "eye.onnx", YOLO11).rename(tmp_path / f"{'x' * 200}.onnx")
    assert OnnxDetector(long).model.name == "x" * 128


def test_a_batch_of_a_fixed_size_is_refused_with_the_command_that_helps(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"takes 4 pictures at a time.*batch=1"):
        OnnxDetector(model_file(tmp_path / "eye.onnx", YOLO11, size=(4, 3, 64, 96)))


def test_a_model_without_a_hand_is_refused_unless_told_what_it_calls_it(tmp_path: Path) -> None:
    path = model_file(tmp_path / "eye.onnx", YOLO11, metadata={"names": "['bottle', 'person']", "imgsz": "320"})
    with pytest.raises(ModelError, match=r"has no class 'hand'.*--hand-class NAME; its classes are bottle, person"):
        OnnxDetector(path)
    assert OnnxDetector(path, hand_class="person").labels == ("bottle", "hand")
    assert OnnxDetector(path, hand_class=None).labels == ("bottle", "person")
