"""What has to be trained for some rows, in which order, and where it goes."""

import re
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import List, NamedTuple, Optional, Tuple

from mmengine.config import Config
from mmengine.logging import MMLogger

from .rows import CONFIGS, Row
from .scales import load_setting, scale_config

#: mmengine reads one config at a time; rows side by side are threads.
READING = Lock()
FIRST_HALF = re.compile(r'work_dirs/(.+)/epoch_\d+\.pth')


class Job(NamedTuple):
    """One training: its name at this scale, and what it starts from.

    Rows of several tables that are the same experiment have the same job.
    """

    name: str
    config: str
    setting: str
    scale: str
    seed: int
    epochs: int
    parent: Optional['Job'] = None

    def folder(self, out: Path) -> Path:
        """Where its checkpoints are."""
        return Path(out) / 'runs' / self.name / f'seed{self.seed}'

    def checkpoint(self, out: Path) -> Path:
        """The checkpoint of its last epoch; there once it is trained."""
        return self.folder(out) / f'epoch_{self.epochs}.pth'

    @property
    def title(self) -> str:
        """For people."""
        return f'{self.name} seed {self.seed}'


def starts_from(config: str) -> Optional[str]:
    """The config whose last checkpoint ``config`` starts from."""
    loaded = load(config).get('load_from')
    return loaded and FIRST_HALF.fullmatch(loaded)[1]


def read(config: str) -> Config:
    """A config at the paper's scale, with the folders of the environment."""
    with READING:
        # mmengine says for every file that it has read MPII_ROOT and others.
        MMLogger.get_current_instance().setLevel('WARNING')
        return Config.fromfile(CONFIGS[config])


@lru_cache(None)
def load(config: str) -> Config:
    """A config to look at, whatever its folders; do not change it."""
    return read(config)


@lru_cache(None)
def scaled(config: str, setting: str, scale: str) -> Config:
    """The config of a row at a scale, to look at; do not change it."""
    return scale_config(load(config), load_setting(scale, setting))


def job_of(row: Row, scale: str, seed: int) -> Job:
    """The training behind a row, with what it starts from."""
    return _job(row.config, row.setting, scale, seed)


@lru_cache(None)
def _job(config: str, setting: str, scale: str, seed: int) -> Job:
    first = starts_from(config)
    parent = _job(first, setting, scale, seed) if first else None
    cfg = scaled(config, setting, scale)
    name = config if scale == 'paper' else describe(config, cfg, parent)
    epochs = cfg.train_cfg.max_epochs
    return Job(name, config, setting, scale, seed, epochs, parent)


def describe(config: str, cfg: Config, parent: Optional[Job]) -> str:
    """A name of the scaled experiment, in the words of the config names.

    Two rows with the same name are the same experiment, whatever their tables
    call them: ``h2_res18w16-3deconv_48+24e_h36m-mpii-64x64x16``.
    """
    method, _, _, data = config.split('_')
    epochs = f'{cfg.train_cfg.max_epochs}e'
    if parent:
        epochs = f'{parent.epochs}+{epochs}'
    size = 'x'.join(map(str, _size(cfg)))
    data = data.rsplit('-', 1)[0]
    return f'{method}_{_network(cfg.model)}_{epochs}_{data}-{size}'


def _size(cfg: Config) -> Tuple[int, ...]:
    head = cfg.model.head
    depth = head.get('depths', [head.get('depth', 1)])[-1]
    return (*cfg.codec.input_size, *([depth] if depth > 1 else []))


def _network(model) -> str:
    backbone, head = model.backbone, model.head
    if backbone.type == 'HourglassStem':
        return f'hg{head.num_stages}w{backbone.channels}'
    name = backbone.type.lower()
    if 'depth' in backbone:
        name = f'res{backbone.depth}w{backbone.get("base_channels", 64)}'
    if 'stage' in head:
        name = f'ms{head.num_stages}-{name}'
    deconvs = head.get('deconv_out_channels')
    return f'{name}-{len(deconvs)}deconv' if deconvs else name


def plan(rows: List[Row], scale: str, seeds: List[int]) -> List[Job]:
    """Every training that the rows need, once, first halves first."""
    jobs = {}
    for seed in seeds:
        for row in rows:
            job = job_of(row, scale, seed)
            for each in (job.parent, job):
                if each is not None:
                    jobs.setdefault((each.name, each.seed), each)
    return list(jobs.values())


def config_of(job: Job, out: Path) -> Config:
    """The config to run: scaled, seeded, and starting where it should.

    The learning rate follows the number of processes: it is for 4 x 32
    pictures at the paper's scale, for one process at the others.
    """
    setting = load_setting(job.scale, job.setting)
    # Read anew: the data may have been found after the row was looked at.
    cfg = Config(scale_config(read(job.config), setting).to_dict())
    cfg.randomness = dict(seed=job.seed)
    cfg.auto_scale_lr.enable = True
    cfg.load_from = str(job.parent.checkpoint(out)) if job.parent else None
    cfg.work_dir = str(job.folder(out))
    return cfg
