"""What the probes write down. No torch here: a page reads these without it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GradientFlow:
    """How much gradient reaches each residual unit of an untrained network.

    ``norms[i]`` is the L2 norm, over the whole batch, of the gradient of the mean cross entropy with respect to the
    input of the unit ``names[i]``, from the first unit to the last. ``time_s`` is the wall time of building the
    network and of the one forward and backward pass.
    """

    names: tuple[str, ...]
    norms: tuple[float, ...]
    loss: float
    data: str
    seed: int
    batch_size: int
    image_size: int
    device: str
    device_name: str
    threads: int
    versions: dict[str, str]
    time_s: float


@dataclass(frozen=True, slots=True)
class DeviceList:
    """The devices of this machine: ``names`` as a specification has them, ``titles`` as their makers call them."""

    names: tuple[str, ...]
    titles: tuple[str, ...]
