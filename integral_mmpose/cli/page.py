r"""Serve a web page that shows the people of an image in 2D and 3D.

    integral-pose web [--model FILE.onnx] [--detector FILE.onnx]

Needs gradio and plotly (``pip install 'integral_mmpose[web]'``), but no
network. Only this machine can reach the page, unless --host allows others.
"""

import os
import shutil
import socket
import sys
import tempfile
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Callable, Deque, List, NamedTuple, Optional

import numpy as np

from integral_mmpose.command import make_parser
from integral_mmpose.inference.find_people import ImageResult
from integral_mmpose.inference.inferencer import PoseInferencer
from integral_mmpose.inference.results import PeopleFile
from integral_mmpose.inference.whole_image import doubt_of
from integral_mmpose.visualization import draw_people

from .options import add_people_options, check_options, stream_options
from .report import count_text, reason_of
from .uploads import check_upload, without_folders

MAX_UPLOAD_MB = 10
#: Number of results that are kept for a download.
KEPT_FILES = 32
DETECTOR, WHOLE = 'Find people', 'One person fills the image'
TITLE = 'Integral human pose regression'
DOUBT = (
    '. The image may show several people, or one who does not fill it: crop '
    'it to one person.'
)
ABOUT = (
    'Drop an image or take a photo. Each joint is the expectation of its '
    'heat map (Sun et al., ECCV 2018). The image stays on the machine that '
    'runs this page and is removed within an hour.'
)
HINT = (
    'Drag to turn, scroll or pinch to zoom. Green: left, orange: right. '
    'Millimetres, relative to the pelvis; without a camera, people stand side '
    'by side.'
)
# gradio's own fonts come from the network if its files lack them.
FONTS = ('system-ui', 'sans-serif')
CSS = """
.gradio-container {max-width: 1180px !important; margin: 0 auto}
@media (max-width: 640px) {
  #overlay {height: auto !important; min-height: 240px}
  #picture .source-selection button, .icon-button-wrapper button {
    min-width: 32px; min-height: 32px
  }
}
"""


class Answer(NamedTuple):
    """What the page shows for an image."""

    message: str
    overlay: np.ndarray
    figure: Optional[object]
    json_path: str


class PoseApp:
    """Find the people of an uploaded file.

    ``options`` are those of :meth:`PoseInferencer.stream`.
    """

    def __init__(self, infer: PoseInferencer, options: dict):
        self.infer, self.options = infer, options
        infer.stream([], **options)  # report a wrong camera at once
        # Removed when the page ends; gradio serves copies of its own.
        self.folder = tempfile.TemporaryDirectory(prefix='poses_')
        self.written: Deque[Path] = deque()
        self.is_3d = infer.model.depth_range_mm is not None

    def __call__(self, path: Optional[str], where: str) -> Answer:
        """Find the people of an upload by :data:`DETECTOR` or :data:`WHOLE`.

        Raises:
            ValueError: If it is no image or too large, or the camera or the
                root depth does not fit it.
        """
        check_upload(path)
        options = dict(self.options)
        if where == WHOLE:
            options['boxes'] = 'whole_image'
        # In a list, an animation is an image and no video.
        [result] = self.infer.stream([path], **options)
        if result.error:
            raise ValueError(result.error)
        people = result.people
        figure = self.infer.scene(people) if self.is_3d else None
        picture = np.ascontiguousarray(result.image[..., ::-1])
        message = summary_of(people)
        if where == WHOLE and doubt_of(
            self.infer.model, result.image, people[0]
        ):
            message += DOUBT
        return Answer(
            message,
            draw_people(picture, people, self.infer.skeleton),
            figure,
            self.write_json(result),
        )

    def write_json(self, result: ImageResult) -> str:
        """Write the people to a JSON file; return its path."""
        path = Path(tempfile.mkdtemp(dir=self.folder.name), 'poses.json')
        file = PeopleFile(path, self.infer.model)
        file.add(replace(result, name=Path(result.name).name))
        file.close()
        self.written.append(path)
        while len(self.written) > KEPT_FILES:
            shutil.rmtree(self.written.popleft().parent)
        return str(path)


def summary_of(people: list) -> str:
    """Summarise the people in one line."""
    if not people:
        return f'**No person was found.** Try "{WHOLE}".'
    count = count_text(len(people), 'person', 'people')
    mean = np.mean([person.scores for person in people])
    return f'**{count}**, mean score of the joints {mean:.2f}'


def build_page(app: PoseApp, has_detector: bool):
    """Build the page; its method ``launch`` serves it."""
    import gradio as gr

    def answer(path, where):
        try:
            found = app(path, where)
        except (ValueError, OSError) as error:
            text = without_folders(str(error))
            raise gr.Error(text, print_exception=False) from error
        file = gr.DownloadButton(value=found.json_path, interactive=True)
        return found.message, found.overlay, found.figure, file

    choices = [DETECTOR, WHOLE] if has_detector else [WHOLE]
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(600, 3600)
    ) as page:
        gr.Markdown(f'# {TITLE}\n{ABOUT}')
        with gr.Row():
            with gr.Column():
                picture = gr.Image(
                    label='Image',
                    sources=['upload', 'webcam', 'clipboard'],
                    type='filepath',
                    height=360,
                    elem_id='picture',
                )
                # The file as it came, EXIF and all: check_upload says what is
                # wrong with it.
                picture.preprocess = lambda file: file and file.path
                where = gr.Radio(
                    choices, value=choices[0], label='Where people are'
                )
                button = gr.Button('Find poses', variant='primary')
                message = gr.Markdown(elem_id='message')
            overlay = gr.Image(
                label='Joints',
                height=560,
                interactive=False,
                buttons=['download', 'fullscreen'],
                elem_id='overlay',
            )
        figure = gr.Plot(label='3D', visible=app.is_3d, elem_id='pose3d')
        gr.Markdown(HINT, visible=app.is_3d)
        file = gr.DownloadButton('Download JSON', interactive=False)
        button.click(
            answer,
            [picture, where],
            [message, overlay, figure, file],
            concurrency_limit=1,
        )
    return page


def serve_page(
    argv: List[str],
    add_models: Callable,
    make_inferencer: Callable,
    check_models: Optional[Callable] = None,
    prog: str = 'integral-pose web',
) -> int:
    """Serve the page; return the exit status.

    ``add_models`` adds the options of the models to a parser;
    ``check_models`` exits with a usage error if they are wrong.
    """
    parser = make_parser(__doc__, prog)
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen on; 0.0.0.0 lets other machines in',
    )
    parser.add_argument('--port', type=int, default=7860)
    add_models(parser)
    add_people_options(parser)
    parser.set_defaults(boxes=None, box=None, out=None)
    args = parser.parse_args(argv)
    check_options(parser, args)
    if not 0 < args.port < 65536:
        parser.error(f'--port must be 1 to 65535, got {args.port}')
    if check_models is not None:
        check_models(parser, args)
    # Read when gradio is imported: no reports, no look for a newer version.
    os.environ.update(GRADIO_ANALYTICS_ENABLED='False', HF_HUB_OFFLINE='1')
    try:
        import gradio as gr
        import plotly  # noqa: F401

        infer = make_inferencer(args)
        app = PoseApp(infer, stream_options(args))
        page = build_page(app, infer.detector is not None)
        check_address(args.host, args.port)
        _, url, _ = page.launch(
            server_name=args.host,
            server_port=args.port,
            max_file_size=f'{MAX_UPLOAD_MB}mb',
            show_error=True,
            share=False,
            ssr_mode=False,
            footer_links=[],
            theme=gr.themes.Soft(font=FONTS, font_mono='monospace'),
            css=CSS,
            quiet=True,  # no advice on options that this command lacks
            prevent_thread_lock=True,
        )
        print(f'The page is at {url} (Ctrl-C ends it)', flush=True)
        page.block_thread()
    except ImportError as error:
        fix = "pip install 'integral_mmpose[web]'"
        print(f'error: the page needs {error.name}: {fix}', file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f'error: {reason_of(error)}', file=sys.stderr)
        return 1
    return 0


def check_address(host: str, port: int) -> None:
    """Raise ValueError if this machine cannot listen on the address."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = str(error.strerror).partition(' (')[0]
        raise ValueError(
            f'{host}, port {port}: {reason}. Choose another --port or --host'
        ) from error
