# COCO, tested on test-dev2017: writes the file that the server takes
_base_ = ['./coco_256x256.py']

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
