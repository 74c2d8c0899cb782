#!/usr/bin/env python3
"""Test a model: MMPose's own tools/test.py, with this package imported.

The arguments are MMPose's (``--help`` lists them), and one more: ``--debug``
shows the traceback of an error, which otherwise is one sentence.
"""

from run_mmpose_tool import main

if __name__ == '__main__':
    main('test.py')
