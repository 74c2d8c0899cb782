# Strategy 1, I* with L2 on the joints (the paper found L1 consistently better)
_base_ = ['./istar_res50_4xb32-140e_h36m-256x256.py']

model = dict(head=dict(joint_loss=dict(type='JointL2Loss')))
