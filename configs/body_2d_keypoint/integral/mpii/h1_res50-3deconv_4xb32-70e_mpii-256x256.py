# Table 2 (a): H1, the first half of its epochs, and of I1's
_base_ = ['./h1_res50_4xb32-70e_mpii-256x256.py']

model = dict(head=dict(deconv_out_channels=(256, 256, 256)))
