"""Holds the weights: the module of a plan, and its first weights."""

from resnet_core.model.network import ResidualUnit, ResNet, build

__all__ = ["ResNet", "ResidualUnit", "build"]
