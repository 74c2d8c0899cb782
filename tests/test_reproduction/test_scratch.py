"""The scale scratch: small, with the hand-over of the scale photographs."""

import pytest

from reproduction.plan import job_of, scaled
from reproduction.rows import ROWS, select
from reproduction.scales import NotAtScaleError

ROWS_2D = [row for row in ROWS if row.table in ('1', '2', '3', '4', '5')]


def config(row, scale='scratch'):
    return scaled(row.config, row.setting, scale).to_dict()


def factors(cfg):
    hooks = cfg['custom_hooks']
    return [h['factor'] for h in hooks if h['type'] == 'SharpenHook']


@pytest.mark.parametrize('row', ROWS_2D, ids=lambda row: row.config)
def test_it_is_small_but_for_the_hand_over(row):
    """I1 starts from sharpened maps, at the rate that H1 goes on with."""
    here, small = config(row), config(row, 'small')
    wanted = [80 if 'HG-' in row.name else 20]
    assert factors(here) == (wanted if row.config.startswith('i1_') else [])
    assert factors(small) == []
    here['custom_hooks'] = [
        h for h in here['custom_hooks'] if h['type'] != 'SharpenHook'
    ]
    method = row.name.split('.')[-1]
    like = select('1', method if method in ('R1', 'I*') else 'H1')[0]
    photographs = config(like, 'photographs')
    for key in ('train_cfg', 'optim_wrapper', 'param_scheduler'):
        assert here.pop(key) == photographs[key]
        del small[key]
    for cfg, channels in ((here, 32), (small, 64)):
        if 'HG-' in row.name:
            assert cfg['model']['backbone'].pop('channels') == channels
            assert cfg['model']['head'].pop('in_channels') == channels
    assert here == small


def test_names_and_rows_that_it_does_not_have():
    row = select('5', 'regression.HG-I1')[0]
    name = 'i1_hg8w32_24+8e_mpii-trainval-128x128'
    assert job_of(row, 'scratch', 0).name == name
    with pytest.raises(NotAtScaleError, match='no settings for h36m'):
        config(select('7', 'Strategy1.I1')[0])
