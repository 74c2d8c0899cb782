"""What the name of a config file says."""

from pathlib import Path
from typing import List, NamedTuple, Union

#: The two halves of the paper's schedule; other rows train from scratch.
HALVES = {'4xb32-70e': 'first', '4xb32-70+70e': 'second'}


class Experiment(NamedTuple):
    """The parts of a name such as ``i1_res50_4xb32-70+70e_mpii-256x256``."""

    method: str
    network: str
    schedule: str
    data: str

    @classmethod
    def parse(cls, path: Union[str, Path]) -> 'Experiment':
        """Split the name of a config file or of its work directory."""
        return cls(*Path(path).stem.split('_'))

    @property
    def stem(self) -> str:
        return '_'.join(self)

    @property
    def half(self) -> str:
        """``first`` or ``second`` half of a schedule, or ``scratch``.

        H and I continue from the same first half. It is no row of a table and
        is never evaluated.
        """
        return HALVES.get(self.schedule, 'scratch')

    @property
    def data_sets(self) -> List[str]:
        """Data sets and their splits: ``data`` without the input size."""
        return self.data.split('-')[:-1]
