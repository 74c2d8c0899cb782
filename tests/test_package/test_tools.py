"""Our wrapper of MMPose's tools."""

import argparse
import errno
import importlib.util
import multiprocessing
import os
import runpy
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmpose.registry import HOOKS

from integral_mmpose.command import reports_errors
from integral_mmpose.engine import folder_lock

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools')
    spec = importlib.util.spec_from_file_location(
        'run_mmpose_tool', ROOT / 'tools/run_mmpose_tool.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def mmpose_config(tool, tmp_path, monkeypatch):
    """What MMPose's train.py makes of our arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'i1.py').write_text("load_from = 'h1.pth'")
    mmpose_tool = runpy.run_path(str(tool.find_tool('train.py')))

    def config(*argv):
        # The config is the first argument, unless one is called as it.
        argv = ['i1.py', *argv] if 'i1.py' not in argv else argv
        monkeypatch.setattr(sys, 'argv', ['train.py', *argv])
        args, cfg = tool.read_config('train.py')
        argv = tool.load_or_resume(sys.argv, args, cfg.work_dir)
        monkeypatch.setattr(sys, 'argv', argv)
        args = mmpose_tool['parse_args']()
        return mmpose_tool['merge_args'](Config.fromfile(args.config), args)

    return config


@pytest.fixture
def trained(tmp_path):
    """A work directory with something to resume."""
    folder = tmp_path / 'work_dirs/i1'
    folder.mkdir(parents=True)
    (folder / 'epoch_1.pth').touch()
    return folder


OTHER = ('--cfg-options', 'load_from=other.pth', 'randomness.seed=1')


@pytest.mark.parametrize(
    'argv, expected',
    [
        ([], 'h1.pth'),
        (OTHER, 'other.pth'),
        (('--work-dir', 'work_dirs/i1', *OTHER), 'other.pth'),
    ],
)
def test_resume_of_nothing_keeps_load_from(mmpose_config, argv, expected):
    """With MMPose's --resume, a first start forgets load_from."""
    config = mmpose_config(*argv, '--resume')
    assert config.load_from == expected
    assert not config.get('resume')


@pytest.mark.parametrize(
    'argv',
    [
        ('--resume', '--cfg-options', 'work_dir=other'),
        ('--cfg-options', 'work_dir=other', '--resume'),
        ('--launcher', 'none', 'i1.py', '--resume'),
        ('--work-dir', 'other', '--resume', 'auto'),
        ('--resume', 'auto', '--work-dir=other'),
        ('--resume=auto', '--work-dir=other'),
        ('--resum', '--work-dir=other'),
        ('--resume=auto',),
    ],
)
@pytest.mark.parametrize('in_config', [False, True])
def test_the_folder_is_the_one_that_mmpose_takes(
    mmpose_config, trained, tmp_path, argv, in_config
):
    (tmp_path / 'work_dirs/i1').rename(tmp_path / 'other')
    if in_config:
        with open(tmp_path / 'i1.py', 'a') as file:
            file.write("\nwork_dir = 'other'\n")
    config = mmpose_config(*argv)
    found = in_config or any('other' in word for word in argv)
    assert bool(config.get('resume')) == found
    assert config.load_from == (None if found else 'h1.pth')


@pytest.mark.parametrize(
    'argv', [[], OTHER, ('--work-dir', 'work_dirs/i1', *OTHER)]
)
def test_resume_of_something_leaves_load_from(mmpose_config, trained, argv):
    """MMPose would resume load_from, at an epoch past the last one."""
    config = mmpose_config('--resume', *argv)
    assert config.resume is True
    assert config.load_from is None


def test_resume_looks_into_the_work_directory(mmpose_config, trained):
    config = mmpose_config('--resume', '--work-dir', 'new')
    assert config.load_from == 'h1.pth'
    assert not config.get('resume')


def test_resume_of_a_named_checkpoint(mmpose_config, trained):
    config = mmpose_config('--resume', 'epoch_3.pth')
    assert config.load_from == 'epoch_3.pth'
    assert config.resume is True


@pytest.mark.parametrize('rank, refused', [('0', True), ('1', False)])
def test_a_refused_start_leaves_the_folder_as_it_is(
    tool, trained, tmp_path, monkeypatch, rank, refused
):
    """mmengine writes the config into the folder before any hook runs."""
    monkeypatch.chdir(tmp_path)
    config = tmp_path / 'work_dirs/i1/i1.py'
    config.write_text('# of the training that runs here')
    (tmp_path / 'i1.py').write_text("model = dict(type='Another')")
    monkeypatch.setattr(sys, 'argv', ['train.py', 'i1.py'])
    monkeypatch.setenv('RANK', rank)
    _, cfg = tool.read_config('train.py')
    before = config.read_text(), sorted(trained.rglob('*.pth'))
    if not refused:  # the main process decides
        return tool.reserve_folder(cfg)
    with pytest.raises(ValueError, match='epoch_1.pth.*--resume'):
        tool.reserve_folder(cfg)
    folder_lock.release(cfg.work_dir)
    assert (config.read_text(), sorted(trained.rglob('*.pth'))) == before


@pytest.mark.parametrize(
    'launcher, name',
    [('slurm', 'SLURM_PROCID'), ('mpi', 'OMPI_COMM_WORLD_RANK')],
)
def test_one_process_of_a_job_locks_the_folder(
    tool, tmp_path, monkeypatch, launcher, name
):
    """mmengine sets RANK later; the second would find the folder in use."""
    monkeypatch.delenv('RANK', raising=False)
    (tmp_path / 'work').mkdir()
    cfg = Config(dict(work_dir=str(tmp_path / 'work'), launcher=launcher))
    for rank in ('1', '0'):
        monkeypatch.setenv(name, rank)
        tool.reserve_folder(cfg)
        assert folder_lock.holds(cfg.work_dir) == (rank == '0')
    folder_lock.release(cfg.work_dir)
    monkeypatch.setenv(name, '1')  # of the job in which a single one runs
    tool.reserve_folder(Config(dict(cfg, launcher='none')))
    assert folder_lock.holds(cfg.work_dir)
    folder_lock.release(cfg.work_dir)


@pytest.mark.parametrize('place', ['file', 'file/work'])
def test_a_work_directory_that_is_a_file(tool, tmp_path, place):
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match=f'{place} cannot be .*another --work-d'):
        tool.make_work_dir(str(tmp_path / place))
    tool.make_work_dir(str(tmp_path / 'new/work'))
    assert not list((tmp_path / 'new/work').iterdir())


def test_a_work_directory_without_permission(tool, tmp_path, monkeypatch):
    """The system's own error: as root, every folder can be written to."""

    def refuse(dir):
        raise PermissionError(errno.EACCES, 'Permission denied')

    monkeypatch.setattr('tempfile.TemporaryFile', refuse)
    with pytest.raises(OSError, match=r'\(Permission denied\): give another'):
        tool.make_work_dir(str(tmp_path))


@pytest.mark.parametrize('name', ['data_root', 'codec.input_size', 'lr'])
def test_options_that_change_nothing(tool, mmpose_config, name):
    """MMPose takes them."""
    options = ['--cfg-options', 'randomness.seed=1', f'{name}=2']
    assert mmpose_config(*options).randomness.seed == 1
    with pytest.raises(ValueError, match=f'nothing reads `{name[:5]}'):
        tool.refuse_idle_options(['train.py', 'i1.py', *options])
    with pytest.raises(ValueError, match=r'2\]: must be name=value'):
        tool.refuse_idle_options(
            ['train.py', *options[:2], 'model.x=[1,', '2]']
        )
    options = ['--resume', *options[:2], 'model.head.x=1', 'sync_bn=torch']
    tool.refuse_idle_options(['train.py', 'i1.py', *options])
    tool.refuse_idle_options(['train.py', 'i1.py', *OTHER, 'work_dir=here'])


def error_of_a_worker(item):
    """The error of a loader that gets its only sample by ``item()``.

    What is raised holds the loader, and the loader its worker: kept in a
    traceback, it would end in a later test, whenever garbage is collected,
    or signal there that its worker is gone.
    """
    from torch.utils.data import DataLoader

    class Samples(list):
        def __getitem__(self, index):
            return item()

    before = set(multiprocessing.active_children())
    loader = iter(DataLoader(Samples([1]), num_workers=1))
    try:
        next(loader)
    except Exception as error:
        found = type(error)(str(error))
        error.__traceback__ = error.__cause__ = error.__context__ = None
    del loader
    assert set(multiprocessing.active_children()) <= before
    return found


def test_an_error_in_a_worker_of_the_loader(tool):
    """torch's text is a traceback; the sentence of the error is enough."""

    def broken():
        raise ValueError('the image a.jpg is corrupt.\nGet it again')

    error = error_of_a_worker(broken)
    assert type(error) is ValueError and 'Original Traceback' in str(error)
    assert tool.explain(error) == 'the image a.jpg is corrupt.\nGet it again'


def test_an_interrupt_is_a_line(tool, monkeypatch):
    def stop(argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, 'refuse_idle_options', stop)
    monkeypatch.setattr(sys, 'argv', ['train.py', 'i1.py'])
    with pytest.raises(SystemExit, match='interrupted; --resume'):
        tool.main('train.py')
    monkeypatch.setattr(sys, 'argv', ['train.py', 'i1.py', '--debug'])
    with pytest.raises(KeyboardInterrupt):
        tool.main('train.py')


def test_a_lost_worker_of_the_loader(tool):
    """The kernel kills it when the memory is used up."""
    error = error_of_a_worker(lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert type(error) is RuntimeError
    assert tool.of_a_user(error)
    assert 'lack of memory' in tool.explain(error)
    assert not tool.of_a_user(RuntimeError('a size does not fit'))


def test_a_dict_over_none_is_a_sentence(tool):
    with pytest.raises(TypeError) as raised:
        Config(dict(init_cfg=None)).merge_from_dict({'init_cfg.type': 'a'})
    assert tool.of_a_user(raised.value)
    assert '`_delete_=True`' in tool.explain(raised.value)
    assert not tool.of_a_user(TypeError('not of a config'))


def test_a_wrong_option_of_a_config_is_a_sentence(tool):
    """Which one: test_wrong_option.py."""
    with pytest.raises(TypeError) as raised:
        HOOKS.build(dict(type='NaNGuardHook', of_no_hook=1))
    assert tool.of_a_user(raised.value)
    assert 'of_no_hook' not in str(raised.value)
    assert "NaNGuardHook: unexpected option 'of_no_hook'" in tool.explain(
        raised.value
    )


def test_an_assertion_of_mmengine_is_a_sentence(tool):
    assert tool.of_a_user(AssertionError('`max_epochs` should be int'))
    assert not tool.of_a_user(AssertionError())


def test_an_unknown_optimizer(tool):
    from mmengine.optim import build_optim_wrapper

    def wrapper(name):
        return Config(
            dict(optim_wrapper=dict(optimizer=dict(type=name, lr=0.1)))
        )

    tool.refuse_unknown_optimizer(Config())
    tool.refuse_unknown_optimizer(wrapper('AdamW'))
    with pytest.raises(ValueError, match="type='Adamm'"):
        tool.refuse_unknown_optimizer(wrapper('Adamm'))
    # Negative control: mmengine does not name it.
    with pytest.raises(TypeError) as raised:
        build_optim_wrapper(
            torch.nn.Linear(1, 1), wrapper('Adamm').optim_wrapper
        )
    assert 'Adamm' not in str(raised.value)


def test_errors_of_a_user(tool):
    with pytest.raises(TypeError) as raised:
        len(3)
    assert not tool.of_a_user(raised.value)
    assert tool.of_a_user(ValueError())


@pytest.mark.parametrize(
    ('argv', 'ends'),
    [
        ([], 'AttributeError'),
        (['--cfg-options', 'model.head=None', 'work_dir=x'], 'SystemExit'),
        (['--cfg-options', 'model.head=None', '--debug'], 'AttributeError'),
    ],
)
def test_a_surprise_names_the_options_that_were_given(
    tool, monkeypatch, capsys, argv, ends
):
    """After MMPose's own lines; without options there are these alone."""

    def fail(*args, **kwargs):
        raise AttributeError("'NoneType' object has no attribute 'copy'")

    monkeypatch.setattr(tool.runpy, 'run_path', fail)
    monkeypatch.setattr(sys, 'argv', ['test.py', 'i1.py', 'i1.pth', *argv])
    with pytest.raises((AttributeError, SystemExit)) as raised:
        tool.main('test.py')
    assert raised.type.__name__ == ends
    if ends == 'SystemExit':
        assert 'Traceback' in capsys.readouterr().err
        assert 'Check --cfg-options model.head=None work_dir=x first' in str(
            raised.value
        )


def test_processes_talk_by_gloo_without_a_gpu(tool, monkeypatch):
    """MMPose's own parser reads what is added as MMDDP needs it."""
    from mmengine.config import DictAction

    joined = []
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    monkeypatch.setattr('torch.distributed.init_process_group', joined.append)
    argv = ['train.py', 'i1.py', '--launcher', 'pytorch']
    argv += ['--cfg-options', 'work_dir=here']
    monkeypatch.delenv('WORLD_SIZE', raising=False)
    assert tool.join_without_gpu(argv) == []
    monkeypatch.setenv('WORLD_SIZE', '2')
    for other in ([], ['--launcher', 'none'], ['--launcher=slurm']):
        assert tool.join_without_gpu(argv[:2] + other) == [] and joined == []
    joint = tool.join_without_gpu([*argv[:2], '--launcher=pytorch'])
    assert len(joint) == 5 and joined.pop() == 'gloo'
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    words = argv[4:] + tool.join_without_gpu(argv)
    assert joined == ['gloo']
    assert parser.parse_args(words).cfg_options == {
        'work_dir': 'here',
        'env_cfg.dist_cfg.backend': 'gloo',
        'model_wrapper_cfg.type': 'MMDistributedDataParallel',
        'model_wrapper_cfg.device_ids': None,
        'model_wrapper_cfg.broadcast_buffers': False,
    }
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    assert tool.join_without_gpu(argv) == []


def test_weights_that_cannot_be_downloaded(tool):
    """URLError alone names neither the file nor the way out."""
    from urllib.error import URLError

    text = tool.explain(URLError('Name or service not known'))
    assert 'Name or service not known' in text
    assert 'init_cfg=None' in text
    assert tool.explain(KeyError('H1')) == "'H1' (no such name)"
    from mmpose.models.losses import BoneLoss
    from mmpose.registry import MODELS

    with pytest.raises(KeyError) as raised:
        MODELS.register_module(module=type(BoneLoss.__name__, (), {}))
    text = tool.explain(raised.value)
    assert text.startswith('BoneLoss is already registered in model at')
    assert text.endswith('Give your class another name')


def test_an_error_under_torchrun(tool, tmp_path, monkeypatch, capsys):
    """Rank 0 prints it; torchrun reads it from the file of each rank."""
    from torch.distributed.elastic.multiprocessing import errors

    for rank in ('1', '0'):
        path = tmp_path / rank
        monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(path))
        monkeypatch.setenv('RANK', rank)
        tool.report('train.py', ValueError('no such file'))
        failure = errors.ProcessFailure(int(rank), 1, 1, str(path))
        shown = errors.ChildFailedError('', {int(rank): failure}).format_msg()
        last = shown.rstrip('=\n').splitlines()[-1]
        assert 'train.py: no such file (--debug' in last
        assert bool(capsys.readouterr().err) == (rank == '0')
    monkeypatch.delenv('TORCHELASTIC_ERROR_FILE')
    monkeypatch.setenv('RANK', '1')  # slurm: nobody else would say it
    tool.report('train.py', ValueError('no such file'))
    assert 'no such file' in capsys.readouterr().err


def test_resume_of_a_folder_without_a_note(mmpose_config, trained, tmp_path):
    """A dangling note goes to the hook, which refuses; an empty one not."""
    assert mmpose_config('--resume').resume is True
    folder = tmp_path / 'work_dirs/i1'
    (folder / 'epoch_1.pth').unlink()
    (folder / 'last_checkpoint').write_text('epoch_1.pth')
    assert mmpose_config('--resume').resume is True
    (folder / 'last_checkpoint').write_text('')
    assert not mmpose_config('--resume').get('resume')


@pytest.mark.parametrize('saved', [False, True])
def test_the_config_beside_checkpoints_is_of_their_training(
    tool, tmp_path, saved
):
    """A test, or a start that is refused, writes its own there before."""
    note, dumped = tmp_path / 'last_checkpoint', tmp_path / 'i1.py'
    cfg = SimpleNamespace(work_dir=str(tmp_path), filename='configs/i1.py')
    with tool.kept_config(cfg, trains=True):
        dumped.write_text('lr = 1')  # the first start of a training
    note.write_text('epoch_1.pth')
    os.utime(note, ns=(1, 1))
    with pytest.raises(ValueError), tool.kept_config(cfg, trains=True):
        dumped.write_text('lr = 2')
        if saved:
            note.write_text('epoch_2.pth')
        raise ValueError
    assert dumped.read_text() == ('lr = 2' if saved else 'lr = 1')


@pytest.mark.parametrize('noted', [False, True])
def test_a_test_never_replaces_the_config_of_a_training(tool, tmp_path, noted):
    """Not where the folder was copied without its note, nor beside a run."""
    note, dumped = tmp_path / 'last_checkpoint', tmp_path / 'i1.py'
    cfg = SimpleNamespace(work_dir=str(tmp_path), filename='configs/i1.py')
    dumped.write_text('lr = 1')
    if noted:
        note.write_text('epoch_1.pth')
        os.utime(note, ns=(1, 1))
    with tool.kept_config(cfg, trains=False):
        dumped.write_text('lr = 2')
        if noted:
            note.write_text('epoch_2.pth')  # by the training beside it
    assert dumped.read_text() == 'lr = 1'


def test_a_test_that_is_terminated_puts_the_config_back(
    tool, tmp_path, monkeypatch
):
    """By run(): by default, the signal ends Python without a `finally`."""
    before = signal.getsignal(signal.SIGTERM)
    folder = tmp_path / 'work'
    folder.mkdir()
    config = folder / 'a.py'
    config.write_text('lr = 1')
    (folder / 'last_checkpoint').write_text('epoch_1.pth')
    cfg = Config(dict(work_dir=str(folder)), filename=str(config))
    monkeypatch.setattr(tool, 'read_config', lambda name: (None, cfg))

    def of_mmpose(path, run_name):
        config.write_text('lr = 2')
        assert signal.getsignal(signal.SIGTERM) is not before
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(tool.runpy, 'run_path', of_mmpose)
    try:
        with pytest.raises(SystemExit, match='143'):
            tool.run('test.py', ['test.py'])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert config.read_text() == 'lr = 1'


@pytest.mark.parametrize(
    ('error', 'status', 'said'),
    [
        (ValueError('a.json: is empty'), 1, 'error: a.json: is empty\n'),
        (KeyboardInterrupt(), 130, 'interrupted\n'),
    ],
)
def test_a_users_error_and_an_interrupt_are_one_line(
    error, status, said, capsys
):
    @reports_errors
    def main():
        raise error

    assert main() == status
    assert capsys.readouterr().err == said
    with pytest.raises(ZeroDivisionError):  # no user's: its traceback helps
        reports_errors(lambda: 1 / 0)()
