# I1 after H1 with the bias compensated (Gu et al., ICCV 2021)
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(head=dict(readout='debiased_integral'))
