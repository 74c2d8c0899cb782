"""The names in the registries are this package's alone.

MMPose's registries are shared by every plugin that is imported: a second
registration of a name is refused, and a name that only MMDetection or
MMEngine has is hidden from configs of MMPose's scope.
"""

import mmcv.transforms  # noqa: F401
import mmdet.registry
import mmdet.utils
import mmengine.registry
import mmpose.registry
import mmpose.utils
import pytest

import integral_mmpose  # noqa: F401

#: Registered by MMEngine where DeepSpeed or Apex is installed.
OPTIONAL = {'DeepSpeedCPUAdam', 'FusedAdam', 'FusedLamb', 'FusedSGD'}
#: What anyone could call a class of their own.
GENERIC = {'MultiStageHead', 'ReadImage', 'ResNetStage', 'SeededSampler'}


def _names(module):
    """The registered names of a package, each with its class's module."""
    registries = [
        value
        for value in vars(module).values()
        if isinstance(value, mmengine.registry.Registry)
    ]
    assert registries
    return {
        (name, getattr(item, '__module__', ''))
        for registry in registries
        for name, item in registry.module_dict.items()
    }


@pytest.fixture(scope='module')
def theirs():
    mmpose.utils.register_all_modules(init_default_scope=False)
    mmdet.utils.register_all_modules(init_default_scope=False)
    return {
        name
        for module in (mmengine.registry, mmdet.registry, mmpose.registry)
        for name, origin in _names(module)
        if not origin.startswith('integral_mmpose')
    }


def test_no_name_is_a_hosts(theirs):
    ours = {
        name
        for name, origin in _names(mmpose.registry)
        if origin.startswith('integral_mmpose')
    }
    assert 'IntegralHead' in ours and len(ours) > 30
    assert not ours & (theirs | OPTIONAL | GENERIC)


def test_the_names_of_the_hosts_are_known(theirs):
    """One of each: MMPose, MMDetection, MMEngine, MMCV."""
    assert {'HeatmapHead', 'RTMDet', 'DefaultSampler', 'RandomFlip'} <= theirs
