# Table 9 (d): H2, the first half of its epochs, and of I2's
_base_ = ['./h2_res50_4xb32-70e_h36m-mpii-128x128.py']

model = dict(head=dict(depth=16, deconv_out_channels=(256, 256)))
