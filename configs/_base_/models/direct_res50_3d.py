# R1, 3D
_base_ = ['./direct_res50.py']

model = dict(head=dict(num_joints=18, num_axes=3))
