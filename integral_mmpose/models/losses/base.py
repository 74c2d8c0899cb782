"""What the losses of heat maps and of joints share."""

from torch import nn


class Loss(nn.Module):
    """A loss with a weight.

    Args:
        loss_weight (float): Factor of the loss. Defaults to 1.

    Raises:
        TypeError: Names the class of the config and an unknown option;
            Python's own error names the class that has the ``__init__``.
    """

    def __init__(self, loss_weight: float = 1.0, **unknown) -> None:
        super().__init__()
        if unknown:
            raise TypeError(
                f'{type(self).__name__}.__init__() got an unexpected keyword '
                f'argument {next(iter(unknown))!r}'
            )
        self.loss_weight = loss_weight
