"""A model of six parameters under mmengine's real Runner."""

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset


class Line(Dataset):
    """Sixteen points on y = 2x + 1."""

    def __len__(self):
        return 16

    def __getitem__(self, index):
        x = torch.tensor([index / 16.0])
        return dict(inputs=x, data_samples=2 * x + 1)


class TinyModel(BaseModel):
    """A linear model; dropout makes it use the random generator.

    Args:
        width (int): Hidden channels: another width is another model.
    """

    def __init__(self, width=2):
        super().__init__()
        self.backbone = torch.nn.Linear(1, width)
        self.drop = torch.nn.Dropout(0.5)
        self.head = torch.nn.Linear(width, 1)

    def forward(self, inputs, data_samples, mode='tensor'):
        out = self.head(self.drop(self.backbone(inputs)))
        if mode == 'loss':
            return dict(loss=(out - data_samples).square().mean())
        return out


class SquaredError(BaseMetric):
    """The mean of what the model returns in predict mode."""

    def process(self, data_batch, data_samples):
        self.results += [float(sample) for sample in data_samples]

    def compute_metrics(self, results):
        return dict(error=sum(value**2 for value in results))


class Reduces:
    """Pickles as what it is told."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):  # what follows the state is an iterator
        return self.parts[:3] + tuple(p and iter(p) for p in self.parts[3:])


@pytest.fixture
def make_runner(tmp_path):
    """A function that makes a Runner; keywords go to Runner."""
    count = 0

    def make(model=None, max_epochs=2, val_interval=0, **kwargs):
        nonlocal count
        count += 1
        default = dict(
            model=model or TinyModel(),
            work_dir=str(tmp_path / 'work'),
            train_dataloader=DataLoader(Line(), batch_size=4),
            train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
            optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-2)),
            param_scheduler=dict(type='MultiStepLR', milestones=[1]),
            default_scope='mmpose',
            experiment_name=f'{tmp_path.name}-{count}',
            log_level='ERROR',
            randomness=dict(seed=3),
        )
        if val_interval:
            default['train_cfg']['val_interval'] = val_interval
            default.update(
                val_dataloader=DataLoader(Line(), batch_size=8),
                val_cfg=dict(),
                val_evaluator=Evaluator([SquaredError()]),
            )
        default.update(kwargs)
        return Runner(**default)

    return make


@pytest.fixture
def tiny_model():
    """The class of the model."""
    return TinyModel
