"""Run one of MMPose's tools unchanged, with shorter error messages."""

import argparse
import gc
import json
import os
import re
import runpy
import signal
import sys
import time
import traceback
from pathlib import Path
from urllib.error import URLError

from work_dir import (
    kept_config,
    load_or_resume,
    make_work_dir,
    reserve_folder,
)
from wrong_option import refuse_wrong_types, wrong_option

ROOT = Path(__file__).resolve().parents[1]
# Errors that a wrong file, name, value or disk can cause.
USER_ERRORS = (ValueError, OSError, FloatingPointError, KeyError)
_IN_WORKER = r'Caught (\w+) in .*\nOriginal Traceback'
_LOST_WORKER = 'DataLoader worker (pid'
_CANNOT_MERGE = 'You may set `_delete_=True`'  # mmengine, of a dict over None
#: Fields that mmengine and MMPose read besides the arguments of Runner.
MORE_SETTINGS = (
    'custom_imports', 'runner_type', 'tta_model', 'tta_pipeline', 'compile',
    'sync_bn', 'model_wrapper_cfg', 'find_unused_parameters',
    'activation_checkpointing', 'efficient_conv_bn_eval', 'preprocess_cfg',
)  # fmt: skip


def main(name: str) -> None:
    """Run MMPose's ``tools/<name>`` with this process's arguments.

    Exits with 1 after a user's error, whose text goes to stderr.
    """
    debug = '--debug' in sys.argv
    sys.argv = argv = [arg for arg in sys.argv if arg != '--debug']
    # Idle threads sleep instead of spinning: 1.5 times the speed of small
    # models on two cores. Must be set before torch is imported.
    os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    if (ROOT / 'integral_mmpose').is_dir():
        sys.path.insert(0, str(ROOT))
    try:
        run(name, argv)
    except Exception as error:
        options = given(argv).cfg_options
        if debug or not (of_a_user(error) or options):
            raise
        if of_a_user(error):
            report(name, error)
            sys.exit(1)
        traceback.print_exc()
        sys.exit(
            f'{name}: {type(error).__name__}: {error}. The lines above say '
            f'where. Check --cfg-options {" ".join(options)} first'
        )
    except KeyboardInterrupt:
        if debug:
            raise
        sys.exit(f'{name}: interrupted; --resume continues a training')


def run(name: str, argv: list) -> None:
    """Check the arguments and the config, then run MMPose's tool.

    The folder is locked before it is searched for checkpoints.
    """
    refuse_idle_options(argv)
    args, cfg = read_config(name)
    refuse_wrong_types(cfg.to_dict())
    make_work_dir(cfg.work_dir)
    if name == 'train.py':
        refuse_unknown_optimizer(cfg)
        reserve_folder(cfg)
        argv = load_or_resume(argv, args, cfg.work_dir)
    elif cfg.get('launcher', 'none') == 'none':
        # The config is put back. A process that waits for others would not
        # see the signal.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.argv = argv + join_without_gpu(argv)
    with kept_config(cfg, trains=name == 'train.py'):
        runpy.run_path(str(find_tool(name)), run_name='__main__')
    leave_group()


def refuse_idle_options(argv: list) -> None:
    """Refuse ``--cfg-options`` that change nothing.

    A config has copied its ``data_root`` and ``codec`` into other values when
    mmengine sets an option; mmengine also accepts a misspelt name.
    """
    from inspect import signature

    from mmengine.runner import Runner

    read = {*signature(Runner.__init__).parameters, *MORE_SETTINGS}
    for option in given(argv).cfg_options:
        if '=' not in option:
            raise ValueError(
                f'--cfg-options {option}: must be name=value; put quotes '
                'around a value with blanks'
            )
        name = option.split('=')[0].split('.')[0]
        if name not in read:
            raise ValueError(
                f'--cfg-options {name}: nothing reads `{name}` once the '
                'config is made, so it would change nothing. Set what is '
                'read, such as train_dataloader.dataset.data_root, set the '
                'environment variable that the config names, or write a '
                'child config'
            )


def given(argv: list) -> argparse.Namespace:
    """Parse ``--cfg-options``, as they are written, and ``--launcher``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        '--cfg-options', nargs='+', action='extend', default=[]
    )
    parser.add_argument('--launcher')
    return parser.parse_known_args(argv[1:])[0]


def of_a_user(error: Exception) -> bool:
    """Whether a user can have caused it, as by a wrong option in a config.

    Loader workers end for lack of memory. mmengine asserts what it takes.
    """
    if isinstance(error, RuntimeError):
        return str(error).startswith(_LOST_WORKER)
    if isinstance(error, AssertionError):
        return bool(str(error))
    if isinstance(error, TypeError) and _CANNOT_MERGE in str(error):
        return True
    return isinstance(error, USER_ERRORS) or bool(wrong_option(error))


def report(name: str, error: Exception) -> None:
    """Print an error of a user; under torchrun, on rank 0 only.

    torchrun itself ends with a traceback of its own and a report, which
    cannot be turned off. The report's last lines are the text in the error
    file of the process that failed first: the same sentence.
    """
    text = f'{name}: {explain(error)} (--debug shows where)'
    error_file = os.environ.get('TORCHELASTIC_ERROR_FILE')
    if error_file:
        extra = dict(py_callstack=text, timestamp=str(int(time.time())))
        message = dict(message=text, extraInfo=extra)
        Path(error_file).write_text(json.dumps(dict(message=message)))
    if not error_file or os.environ.get('RANK') == '0':
        print(text, file=sys.stderr)


def explain(error: Exception) -> str:
    """The error in one line, with the fix if it names none itself."""
    if found := re.match(_IN_WORKER, str(error)):
        # torch puts the traceback of a loader's worker into the message.
        return str(error).rpartition(f'\n{found[1]}: ')[2].strip()
    if str(error).startswith(_LOST_WORKER):
        return (
            f'{error}: the system killed it, mostly for lack of memory. Use '
            'fewer workers: --cfg-options train_dataloader.num_workers=1'
        )
    if isinstance(error, KeyError):
        if 'is already registered' in str(error):
            return f'{error.args[0]}. Give your class another name'
        return f'{error} (no such name)'
    if isinstance(error, URLError):
        return (
            f'{error}: weights that the config names cannot be downloaded. '
            'Put the file into ~/.cache/torch/hub/checkpoints, or train from '
            'scratch: --cfg-options model.backbone.init_cfg=None'
        )
    return wrong_option(error) or str(error) or type(error).__name__


def join_without_gpu(argv: list) -> list:
    """Join the processes of ``--launcher pytorch`` on a CPU, by gloo.

    mmengine selects a CUDA device first, whatever the back end; it takes a
    process group that is there. Its default wrapper names a CUDA device: the
    arguments to add name one without.
    """
    if given(argv).launcher != 'pytorch' or 'WORLD_SIZE' not in os.environ:
        return []
    import torch

    if torch.cuda.is_available():
        return []
    torch.distributed.init_process_group('gloo')
    return [
        '--cfg-options',
        'env_cfg.dist_cfg.backend=gloo',
        'model_wrapper_cfg.type=MMDistributedDataParallel',
        'model_wrapper_cfg.device_ids=None',
        'model_wrapper_cfg.broadcast_buffers=False',
    ]


def leave_group() -> None:
    """Leave the process group of a run that is finished.

    A thread of gloo that still runs when the interpreter exits aborts the
    process now and then; it ends with the last reference to its group, which
    the wrapped model of a runner holds in a cycle. After an error the
    launcher ends the processes: another rank may wait for this one.
    """
    torch = sys.modules.get('torch')
    if torch and torch.distributed.is_initialized():
        gc.collect()
        torch.distributed.destroy_process_group()


def read_config(name: str) -> tuple:
    """Read ``sys.argv`` as MMPose does; returns ``(args, config)``."""
    tool = runpy.run_path(str(find_tool(name)))
    args = tool['parse_args']()
    from integral_mmpose import config

    return args, tool['merge_args'](config.read_config(args.config), args)


def refuse_unknown_optimizer(cfg) -> None:
    """mmengine fails with "None is not a callable object" otherwise."""
    from mmpose.registry import OPTIMIZERS

    optimizer = (cfg.get('optim_wrapper') or {}).get('optimizer') or {}
    name = optimizer.get('type')
    if isinstance(name, str) and OPTIMIZERS.get(name) is None:
        raise ValueError(
            f'optim_wrapper.optimizer.type={name!r}: neither torch nor '
            'OpenMMLab has such an optimizer'
        )


def find_tool(name: str) -> Path:
    import mmpose

    import integral_mmpose  # noqa: F401  (safe loading, before any config)

    folder = Path(mmpose.__file__).resolve().parent
    # Installed from a wheel, or used from its repository.
    for tools in (folder / '.mim' / 'tools', folder.parent / 'tools'):
        if (tools / name).is_file():
            return tools / name
    raise FileNotFoundError(
        f'the MMPose in {folder} comes without tools/{name}: install it from '
        'the package index, pip install --no-deps mmpose'
    )
