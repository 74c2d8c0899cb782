"""The bundled model: its file, its card, its poses."""

import importlib.util
import os
import re
from pathlib import Path

import numpy as np
import pytest

from integral_mmpose.inference import PoseInferencer, read_image
from integral_mmpose.inference.onnx_model import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / 'docs/model_card.md'
TOOL = ROOT / 'tools/deployment/measure_onnx.py'


@pytest.fixture(scope='module')
def infer():
    return PoseInferencer()


def test_the_file_is_small_and_describes_itself(infer):
    assert DEFAULT_MODEL.stat().st_size <= 10e6
    assert b'site-packages' not in DEFAULT_MODEL.read_bytes()
    metadata = infer.model.metadata
    assert metadata.half and metadata.num_axes == 3
    assert len(infer.joint_names) == 18
    configs = ROOT.glob(f'configs/**/{metadata.config}')
    assert len(list(configs)) == 1 and metadata.config in CARD.read_text()


def test_a_person_is_upright_and_not_mirrored(infer):
    """A synthetic person who faces the camera: right is on the left."""
    image = read_image(str(ROOT / 'docs/images/person.png'))
    [[person]] = infer(image)
    place = dict(zip(infer.joint_names, person.keypoints_2d))
    for part in ('shoulder', 'hip', 'knee'):
        assert place[f'right_{part}'][0] < place[f'left_{part}'][0]
    heights = [place[n][1] for n in ('head', 'thorax', 'root')]
    heights.append((place['left_foot'][1] + place['right_foot'][1]) / 2)
    assert heights == sorted(heights)
    in_mm = dict(zip(infer.joint_names, person.keypoints_3d_mm))
    assert in_mm['head'][1] < -300 and in_mm['right_foot'][1] > 300
    assert (person.std_px > 0).all() and (person.std_mm > 0).all()


def stated(name):
    """A number of the card's table."""
    return float(re.search(rf'\| {name} \| ([\d.]+)', CARD.read_text())[1])


@pytest.mark.shared_data
@pytest.mark.skipif(
    'INTEGRAL_MMPOSE_DATA' not in os.environ,
    reason='INTEGRAL_MMPOSE_DATA is not set: needs lsp/',
)
def test_the_card_is_true(infer):
    """PCKh on every fifth photograph, by the tool that made the card."""
    spec = importlib.util.spec_from_file_location('measure_onnx', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    folder = Path(os.environ['INTEGRAL_MMPOSE_DATA'], 'lsp')
    people = tool.read_people(folder, 'val')
    some = [values[::5] for values in people]  # like ones follow
    tool.read_people = lambda *_: some
    found = tool.measure(infer, folder, 'val')
    # 1,200 joints: two standard errors are 3 points.
    assert found['PCKh@0.5'] == pytest.approx(stated('PCKh@0.5'), abs=6)
    assert found['AUC'] == pytest.approx(stated('AUC'), abs=5)
    assert np.isfinite(list(found.values())).all()
