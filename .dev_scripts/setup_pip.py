"""pip, for the set-up: pinned, logged, with visible progress.

Python's standard library only.
"""

import os
import re
import subprocess
import time

from setup_checks import SetupError

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REQUIREMENTS = os.path.join(ROOT, 'requirements')
LESSER = '# --- the rest'
SHOWN = re.compile(
    r'^\s*(Downloading|Installing collected|Successfully inst|'
    r'Building wheel|Obtaining|ERROR|error:)'
)
UNREACHABLE = re.compile(
    r'NewConnectionError|ConnectTimeout|ProxyError|NameResolutionError|'
    r'SSLError|Max retries exceeded'
)


class Pip:
    """pip of an environment, with the reference versions as constraints."""

    def __init__(self, venv):
        self.venv = venv
        self.python = os.path.join(venv, 'bin', 'python')
        self.log = os.path.join(venv, 'setup.log')
        self.constraints = os.path.join(venv, 'constraints.txt')
        self.cache = True  # what is downloaded is kept for the next time

    def write_constraints(self, pair, lesser=True):
        """Copy the constraints, with the torch that is there, if any."""
        text = read_text(requirement('constraints'))
        if not lesser:
            text = text.split(LESSER)[0]
        self.pair = pair
        numpy = os.environ.get('NUMPY')
        if pair or os.environ.get('TORCH'):
            text = re.sub(r'(?m)^torch(vision)?==.*\n', '', text)
        if pair:
            text = 'torch=={}\ntorchvision=={}\n'.format(*pair) + text
        if numpy:
            text = re.sub(r'(?m)^numpy==.*\n', '', text)
            text = 'numpy=={}\n'.format(numpy) + text
        with open(self.constraints, 'w') as file:
            file.write(text)

    def install(self, *arguments, environment=None):
        """Install; once more without the lesser pins if the index lacks one.

        Raises:
            SetupError: With the name of the log and its last lines.
        """
        command = [self.python, '-m', 'pip', 'install', '--retries', '2']
        command += ['--progress-bar', 'off', '-c', self.constraints]
        command += ['--no-cache-dir'] * (not self.cache) + list(arguments)
        code, tail = stream(command, self.log, environment)
        if code and any(
            'No matching distribution' in line
            or 'ResolutionImpossible' in line
            for line in tail
        ):
            say(
                'the index lacks an exact version of a lesser package: '
                'taking its newest instead'
            )
            self.write_constraints(self.pair, lesser=False)
            code, tail = stream(command, self.log, environment)
        if any(UNREACHABLE.search(line) for line in tail) and code:
            raise SetupError(
                'the package index cannot be reached: check the network, or '
                'name another one by PIP_INDEX_URL (see {})'.format(self.log)
            )
        if code:
            raise SetupError(
                '"pip install {}" failed; the whole output is in '
                '{}, its end is:\n{}'.format(
                    ' '.join(arguments), self.log, '\n'.join(tail[-12:])
                )
            )


def stream(command, log, environment):
    """Run a command, log all of it, show its main lines and ninja's count."""
    start, shown, tail = time.time(), 0.0, []
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors='replace',
    )
    with open(log, 'a') as file:
        for line in process.stdout:
            file.write(line)
            tail = (tail + [line.rstrip()])[-40:]
            count = re.search(r'^\s*\[(\d+)/(\d+)\]', line)
            if count and time.time() - shown > 10:
                shown = time.time()
                say(
                    '  compiled {} of {} files, {:.0f} s'.format(
                        count.group(1), count.group(2), shown - start
                    )
                )
            elif SHOWN.match(line):
                say('  ' + line.strip()[:90])
    return process.wait(), tail


def requirement(name):
    """The path of a requirement file."""
    return os.path.join(REQUIREMENTS, name + '.txt')


def read_text(path):
    """The text of a file, empty if there is none."""
    if not os.path.exists(path):
        return ''
    with open(path) as file:
        return file.read()


def say(text):
    """Print at once."""
    print('set-up: {}'.format(text), flush=True)
