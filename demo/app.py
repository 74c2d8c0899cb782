r"""A web page for MMPose's and MMDetection's models.

    python demo/app.py --config C --checkpoint W [--det-config D ...]

It is ``integral-pose web`` with other models.
"""

import sys

from integral_mmpose.apis.options import (
    add_model_options,
    check_model_options,
    make_inferencer,
)
from integral_mmpose.cli.page import serve_page

if __name__ == '__main__':
    sys.exit(
        serve_page(
            sys.argv[1:],
            add_model_options,
            make_inferencer,
            check_model_options,
            'demo/app.py',
        )
    )
