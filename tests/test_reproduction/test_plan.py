"""Plans: first halves first, nothing twice."""

import json

from reproduction.experiment import Experiment
from reproduction.plan import (
    config_of,
    job_of,
    load,
    plan,
    scaled,
    starts_from,
)
from reproduction.reproduce import rows_at_scale
from reproduction.rows import ROWS, select


def test_h_before_i():
    for scale in ('small', 'paper'):
        jobs = plan(rows_at_scale(ROWS, scale), scale, [0])
        for place, job in enumerate(jobs):
            if job.config.startswith(('i1_', 'i2_', 'i3_')):
                assert job.parent.config.startswith(f'h{job.config[1]}_')
                assert job.parent in jobs[:place]


def test_a_row_in_two_tables_is_trained_once():
    """Table 1's H1 and I1 stand in Tables 2, 3 and 4, too."""
    rows = [r for r in ROWS if r.table in tuple('1234')]
    jobs = plan(rows, 'paper', [0, 1])
    assert len({job for job in jobs}) == len(jobs)
    # 8 methods; a, c, d; two backbones; three numbers of stages: H and I
    rows_once = 8 + 2 * (3 + 2 + 3)
    halves = 3 + 3 + 2 + 3
    assert len(jobs) == 2 * (rows_once + halves)
    names = {
        job_of(row, 'paper', 0).name
        for row in rows
        if row.name in ('H1', 'H1.b', 'H1.ResNet-50', 'MS-H1.1')
    }
    assert names == {'h1_res50_4xb32-70+70e_mpii-256x256'}


def test_equal_configs_of_two_tables_differ_where_their_sizes_do():
    """Table 7's small volume leaves no room for Table 9's setting (d)."""
    (ours,) = select('9', 'I2.a')
    (same,) = select('7', 'Strategy2.I2')
    assert ours.config == same.config
    assert job_of(ours, 'small', 0).name != job_of(same, 'small', 0).name
    assert job_of(ours, 'paper', 0).name == job_of(same, 'paper', 0).name


def test_equal_names_are_equal_experiments():
    """A name tells everything that two configs can differ in."""
    for scale in ('tiny', 'small'):
        found = {}
        for job in plan(ROWS, scale, [0]):
            cfg = scaled(job.config, job.setting, scale).to_dict()
            start = job.parent.name if job.parent else None
            cfg['load_from'] = start
            found.setdefault(job.name, set()).add(
                json.dumps(cfg, sort_keys=True)
            )
        for row in ROWS:
            job = job_of(row, scale, 0)
            cfg = scaled(job.config, job.setting, scale).to_dict()
            cfg['load_from'] = job.parent.name if job.parent else None
            found[job.name].add(json.dumps(cfg, sort_keys=True))
        assert all(len(configs) == 1 for configs in found.values())
        every = [c for configs in found.values() for c in configs]
        assert len(set(every)) == len(found)


def test_h_and_i_have_equal_epochs():
    for scale in ('tiny', 'small', 'paper'):
        totals = {}
        for row in select('1') + select('7'):
            job = job_of(row, scale, 0)
            whole = job.epochs + (job.parent.epochs if job.parent else 0)
            totals.setdefault(row.table, set()).add(whole)
        assert all(len(epochs) == 1 for epochs in totals.values())


def test_config_of(tmp_path):
    (row,) = select('1', 'I1')
    job = job_of(row, 'small', 3)
    cfg = config_of(job, tmp_path)
    assert cfg.randomness.seed == 3
    assert cfg.load_from == str(
        tmp_path / 'runs' / job.parent.name / 'seed3/epoch_30.pth'
    )
    assert cfg.auto_scale_lr == dict(base_batch_size=32, enable=True)
    paper = config_of(job_of(row, 'paper', 0), tmp_path)
    assert paper.auto_scale_lr.base_batch_size == 4 * 32


def test_a_folder_that_is_found_late(tmp_path, monkeypatch):
    """Rows are looked at before their data is found, or made."""
    monkeypatch.delenv('MPII_ROOT', raising=False)
    (row,) = select('1', 'I1')
    for scale in ('small', 'paper'):
        job = job_of(row, scale, 0)
        monkeypatch.setenv('MPII_ROOT', str(tmp_path))
        cfg = config_of(job, tmp_path)
        assert cfg.train_dataloader.dataset.data_root == str(tmp_path)


def test_halves():
    """The name of a config says what the config has."""
    for row in ROWS:
        name = row.config
        while name:
            cfg = load(name)
            second = Experiment.parse(name).half == 'second'
            assert second == bool(cfg.get('load_from'))
            first = Experiment.parse(name).half == 'first'
            assert first == (not second and cfg.train_cfg.max_epochs == 70)
            name = starts_from(name)
