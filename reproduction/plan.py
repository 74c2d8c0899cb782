"""Which trainings some rows need, in which order, and where they go.

Example: Table 1, row I1, at the scale small.

- The row has the config ``i1_res50_4xb32-70+70e_mpii-256x256``, which starts
  from ``h1_res50_4xb32-70e_mpii-256x256``, and the setting ``mpii``.
- The scale has numbers for each setting: ``scale_numbers/small.py`` makes
  ``mpii`` 128 px, ResNet-18 with 16 channels, and 30 + 15 epochs.
- Config, setting and scale make a job, named
  ``i1_res18w16-2deconv_30+15e_mpii-128x128``. Its parent, the first half of
  the schedule, is ``h1_res18w16-2deconv_30e_mpii-128x128``, as that of H1.
- The plan is [parent, job], each once a seed. The job loads
  ``runs/<name of the parent>/seed0/epoch_30.pth``.
"""

from functools import lru_cache
from pathlib import Path
from typing import List, NamedTuple, Optional, Tuple

from mmengine.config import Config
from mmengine.logging import MMLogger

from .experiment import Experiment
from .rows import CONFIGS, Row
from .scales import load_setting, scale_config


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
        return Path(out) / 'runs' / self.name / f'seed{self.seed}'

    def checkpoint(self, out: Path) -> Path:
        """The checkpoint of its last epoch; there once it is trained."""
        return self.folder(out) / f'epoch_{self.epochs}.pth'

    @property
    def title(self) -> str:
        return f'{self.name} seed {self.seed}'

    @property
    def is_first_half(self) -> bool:
        return Experiment.parse(self.config).half == 'first'


def starts_from(config: str) -> Optional[str]:
    """The config whose last checkpoint ``config`` starts from."""
    loaded = load(config).get('load_from')
    return loaded and Path(loaded).parent.name


def read(config: str) -> Config:
    """A config at the paper's scale, with the folders of the environment."""
    # mmengine logs MPII_ROOT and others for every file.
    MMLogger.get_current_instance().setLevel('WARNING')
    return Config.fromfile(CONFIGS[config])


@lru_cache(None)
def load(config: str) -> Config:
    """A cached config, whatever its folders; do not change it."""
    return read(config)


@lru_cache(None)
def scaled(config: str, setting: str, scale: str) -> Config:
    """The cached config of a row at a scale; do not change it."""
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
    """Name a scaled experiment as its config is named.

    Two rows with the same name are the same experiment, whatever their tables
    call them: ``h2_res18w16-3deconv_48+24e_h36m-mpii-64x64x16``.
    """
    paper, epochs = Experiment.parse(config), f'{cfg.train_cfg.max_epochs}e'
    if parent:
        epochs = f'{parent.epochs}+{epochs}'
    data = '-'.join([*paper.data_sets, 'x'.join(map(str, _size(cfg)))])
    return Experiment(paper.method, _network(cfg.model), epochs, data).stem


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
    images at the paper's scale, for one process at the others.
    """
    setting = load_setting(job.scale, job.setting)
    # Not cached: the data may have been found after the row was planned.
    cfg = Config(scale_config(read(job.config), setting).to_dict())
    cfg.randomness = dict(seed=job.seed)
    cfg.auto_scale_lr.enable = True
    cfg.load_from = str(job.parent.checkpoint(out)) if job.parent else None
    cfg.work_dir = str(job.folder(out))
    return cfg
