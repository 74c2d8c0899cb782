# Table 8, two stages, d = 1, 64: H1, the first half of its epochs, and of I1's
_base_ = ['./h1_hg1_4xb32-70e_h36m-256x256.py']

model = dict(head=dict(num_stages=2, depths=(1, 64)))
