# I1 after H1 with the expected joint error (Li et al., NeurIPS 2021)
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(head=dict(joint_loss=dict(type='ExpectedErrorLoss')))
