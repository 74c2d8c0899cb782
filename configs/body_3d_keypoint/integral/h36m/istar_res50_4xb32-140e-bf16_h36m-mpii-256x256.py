# Table 7, Strategy 2, I* in bfloat16 (softmax, integral and losses in float32)
_base_ = ['./istar_res50_4xb32-140e_h36m-mpii-256x256.py']

optim_wrapper = dict(
    type='AmpOptimWrapper', dtype='bfloat16', loss_scale=dict(enabled=False)
)
