"""What the losses of heat maps and of joints share."""

from torch import nn

from integral_mmpose.geometry import is_positive


class Loss(nn.Module):
    """A loss with a weight.

    Args:
        loss_weight (float): Factor of the loss. Defaults to 1.

    Raises:
        ValueError: If a number of a loss is not positive and finite.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = self.positive('loss_weight', loss_weight)

    def positive(self, name: str, value: float) -> float:
        """Check that a number of the config is positive and finite."""
        if not is_positive(value):
            raise ValueError(
                f'{type(self).__name__}: {name} must be a positive number, '
                f'got {value!r}'
            )
        return value
