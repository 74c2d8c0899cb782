# The first stage of the model that ships without its photographs: the control
# of what they teach (Human3.6M alone, the same start, as many steps)
_base_ = ['./i2-joint_mobilenetv2-3deconv_1xb32-6e_h36m-lsp-mpii-128x128.py']

train_dataloader = dict(
    batch_sampler=dict(shares=[1]), dataset=dict(datasets=[_base_.frames])
)
