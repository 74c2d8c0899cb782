"""Every command of README and docs would start: files, options, configs.

Nothing is trained. A Python tool is started with the arguments of the page up
to the point where its own parser has read them; ``torchrun`` is read by
torch's parser first. Configs and other files of the repository must exist,
``--cfg-options`` must name a dict that the config has.
"""

import argparse
import re
import runpy
import shlex
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from mmengine.config import Config, ConfigDict
from torch.distributed.run import get_args_parser

from integral_mmpose.cli.main import main

from .pages import ROOT, blocks

#: Commands that are not tried, with the reason.
NOT_TRIED = {
    'pip': 'installs packages',
    'mim': 'installs the package',
    'source': 'is about the shell, .venv comes from make setup',
    'export': 'is about the shell',
}
#: Python files that a page itself asks the reader to write.
WRITTEN = re.compile(r'^# (\w+\.py)$', re.M)
OWN_FOLDERS = tuple(
    f'{name}/'
    for name in ('configs', 'tools', 'demo', 'reproduction', 'docs', 'tests')
)
PLACEHOLDER = re.compile(r'\b[A-Z][A-Z0-9_]{2,}(\.\w+)?$')
ASSIGNMENT = re.compile(r'^(\w+)=(.*)$', re.S)


class Parsed(BaseException):
    """The parser of a tool has read its arguments."""


def split(text, variables):
    """Commands of a block as lists of words; variables are expanded."""
    for line in text.replace('\\\n', ' ').splitlines():
        # The shell splits what an unquoted variable holds; so do we.
        line = re.sub(
            r'\$\{?(\w+)\}?',
            lambda match: variables.get(match[1], match[0]),
            line,
        )
        words = shlex.split(line, comments=True)
        if words and words[0] == 'export':
            words = words[1:]
        while words and ASSIGNMENT.match(words[0]):
            name, value = ASSIGNMENT.match(words.pop(0)).groups()
            variables[name] = value
        if words:
            yield words


def all_commands():
    """(page, words) of every command, with the variables of its page."""
    found, variables, page = [], {}, None
    for block in blocks('bash'):
        if block.page != page:
            page, variables = block.page, {}
        found += [(page, words) for words in split(block.text, variables)]
    return found


@lru_cache(maxsize=None)
def written(page):
    """Files that the reader has written from this page."""
    return set(WRITTEN.findall((ROOT / page).read_text('utf-8')))


@lru_cache(maxsize=None)
def targets():
    text = (ROOT / 'Makefile').read_text()
    return set(re.findall(r'^([a-z-]+):', text, re.M))


def check(page, words):
    """Fail where a command would not start."""
    for word in words:
        if word.startswith(OWN_FOLDERS):
            assert (ROOT / word).exists(), f'{word} does not exist'
        assert not PLACEHOLDER.match(word), f'{word}: a placeholder'
    if words[0] in NOT_TRIED:
        return
    if words[0] == 'make':
        goals = [w for w in words[1:] if '=' not in w]
        assert goals and set(goals) <= targets(), f'no target of {goals}'
        return
    if words[0] == 'torchrun':
        args = get_args_parser().parse_args(words[1:])
        words = ['python', args.training_script, *args.training_script_args]
        assert '--launcher' in words, 'torchrun needs --launcher pytorch'
    if words[0] == 'integral-pose':
        parse_and_stop(lambda: main(words[1:]))
        return
    assert words[0] == 'python', f'{words[0]}: neither tried nor excused'
    start(page, words[1:])


def start(page, words):
    """Let the parser of a tool read its arguments."""
    if words[0] in ('tools/train.py', 'tools/test.py'):
        check_config(page, words)
        parse_mmpose(words)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', words)
        patch.syspath_prepend(str((ROOT / words[0]).parent))
        tool = str(ROOT / words[0])
        parse_and_stop(lambda: runpy.run_path(tool, run_name='__main__'))


def parse_and_stop(run):
    """Run until the parser has read its arguments."""
    parse = argparse.ArgumentParser.parse_args

    def stop(self, *args, **kwargs):
        raise Parsed(parse(self, *args, **kwargs))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, 'parse_args', stop)
        with pytest.raises(Parsed):
            run()


def parse_mmpose(words):
    """MMPose's own parser of tools/train.py and tools/test.py."""
    import mmpose

    name = Path(words[0]).name
    tool = Path(mmpose.__file__).parent / '.mim/tools' / name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [w for w in words if w != '--debug'])
        patch.setenv('LOCAL_RANK', '0')
        runpy.run_path(str(tool))['parse_args']()


def check_config(page, words):
    """``--cfg-options`` must reach a dict of the config, and no list."""
    if words[1] in written(page):
        return  # test_python.py loads it
    cfg = load(words[1])
    for word in words[2:]:
        match = re.match(r'^(\w+(?:\.\w+)+)=', word)
        if not match:
            continue
        node = cfg
        for key in match[1].split('.')[:-1]:
            node = node.get(key) if isinstance(node, ConfigDict) else None
        assert isinstance(node, ConfigDict), f'{match[1]}: no such dict'


@lru_cache(maxsize=None)
def load(path):
    return Config.fromfile(str(ROOT / path))._cfg_dict


@pytest.fixture(autouse=True)
def in_root(monkeypatch):
    monkeypatch.chdir(ROOT)


COMMANDS = all_commands()


@pytest.mark.parametrize(
    ('page', 'words'),
    COMMANDS,
    ids=[f'{page}-{" ".join(words)[:60]}' for page, words in COMMANDS],
)
def test_starts(page, words):
    check(page, words)


def test_enough_is_tried():
    """The pages have not lost their commands to another fence."""
    tried = [words for _, words in COMMANDS if words[0] not in NOT_TRIED]
    assert len(tried) >= 50


@pytest.mark.parametrize(
    'command',
    [
        'python tools/no_such_tool.py',
        'python tools/train.py configs/no_such.py',
        'python tools/analysis_tools/plot_pckh.py a.json --no-such-option 1',
        'python tools/dataset_converters/make_synthetic.py --scale huge',
        'python demo/image_to_pose.py PHOTO.jpg --out poses',
        'integral-pose photo.jpg --no-such-option',
        'integral-pose web --port x',
        'make no-such-target',
        'torchrun --nproc_per_node 4 tools/train.py demo.py',
        'bash tools/dist_train.sh',
        'python tools/test.py {} w.pth --cfg-options test_evaluator.0.x=1',
        'python tools/test.py {} w.pth --cfg-options model.no_such.x=1',
    ],
)
def test_a_wrong_command_is_seen(command):
    """Negative control."""
    config = 'configs/body_3d_keypoint/integral/h36m/'
    config += 'istar_res50_4xb32-140e_h36m-256x256.py'
    with pytest.raises((AssertionError, OSError, SystemExit)):
        check('README.md', command.format(config).split())
