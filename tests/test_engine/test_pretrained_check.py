"""Parts that start from a file: its weights are theirs, or it is an error."""

import pytest
import torch
from mmengine.model import BaseModule
from mmpose.registry import MODELS

from integral_mmpose.engine import pretrained_check as module
from integral_mmpose.engine.compare_weights import how_to_allow
from integral_mmpose.engine.pretrained_check import check_pretrained

HOOK = [dict(type='CheckCheckpointHook')]


def check(model, **options):
    """As in a training: mmengine initialises, and then it is checked."""
    for part in model.values() if hasattr(model, 'values') else [model]:
        part.init_weights()
    check_pretrained(model, **options)


def pretrained(path, **options):
    init = dict(type='Pretrained', checkpoint=str(path), **options)
    return MODELS.build(dict(type='ResNet', depth=18, init_cfg=init))


@pytest.fixture
def whole_model(tmp_path):
    """A file with the weights of ResNet-18 as a whole model names them."""
    weights = MODELS.build(dict(type='ResNet', depth=18)).state_dict()
    path = tmp_path / 'whole.pth'
    torch.save({f'backbone.{name}': w for name, w in weights.items()}, path)
    return path, weights


def test_backbone_of_a_whole_model_needs_its_prefix(whole_model):
    path, weights = whole_model
    model = torch.nn.ModuleDict(dict(backbone=pretrained(path)))
    with pytest.raises(
        ValueError,
        match=r'^backbone\.init_cfg: this ResNet does not start from .*'
        r'whole\.pth\. 100 weights are missing in it: conv1\.weight, .*; 120 '
        r'weights are not in the model: backbone\.conv1\.weight, .* '
        r"Give .*`prefix='backbone\.'`",
    ):
        check(model)
    # Negative control: mmengine only warns, and the weights stay random.
    first = model.backbone.conv1.weight
    assert not torch.equal(first, weights['conv1.weight'])


@pytest.mark.parametrize('prefix', ['backbone', 'backbone.'])
def test_backbone_with_its_prefix_passes(whole_model, prefix):
    path, weights = whole_model
    model = pretrained(path, prefix=prefix)
    check(model)
    assert torch.equal(model.conv1.weight, weights['conv1.weight'])


def test_backbone_of_another_width_is_refused(whole_model, tmp_path):
    _, weights = whole_model
    path = tmp_path / 'own.pth'
    extra = dict(weights, **{'fc.weight': torch.zeros(1000, 512)})
    torch.save(dict(state_dict=extra), path)
    check(pretrained(path))
    init = dict(type='Pretrained', checkpoint=str(path))
    half = dict(type='ResNet', depth=18, stem_channels=32, base_channels=32)
    with pytest.raises(
        ValueError,
        match=r'^init_cfg: .*own\.pth\. 100 weights have another shape: '
        r'conv1\.weight \(64, 3, 7, 7\) instead of \(32, 3, 7, 7\)',
    ):
        check(MODELS.build(dict(half, init_cfg=init)))


def test_missing_file_of_a_backbone(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'gone\.pth'):
        check(pretrained(tmp_path / 'gone.pth'))


def test_backbone_of_a_url(whole_model, server, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch_home'))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    url = f'{server}/{whole_model[0].name}'
    check(pretrained(url, prefix='backbone.'))
    with pytest.raises(ValueError, match='does not start from .*/whole.pth'):
        check(pretrained(url))


class Two(BaseModule):
    """Two layers."""

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.a, self.b = torch.nn.Linear(1, 2), torch.nn.Linear(1, 2)


def files_of(tmp_path, *names):
    """A file of random weights for each layer of Two."""
    for name in names:
        torch.save(
            {
                f'{name}.weight': torch.rand(2, 1),
                f'{name}.bias': torch.ones(2),
            },
            tmp_path / f'{name}.pth',
        )
        yield dict(type='Pretrained', checkpoint=str(tmp_path / f'{name}.pth'))


def test_part_of_several_files(tmp_path):
    """mmengine loads one after the other, after all that is random."""
    first, second = files_of(tmp_path, 'a', 'b')
    inits = [dict(type='Constant', layer='Linear', val=0), first, second]
    check(Two(inits))
    with pytest.raises(ValueError, match=r'2 weights are missing in it: b\.'):
        check(Two(inits[:2]))


def test_override_initialises_the_rest(tmp_path):
    (first,) = files_of(tmp_path, 'a')
    rest = dict(type='Constant', name='b', val=0.5)
    model = Two(dict(first, override=rest))
    check(model)
    assert model.b.weight.tolist() == [[0.5], [0.5]]


def test_a_list_lets_resnet_change_its_norms(whole_model, tmp_path):
    """MMPose's ResNet zeroes them, unless ``init_cfg`` is a dict."""
    weights = {
        name: value + 0.7 if 'bn2.weight' in name else value
        for name, value in whole_model[1].items()
    }
    path = tmp_path / 'own.pth'
    torch.save(weights, path)
    init = dict(type='Pretrained', checkpoint=str(path))
    check(MODELS.build(dict(type='ResNet', depth=18, init_cfg=init)))
    with pytest.raises(ValueError, match='8 weights were changed after'):
        check(MODELS.build(dict(type='ResNet', depth=18, init_cfg=[init])))


def test_the_file_of_a_whole_model_comes_last(tmp_path):
    """Its parts do not start from theirs, but as mmengine loads them."""
    first, second = files_of(tmp_path, 'a', 'b')
    whole = Two([first, second])
    whole.a = BaseModule()
    whole.a.weight, whole.a.bias = (
        torch.nn.Parameter(torch.zeros(2, 1)),
        torch.nn.Parameter(torch.zeros(2)),
    )
    other = tmp_path / 'other.pth'
    torch.save(dict(weight=torch.rand(2, 1), bias=torch.zeros(2)), other)
    whole.a.init_cfg = dict(type='Pretrained', checkpoint=str(other))
    check(whole)
    assert whole.a.bias.tolist() == [1.0, 1.0]


class Renamed(Two):
    """Knows the earlier name of a layer, as MMPose does of its head."""

    def _load_from_state_dict(self, state_dict, prefix, *args):
        for name in list(state_dict):
            if name.startswith('old.'):
                state_dict[name.replace('old.', 'b.')] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *args)


def test_names_that_torch_changes_on_loading(tmp_path):
    inits = list(files_of(tmp_path, 'a', 'old'))
    check(Renamed(inits))
    with pytest.raises(ValueError, match=r'missing in it: b\.weight, b\.bias'):
        check(Two(inits))


def test_what_is_not_initialised_is_not_looked_at(tmp_path):
    """A frozen teacher, or a class that converts the file itself."""
    check_pretrained(pretrained(tmp_path / 'gone.pth'))


def test_a_few_weights_are_refused_and_can_be_allowed(whole_model, tmp_path):
    path, weights = tmp_path / 'part.pth', dict(whole_model[1])
    del weights['layer4.1.conv2.weight']
    torch.save(weights, path)
    model = torch.nn.ModuleDict(dict(backbone=pretrained(path)))
    with pytest.raises(
        ValueError, match=r'1 weights are missing in it: layer4\.1\.conv2'
    ) as error:
        check(model)
    # The recipe of the message is the one that works.
    assert "(allow=['backbone.layer4'])" in str(error.value)
    check(model, allow=['backbone.layer4'])


def test_the_recipe_for_another_network_is_its_name():
    names = [f'backbone.layer{i}.conv.weight' for i in range(4)]
    assert how_to_allow(names, []).endswith("(allow=['backbone']))")
    # What is allowed already stays: the list is replaced.
    assert how_to_allow(names[2:], ['head']).endswith(
        "(allow=['head', 'backbone.layer2', 'backbone.layer3']))"
    )


def test_backbone_with_nan_is_refused(whole_model, tmp_path):
    path, weights = tmp_path / 'nan.pth', dict(whole_model[1])
    weights['conv1.weight'] = torch.full((64, 3, 7, 7), float('nan'))
    torch.save(weights, path)
    with pytest.raises(ValueError, match=r'conv1\.weight holds numbers that'):
        check(pretrained(path))


@pytest.fixture
def own_file(tiny_model, tmp_path):
    """``init_cfg`` of a tiny model, and its weights."""
    weights = {n: w + 0.5 for n, w in tiny_model().state_dict().items()}
    torch.save(weights, tmp_path / 'own.pth')
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'own.pth'))
    return init, weights


def start(make_runner, own_file, **options):
    runner = make_runner(max_epochs=1, custom_hooks=HOOK, **options)
    runner.model.init_cfg = own_file[0]
    return runner


def test_a_training_is_checked(make_runner, own_file, tmp_path):
    start(make_runner, own_file).train()
    del own_file[1]['head.bias']
    torch.save(own_file[1], tmp_path / 'own.pth')
    runner = start(make_runner, own_file, work_dir=str(tmp_path / 'again'))
    with pytest.raises(ValueError, match=r'missing in it: head\.bias'):
        runner.train()
    assert runner.iter == 0


def test_a_training_from_a_checkpoint_is_checked(
    make_runner, own_file, tmp_path
):
    """Before the checkpoint replaces the weights of the file."""
    start(make_runner, own_file).train()
    first = str(tmp_path / 'work' / 'epoch_1.pth')
    options = dict(load_from=first, work_dir=str(tmp_path / 'again'))
    start(make_runner, own_file, **options).train()


def test_the_weights_are_left_alone(make_runner, own_file, tmp_path):
    runner = start(make_runner, own_file)
    runner.train()
    trained = [weight.clone() for weight in runner.model.parameters()]
    runner.call_hook('before_run')  # as test() and val() do
    assert all(map(torch.equal, trained, runner.model.parameters()))


def test_a_model_that_was_initialised_before_keeps_its_weights(
    make_runner, own_file
):
    runner = start(make_runner, own_file)
    runner.model.init_weights()
    with torch.no_grad():
        runner.model.head.bias.fill_(7.0)
    runner.call_hook('before_run')
    runner.call_hook('before_train')
    assert runner.model.head.bias.unique().tolist() == [7.0]


def test_an_override_from_a_file_is_checked(tmp_path):
    """Of an initialisation of any type."""
    (first,) = files_of(tmp_path, 'b')
    torch.save(dict(weight=torch.rand(2, 1)), tmp_path / 'part.pth')
    part = dict(first, name='a', checkpoint=str(tmp_path / 'part.pth'))
    for init in (dict(type='Normal', layer='Linear'), first):
        with pytest.raises(
            ValueError,
            match=r'^a\.init_cfg: this Linear does not start from .*part\.pth'
            r'\. 1 weights are missing in it: bias\.',
        ):
            check(Two(dict(init, override=part)))
    weights = dict(weight=torch.rand(2, 1), bias=torch.ones(2))
    torch.save(weights, tmp_path / 'part.pth')
    check(Two(dict(first, override=part)))


def test_a_type_with_its_scope(tmp_path):
    torch.save(dict(weight=torch.rand(2, 1)), tmp_path / 'other.pth')
    path = str(tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='4 weights are missing'):
        check(Two(dict(type='mmengine.Pretrained', checkpoint=path)))


def test_other_joints_beside_a_backbone_of_its_own(tmp_path):
    """The whole model's file lacks an allowed head; it still comes last."""
    (whole,) = files_of(tmp_path, 'a')
    own = torch.nn.Linear(1, 2).state_dict()
    torch.save(own, tmp_path / 'own.pth')
    model = Two(whole)
    model.a = Part(dict(whole, checkpoint=str(tmp_path / 'own.pth')))
    model.init_weights()
    assert not torch.equal(model.a.weight, own['weight'])
    with pytest.raises(ValueError, match=r'missing in it: b\.weight, b\.bias'):
        check_pretrained(model)
    check_pretrained(model, allow=['b'])


class Part(BaseModule, torch.nn.Linear):
    """A layer with an initialisation of its own."""

    def __init__(self, init_cfg):
        torch.nn.Linear.__init__(self, 1, 2)
        self._is_init, self.init_cfg = False, init_cfg


def test_renamed_weights_beside_another_shape(tmp_path):
    """torch stops at the shape; the renamed weights are no fault."""
    inits = list(files_of(tmp_path, 'a', 'old'))
    wide = {'a.weight': torch.zeros(5, 1), 'a.bias': torch.zeros(5)}
    torch.save(wide, tmp_path / 'a.pth')
    with pytest.raises(
        ValueError,
        match=r'from [^ ]*a\.pth, [^ ]*old\.pth\. 2 weights have another '
        r'shape: a\.weight \(5, 1\) instead of \(2, 1\), a\.bias [^;]*\. Give',
    ):
        check(Renamed(inits))
    check(Renamed(inits), allow=['a.'])


class Masked(Two):
    """A mask of its constructor, and weights that know no deep copy."""

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.register_buffer('mask', torch.full((3,), -torch.inf))
        self.register_buffer('number', torch.zeros(()))
        with pytest.warns(FutureWarning, match='parametrizations'):
            torch.nn.utils.weight_norm(self.a)


@pytest.mark.parametrize('change', [None, 'absent', 'whole'])
def test_buffers_that_are_computed_need_no_file(tmp_path, change):
    weights = Masked().state_dict()
    if change == 'absent':
        del weights['mask'], weights['number']
    elif change == 'whole':
        weights['number'] = weights['number'].long()
    path = str(tmp_path / 'own.pth')
    torch.save(weights, path)
    model = Masked(dict(type='Pretrained', checkpoint=path))
    check(model)
    assert torch.equal(model.b.weight, weights['b.weight'])
    del weights['a.weight_g']
    torch.save(weights, path)
    with pytest.raises(ValueError, match=r'missing in it: a\.weight_g'):
        check(Masked(dict(type='Pretrained', checkpoint=path)))


def test_what_cannot_be_checked_is_named(whole_model, monkeypatch):
    """mmengine does not look into a list of torch."""
    said = []
    monkeypatch.setattr(
        module, 'print_log', lambda text, *_: said.append(text)
    )
    model = BaseModule()
    model.parts = torch.nn.ModuleList([pretrained(whole_model[0])])
    model.init_weights()
    check_pretrained(model)
    assert len(said) == 1
    assert said[0].startswith('parts.0.init_cfg: whether this ResNet starts')


def test_nothing_to_resume_is_a_start(make_runner, own_file, tmp_path):
    """Without ResumeHook the wish to resume stays."""
    del own_file[1]['head.bias']
    torch.save(own_file[1], tmp_path / 'own.pth')
    runner = start(make_runner, own_file, resume=True)
    with pytest.raises(ValueError, match=r'missing in it: head\.bias'):
        runner.train()
