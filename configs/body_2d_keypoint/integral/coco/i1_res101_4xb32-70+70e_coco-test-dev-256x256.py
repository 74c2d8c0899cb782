# Table 6, I1, tested on test-dev: AP 67.8, .5 88.2, .75 74.8, M 63.9, L 74.0
# The test writes the file that the server takes.
_base_ = ['./i1_res101_4xb32-70+70e_coco-256x256.py']

test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/image_info_test-dev2017.json',
        bbox_file='person_detection_results/COCO_test-dev2017_det*.json',
        data_prefix=dict(img='test2017/'),
    )
)
test_evaluator = dict(
    format_only=True,
    outfile_prefix='work_dirs/coco_test-dev2017/person',
)
