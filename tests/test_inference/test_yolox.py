"""YOLOX: a file whose answer is known by hand, and the real one."""

import numpy as np
import onnx
import pytest
from onnx.helper import make_graph, make_model, make_node, make_opsetid
from onnx.helper import make_tensor_value_info as value_info

from integral_mmpose.inference import YoloxDetector

SIDE = 64
CELLS = 8 * 8 + 4 * 4 + 2 * 2


@pytest.fixture
def write(tmp_path):
    """A detector that gives ``answer``, whatever it sees."""

    def write(answer, shape=(1, 3, SIDE, SIDE)):
        answer = np.asarray(answer, np.float32)
        given = onnx.numpy_helper.from_array(answer, 'answer')
        # A zero of the input, so that it is used.
        nodes = [
            make_node('ReduceMean', ['images'], ['mean'], keepdims=0),
            make_node('Sub', ['mean', 'mean'], ['zero']),
            make_node('Add', ['answer', 'zero'], ['output']),
        ]
        graph = make_graph(
            nodes,
            'yolox',
            [value_info('images', onnx.TensorProto.FLOAT, shape)],
            [value_info('output', onnx.TensorProto.FLOAT, answer.shape)],
            [given],
        )
        path = str(tmp_path / 'yolox.onnx')
        model = make_model(
            graph, opset_imports=[make_opsetid('', 17)], ir_version=9
        )
        onnx.save(model, path)
        return path

    return write


def test_a_box_by_hand(write):
    """Cell (3, 5) of stride 8: centre (3.5, 5.25), 4 x 2 cells.

    The image of 128 x 64 px is seen at half its size.
    """
    answer = np.zeros((1, CELLS, 85))
    answer[0, 5 * 8 + 3] = 0.1  # another class is more likely
    answer[0, 5 * 8 + 3, :6] = [0.5, 0.25, np.log(4), np.log(2), 0.9, 0.8]
    answer[0, 64 + 4 + 2, :6] = [0, 0, 0, 0, 0.5, 0.5]  # (2, 1) of stride 16
    detector = YoloxDetector(write(answer))
    [boxes] = detector.detect([np.zeros((64, 128, 3), np.uint8)])
    x, y = 3.5 * 8 * 2, 5.25 * 8 * 2
    expected = [
        [x - 32, y - 16, x + 32, y + 16, 0.72],
        [64 - 16, 32 - 16, 64 + 16, 32 + 16, 0.25],
    ]
    np.testing.assert_allclose(boxes, expected, rtol=1e-5)


@pytest.mark.parametrize('decoded', [False, True])
def test_a_decoded_export_is_refused(write, decoded):
    """The same box of 40 x 48 px around (28, 36), in cells and in px."""
    answer = np.zeros((1, CELLS, 85))
    box = [0.5, 0.5, np.log(5), np.log(6)]
    answer[0, 4 * 8 + 3, :6] = [*([28, 36, 40, 48] if decoded else box), 1, 1]
    detector = YoloxDetector(write(answer))
    images = [np.zeros((SIDE, SIDE, 3), np.uint8)]
    if decoded:
        with pytest.raises(ValueError, match='--decode_in_inference'):
            detector.detect(images)
    else:
        [boxes] = detector.detect(images)
        np.testing.assert_allclose(boxes, [[8, 12, 48, 60, 1]], rtol=1e-5)


def test_nobody(write):
    detector = YoloxDetector(write(np.zeros((1, CELLS, 85))))
    [boxes] = detector.detect([np.zeros((64, 128, 3), np.uint8)])
    assert boxes.shape == (0, 5)


@pytest.mark.parametrize(
    ('answer', 'shape'),
    [
        ((1, CELLS - 1, 85), (1, 3, SIDE, SIDE)),
        ((1, CELLS, 5), (1, 3, SIDE, SIDE)),
        ((1, 85, CELLS), (1, 3, SIDE, SIDE)),
        ((CELLS, 85), (1, 3, SIDE, SIDE)),
        ((1, CELLS, 85), (1, 3, SIDE, 63)),
        ((1, CELLS, 85), (1, 1, SIDE, SIDE)),
        ((1, CELLS, 85), (1, 3, 'h', 'w')),
    ],
)
def test_files_of_another_layout(write, answer, shape):
    with pytest.raises(ValueError, match='yolox.onnx: is not YOLOX in its'):
        YoloxDetector(write(np.zeros(answer), shape))


def test_logits_instead_of_scores(write):
    detector = YoloxDetector(write(np.full((1, CELLS, 85), 3.0)))
    with pytest.raises(ValueError, match=r'scores are not in \[0, 1\]'):
        detector.detect([np.zeros((64, 64, 3), np.uint8)])


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such ONNX file'):
        YoloxDetector(str(tmp_path / 'none.onnx'))
    (tmp_path / 'torn.onnx').write_bytes(b'no')
    with pytest.raises(ValueError, match='torn.onnx: ONNX Runtime cannot'):
        YoloxDetector(str(tmp_path / 'torn.onnx'))
