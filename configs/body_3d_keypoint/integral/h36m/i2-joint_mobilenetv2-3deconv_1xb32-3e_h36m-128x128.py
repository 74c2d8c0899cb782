# The control: the same steps on Human3.6M alone
_base_ = ['./i2-joint_mobilenetv2-3deconv_1xb32-3e_h36m-lsp-mpii-128x128.py']

train_dataloader = dict(
    batch_sampler=dict(shares=[1]),
    dataset=dict(datasets=[_base_.train_dataloader.dataset.datasets[0]]),
)
