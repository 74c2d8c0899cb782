# Table 2 (c): H1, the first half of its epochs, and of I1's
_base_ = ['./h1_res50_4xb32-70e_mpii-128x128.py']

model = dict(head=dict(deconv_out_channels=(256, 256, 256)))
