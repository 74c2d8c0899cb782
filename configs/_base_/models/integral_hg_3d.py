# HourGlass from scratch, 3D: one stage, a volume of 64 x 64 x 64 bins
_base_ = ['./integral_hg8.py']

model = dict(head=dict(out_channels=18, num_stages=1, depth=64))
