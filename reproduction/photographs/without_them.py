# Human3.6M alone: every sample is a frame with a 3D pose
_base_ = ['./with_them.py']

train_dataloader = dict(
    batch_sampler=dict(shares=[1]), dataset=dict(datasets=[_base_.frames])
)
