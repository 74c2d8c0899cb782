# Table 4, 3 stages: H1, the first half of its epochs, and of I1's
_base_ = ['./h1_ms4-res50_4xb32-70e_mpii-256x256.py']

model = dict(head=dict(num_stages=3))
