# MPII for its benchmark: trains on trainval, and the test writes the file to
# send in. val is a part of trainval: its PCKh says nothing here but that the
# training runs.
_base_ = ['./mpii_256x256.py']
from integral_mmpose.config import edit

test_pipeline = edit(
    _base_.val_pipeline,
    PackPoseInputs=dict(
        meta_keys=(
            'id',
            'img_id',
            'img_path',
            'ori_shape',
            'img_shape',
            'input_size',
            'input_center',
            'input_scale',
            'flip',
            'flip_direction',
            'flip_indices',
            'dataset_name',
            'image_index',
            'annorect_index',
        )
    ),
)

train_dataloader = dict(dataset=dict(split='trainval'))
test_dataloader = dict(dataset=dict(split='test', pipeline=test_pipeline))

test_evaluator = dict(
    _delete_=True,
    type='MpiiSubmission',
    test_list=_base_.data_root + '/annotations/mpii_test_images.json',
    outfile='work_dirs/pred_keypoints_mpii.mat',
)
