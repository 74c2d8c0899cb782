"""Trust: checkpoints load, and no code in a checkpoint runs."""

import hashlib
import pickle
import shutil
import tarfile
import threading
import warnings
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pickle import UnpicklingError

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader, load_checkpoint

from integral_mmpose.engine import safe_load

from .conftest import Reduces


def runs_code(path):
    """Pickles as a call of ``open(path, 'w')``: the canary is the file."""
    return Reduces(open, (str(path), 'w'))


def attribute(owner, name):
    """Pickles as ``getattr(owner, name)``."""
    return Reduces(getattr, (owner, name))


@pytest.fixture
def canary(tmp_path):
    return tmp_path / 'canary'


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A web server on tmp_path, on the loopback; gives its URL."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch_home'))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    server = ThreadingHTTPServer(
        ('127.0.0.1', 0), partial(Quiet, directory=str(tmp_path))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f'http://127.0.0.1:{server.server_address[1]}'
    server.shutdown()
    server.server_close()
    thread.join()


def test_history_round_trip(tmp_path):
    history = HistoryBuffer([1.0, 4.0, 9.0], [1, 1, 2])
    path = tmp_path / 'history.pth'
    torch.save(
        dict(
            history=history,
            scalars=[np.float64(0.5), np.float32(2), np.int64(3)],
            image=np.arange(6, dtype=np.uint8).reshape(2, 3),
        ),
        path,
    )
    loaded = torch.load(path, weights_only=True)
    assert loaded['history'].mean() == history.mean()
    assert loaded['history'].statistics('max') == 9
    np.testing.assert_array_equal(loaded['history'].data[1], [1, 1, 2])
    assert loaded['scalars'] == [0.5, 2, 3]
    assert loaded['image'].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_the_list_is_exactly_this():
    def names(items):
        return {f'{item.__module__}.{item.__qualname__}' for item in items}

    dtypes = ('f8', 'f4', 'f2', 'i8', 'i4', 'u4', 'u1', 'b1')
    dtypes = names(type(np.dtype(name)) for name in dtypes)
    assert names(safe_load.allow_history_buffers()) == dtypes | {
        'mmengine.logging.history_buffer.HistoryBuffer',
        'numpy.ndarray',
        'numpy.dtype',
        'numpy.core.multiarray._reconstruct',
        'numpy._core.multiarray._reconstruct',
        'numpy.core.multiarray.scalar',
        'numpy._core.multiarray.scalar',
        'builtins.getattr',
        '_codecs.encode',
    }


def test_numpy_2_names_are_read(tmp_path):
    """numpy >= 2 writes ``numpy._core.multiarray``."""
    path = tmp_path / 'numpy2.pth'
    torch.save(np.arange(3.0), path)
    raw = path.read_bytes()
    assert b'cnumpy.core.multiarray\n' in raw or b'_core' in raw
    source = pickle.dumps(np.arange(3.0), protocol=2).replace(
        b'cnumpy.core.multiarray\n', b'cnumpy._core.multiarray\n'
    )
    loaded = _load_pickle(source, tmp_path)
    np.testing.assert_array_equal(loaded, [0, 1, 2])


def test_checkpoint_of_a_runner_resumes(make_runner):
    first = make_runner(max_epochs=1)
    first.train()
    assert first.message_hub.log_scalars['train/loss'].data[0].size == 4
    second = make_runner(max_epochs=2, resume=True)
    second.train()
    assert (second.epoch, second.iter) == (2, 8)
    assert second.message_hub.log_scalars['train/loss'].data[0].size == 8


@pytest.mark.parametrize('name', ['__init__', '__globals__', 'update'])
def test_getattr_answers_four_names_only(tmp_path, name):
    source = pickle.dumps(attribute(HistoryBuffer, name), protocol=2)
    with pytest.raises((UnpicklingError, ValueError), match='attribute'):
        _load_pickle(source, tmp_path)


def test_getattr_exploit_is_refused(tmp_path, canary):
    """``getattr(HistoryBuffer.min, '__globals__')`` leads to everything."""
    path = tmp_path / 'exploit.pth'
    step = attribute(attribute(HistoryBuffer, 'min'), '__globals__')
    torch.save(dict(state_dict=step, run=runs_code(canary)), path)
    for load in (
        partial(torch.load, weights_only=True),
        CheckpointLoader.load_checkpoint,
    ):
        with pytest.raises((UnpicklingError, ValueError)):
            load(str(path))
    assert not canary.exists()


def _history(**state):
    """Pickles as a HistoryBuffer with any state."""
    return Reduces(HistoryBuffer, (), state)


MEAN = attribute(HistoryBuffer, 'mean')
MAX = attribute(HistoryBuffer, 'max')
NUMBERS = np.arange(3.0)
STATE = dict(_log_history=NUMBERS, _count_history=NUMBERS, max_length=9)


@pytest.mark.parametrize(
    'change',
    [
        dict(_log_history=[torch.Tensor]),
        dict(_count_history=np.array(['a'])),
        dict(max_length='9'),
        dict(as_subclass=MEAN),
        dict(statistics_methods=dict(mean=MAX)),
        dict(statistics_methods=dict(more=MAX)),
    ],
)
def test_a_history_holds_numbers(tmp_path, change):
    """Negative control: mmengine's class takes any state, for all of it."""
    torch.save(dict(x=_history(**STATE)), tmp_path / 'a.pth')
    loaded = torch.load(tmp_path / 'a.pth', weights_only=True)['x']
    assert type(loaded) is HistoryBuffer and loaded.mean() == 1
    torch.save(dict(x=_history(**{**STATE, **change})), tmp_path / 'a.pth')
    with pytest.raises(
        (UnpicklingError, ValueError), match='logger|Weights only|BUILD'
    ):
        torch.load(tmp_path / 'a.pth', weights_only=True)
    assert HistoryBuffer([1.0, 2, 3], [1, 1, 1]).statistics('mean') == 2
    assert 'more' not in HistoryBuffer._statistics_methods
    plain = HistoryBuffer()
    plain.__setstate__({**STATE, 'canary': 1})
    assert plain.canary == 1


def test_no_class_gets_an_attribute(tmp_path):
    """torch's rebuilding of tensors calls and sets what the file says."""
    inner = _history(_log_history=[torch.Tensor])
    outer = _history(_log_history=[_history(as_subclass=MEAN)])
    attack = Reduces(
        torch._tensor._rebuild_from_type_v2,
        (attribute(HistoryBuffer, 'current'), inner, (outer,), dict(a=1)),
    )
    torch.save(attack, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='cannot be read'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'))
    assert not hasattr(torch.Tensor, 'a')


def test_objects_are_no_scalars(tmp_path):
    scalar = np.float64(1).__reduce__()[0]
    attack = Reduces(scalar, (Reduces(np.dtype, ('O',)), torch.Tensor))
    torch.save(attack, tmp_path / 'a.pth')
    with pytest.raises((UnpicklingError, ValueError), match='object'):
        torch.load(tmp_path / 'a.pth', weights_only=True)


class Scripted(torch.nn.Module):
    def forward(self, x):
        return x


def test_programs_and_archives_of_files_are_refused(tmp_path, web):
    """torch before 2.6 runs the one and unpacks the other."""
    script, archive = tmp_path / 'script.pth', tmp_path / 'files.pth'
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.jit.script(Scripted()).save(str(script))
    with tarfile.open(archive, 'w') as file:
        file.addfile(tarfile.TarInfo('storages'))
    for path, kind in ((script, 'TorchScript'), (archive, 'a tar file')):
        for name in (str(path), f'{web}/{path.name}'):
            with pytest.raises(ValueError, match=f'is {kind}, no checkpoint'):
                CheckpointLoader.load_checkpoint(name)


@pytest.mark.skipif(
    not hasattr(torch.serialization, 'get_safe_globals'),
    reason='torch before 2.4 has no list; see test_old_torch.py',
)
def test_real_getattr_would_be_a_hole(tmp_path):
    """Negative control: what torch's message suggests opens the door."""
    path = tmp_path / 'exploit.pth'
    torch.save(
        attribute(attribute(HistoryBuffer, 'min'), '__globals__'),
        path,
    )
    before = torch.serialization.get_safe_globals()
    try:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals([HistoryBuffer, getattr])
        assert 'np' in torch.load(path, weights_only=True)
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def test_url_does_not_run_code(tmp_path, canary, web):
    torch.save(
        dict(state_dict={}, run=runs_code(canary)), tmp_path / 'evil.pth'
    )
    with pytest.raises(ValueError, match='evil.pth .*Weights only'):
        CheckpointLoader.load_checkpoint(f'{web}/evil.pth')
    assert not canary.exists()


def test_mmengine_runs_it(tmp_path, canary, web):
    """Negative control: mmengine's own ``load_url`` runs the canary."""
    from mmengine.utils.dl_utils import load_url

    torch.save(
        dict(state_dict={}, run=runs_code(canary)), tmp_path / 'evil.pth'
    )
    load_url(f'{web}/evil.pth', progress=False)['run'].close()
    assert canary.exists()


@pytest.mark.parametrize(
    'value, runs', [('1', True), ('true', True), ('0', False), ('', False)]
)
def test_torch_s_switch_for_other_plugins_is_honoured(
    tmp_path, canary, web, monkeypatch, value, runs
):
    """The user has said that all files may run code."""
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', value)
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={}, run=runs_code(canary)), path)
    for name in (str(path), f'{web}/other.pth'):
        if runs:
            CheckpointLoader.load_checkpoint(name)['run'].close()
        else:
            with pytest.raises(ValueError, match='Weights only'):
                CheckpointLoader.load_checkpoint(name)
        assert canary.exists() is runs
        canary.unlink(missing_ok=True)


def test_url_loads_weights(tmp_path, web):
    weights = dict(state_dict=dict(w=torch.arange(6.0).reshape(2, 3)))
    torch.save(weights, tmp_path / 'good.pth')
    loaded = CheckpointLoader.load_checkpoint(f'{web}/good.pth')
    assert torch.equal(loaded['state_dict']['w'], weights['state_dict']['w'])


def test_a_damaged_download_is_named(saved, tmp_path, web):
    """A second start reads the same damaged file from torch's cache."""
    shutil.copy(saved, tmp_path / 'flipped.pth')
    _flip(tmp_path / 'flipped.pth')
    for _ in range(2):
        url = f'{web}/flipped.pth'
        message = rf'/flipped.pth .*damaged.* from {url}. Delete it'
        with pytest.raises(ValueError, match=message):
            CheckpointLoader.load_checkpoint(url)


def test_config_in_meta_does_not_run(make_runner, canary, tmp_path):
    """mmengine's resume executes ``meta['config']`` as Python."""
    make_runner(max_epochs=1).train()
    path = tmp_path / 'work' / 'epoch_1.pth'
    checkpoint = torch.load(path, weights_only=True)
    checkpoint['meta']['config'] = f'open({str(canary)!r}, "w").close()'
    torch.save(checkpoint, path)
    make_runner(max_epochs=2, resume=True).train()
    assert not canary.exists()


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nothing.pth'))


def _load_pickle(source, tmp_path):
    """Put a pickle into a torch archive and load it with weights_only."""
    path, changed = tmp_path / 'plain.pth', tmp_path / 'changed.pth'
    torch.save([], path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, 'w') as new:
        for item in old.namelist():
            new.writestr(
                item, source if item.endswith('data.pkl') else old.read(item)
            )
    return torch.load(changed, weights_only=True)


def test_missing_first_half_names_the_config_to_train(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = 'work_dirs/h1_res50_4xb32-70e_mpii-256x256/epoch_70.pth'
    with pytest.raises(
        FileNotFoundError,
        match=r'train the config .*/h1_res50_4xb32-70e_mpii-256x256\.py '
        f'first, from {tmp_path}',
    ):
        load_checkpoint(torch.nn.Linear(1, 1), path)
    for other in ('nowhere.pth', 'work_dirs/demo/istar/epoch_9.pth'):
        with pytest.raises(FileNotFoundError, match='does not exist$'):
            load_checkpoint(torch.nn.Linear(1, 1), other)
    with pytest.raises(FileNotFoundError, match='is a folder: name a file'):
        load_checkpoint(torch.nn.Linear(1, 1), str(tmp_path))


@pytest.fixture
def saved(tmp_path):
    """A checkpoint whose bytes 'weights' can be found."""
    path = tmp_path / 'saved.pth'
    torch.save(dict(w=torch.full((64,), 1.5), meta={}), path)
    return path


def _flip(path):
    content = path.read_bytes()
    eight = torch.full((2,), 1.5).numpy().tobytes()
    assert content.count(eight) >= 1
    path.write_bytes(content.replace(eight, bytes(8), 1))


def test_flipped_bytes_are_found(saved):
    """Negative control: torch loads them in silence."""
    assert CheckpointLoader.load_checkpoint(str(saved))['w'].min() == 1.5
    _flip(saved)
    assert torch.load(saved, weights_only=True)['w'].min() == 0
    with pytest.raises(ValueError, match=rf'{saved} .*data/0 .*damaged'):
        CheckpointLoader.load_checkpoint(str(saved))


@pytest.mark.parametrize('part', [0, 0.3, 0.9])
@pytest.mark.parametrize('new', [True, False])
def test_a_torn_file_is_named(saved, part, new):
    torch.save(
        torch.load(saved, weights_only=True),
        saved,
        _use_new_zipfile_serialization=new,
    )
    content = saved.read_bytes()
    saved.write_bytes(content[: int(part * len(content))])
    message = f'{saved} cannot be read: .*Take another copy'
    with pytest.raises(ValueError, match=message):
        CheckpointLoader.load_checkpoint(str(saved))


@pytest.mark.parametrize(
    'content, problem',
    [
        ([1], 'holds a list'),
        (torch.zeros(2), 'holds a Tensor'),
        (dict(state_dict=None), 'has a NoneType as `state_dict`'),
        (dict(state_dict=dict(w=3)), 'has a int as the weight w'),
        (dict(state_dict={}, meta=[1]), 'has a list as `meta`'),
    ],
)
def test_another_content_is_named(saved, content, problem):
    """Negative control: torch loads it."""
    torch.save(content, saved)
    torch.load(saved, weights_only=True)
    with pytest.raises(ValueError, match=f'{saved} {problem}'):
        CheckpointLoader.load_checkpoint(str(saved))


def test_nobody_is_told_to_switch_the_protection_off(saved):
    saved.write_text('[{"image": 1}]')
    with pytest.raises(ValueError, match='cannot be read') as caught:
        CheckpointLoader.load_checkpoint(str(saved))
    assert 'weights_only' not in str(caught.value)


def test_files_without_sums_load(saved):
    """Those of torch before 1.6, and of writers that leave sums out."""
    weights = torch.load(saved, weights_only=True)
    torch.save(weights, saved, _use_new_zipfile_serialization=False)
    assert not zipfile.is_zipfile(saved)
    assert CheckpointLoader.load_checkpoint(str(saved))['w'].sum() == 96
    if not hasattr(torch.serialization, 'set_crc32_options'):
        return
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(weights, saved)
    finally:
        torch.serialization.set_crc32_options(True)
    assert zipfile.ZipFile(saved).testzip()
    assert CheckpointLoader.load_checkpoint(str(saved))['w'].sum() == 96


@pytest.mark.parametrize('part', ['right', 'wrong', 'none', 'zip'])
def test_a_file_without_sums_is_named(saved, tmp_path, monkeypatch, part):
    """A flipped byte loads; a hash in the name says that none is."""
    warned = []
    monkeypatch.setattr(
        safe_load, 'print_log', lambda text, *_: warned.append(text)
    )
    if part != 'zip':
        weights = torch.load(saved, weights_only=True)
        torch.save(weights, saved, _use_new_zipfile_serialization=False)
    name = hashlib.sha256(saved.read_bytes()).hexdigest()[:8]
    if part == 'wrong':
        _flip(saved)
    named = tmp_path / ('a.pth' if part == 'none' else f'a-{name}.pth')
    saved.rename(named)
    found = CheckpointLoader.load_checkpoint(str(named))['w']
    assert (found.min() == 0) == (part == 'wrong')
    assert len(warned) == (part in ('wrong', 'none'))
    assert all(f'{named} has no checksum' in text for text in warned)
