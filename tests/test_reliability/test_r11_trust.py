"""R11, trust: no data file and no checkpoint runs code."""

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from h36m.archives import read_poses
from integral_mmpose.datasets.checks import load_npz
from integral_mmpose.datasets.mat_files import read_mat
from tests.test_engine.test_safe_load import runs_code

PROVED_BY = (
    'test_engine/test_safe_load.py',
    'test_datasets/test_h36m.py::test_pickled_arrays_are_not_unpickled',
    'test_package/test_layers.py::test_shipped_modules_run_no_data',
    'test_tools/test_h36m/test_h36m_archives.py'
    '::test_an_archive_writes_nowhere_else',
    'test_tools/test_h36m/test_h36m_camera_pickle.py::test_nothing_is_run',
)
CONTROLS = (
    'test_engine/test_safe_load.py::test_mmengine_runs_it',
    'test_engine/test_safe_load.py::test_real_getattr_would_be_a_hole',
    'test_tools/test_h36m/test_h36m_camera_pickle.py::test_the_canaries_sing',
)
ROOT = Path(__file__).resolve().parents[2]


def payloads(canary, good):
    """Files that would write the canary, if anything unpickled them."""
    raw = pickle.dumps(runs_code(canary), protocol=0)
    objects = np.array([runs_code(canary)], object).dumps()
    return {
        'pickle': raw,
        'pickle of an object array': objects,
        'compressed pickle': gzip.compress(raw),
        'pickle after the header': good[:128] + raw,
        'pickle behind the content': good + raw,
        'pickle in the middle': good[: len(good) // 2] + raw + good,
    }


def try_all(read, path, canary, good):
    """The number of payloads whose code ran; all others are read or named."""
    ran = 0
    for content in payloads(canary, good).values():
        path.write_bytes(content)
        try:
            read()
        except (ValueError, FileNotFoundError) as error:
            assert path.name in str(error)
        ran += canary.exists()
        canary.unlink(missing_ok=True)
    return ran


def test_mat_payloads(tmp_path, figure):
    path, canary = tmp_path / 'a.mat', tmp_path / 'canary'
    text = pickle.dumps(runs_code(canary), 0).decode('latin-1')
    savemat(path, dict(RELEASE=dict(a=text, b=np.frombuffer(b'cos', 'u1'))))
    ran = try_all(
        lambda: read_mat(str(path), 'the release', ('RELEASE',)),
        path,
        canary,
        path.read_bytes(),
    )
    figure('R11', 'payloads of .mat files that ran', ran, 0)


def test_cdf_payloads(tmp_path, figure):
    pytest.importorskip('cdflib', reason='pip install cdflib')
    from tests.test_tools.test_h36m.conftest import write_cdf

    path, canary = tmp_path / 'a.cdf', tmp_path / 'canary'
    write_cdf(path, np.zeros((2, 96)))
    good = path.read_bytes()
    assert read_poses(str(path), 3).shape == (2, 17, 3)
    ran = try_all(lambda: read_poses(str(path), 3), path, canary, good)
    figure('R11', 'payloads of CDF files that ran', ran, 0)


def test_npz_payloads(tmp_path, figure):
    path, canary = tmp_path / 'a.npz', tmp_path / 'canary'
    np.savez(path, a=np.array([runs_code(canary)], object))
    with pytest.raises(ValueError, match='a.npz'):
        load_npz(str(path), 'the file', ('a',))
    ran = try_all(
        lambda: load_npz(str(path), 'the file', ('a',)),
        path,
        canary,
        path.read_bytes(),
    )
    figure('R11', 'payloads of .npz files that ran', ran, 0)


def test_upstream_the_payload_runs(tmp_path):
    """The canary sings where numpy is told to unpickle."""
    path, canary = tmp_path / 'a.npz', tmp_path / 'canary'
    np.savez(path, a=np.array([runs_code(canary)], object))
    with np.load(path, allow_pickle=True) as file:
        file['a'][0].close()
    assert canary.exists()


def test_the_policy_is_written_down():
    text = (ROOT / 'SECURITY.md').read_text()
    assert 'config' in text and 'code' in text
