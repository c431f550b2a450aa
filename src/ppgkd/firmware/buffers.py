"""Where the tensors of a network lie in memory: those that are needed at a time do not overlap."""

from __future__ import annotations

from dataclasses import dataclass

from ppgkd.firmware.network import Layer, NetworkLayers, Tensor

SUMS = "sums"
"""Name of the buffer of the first layer's sums, in a network of eight bits."""


@dataclass(frozen=True)
class BufferPlan:
    """Plan of the memory that a network uses beside its input.

    Attributes
    ----------
    offset
        Of each tensor by its name, in words of four bytes. The logits are at 0.
    n_words
        Length of the memory.
    """

    offset: dict[str, int]
    n_words: int


@dataclass
class _Buffer:
    """A buffer: the tensors that it has in turn, and the layers from the first to the last use."""

    names: list[str]
    n_words: int
    first: int
    last: int


def plan_buffers(network: NetworkLayers) -> BufferPlan:
    """Plan the buffers, from the logits backward, each at the lowest offset that is free.

    A layer that adds to the path around a block writes into the path's buffer.
    """
    buffers = _buffers(network.layers)
    offset: dict[str, int] = {}
    placed: list[tuple[int, _Buffer]] = []
    for buffer in reversed(buffers):
        at = 0
        for start, other in sorted(placed, key=lambda entry: entry[0]):
            if buffer.first <= other.last and other.first <= buffer.last:
                if at + buffer.n_words <= start:
                    break
                at = max(at, start + other.n_words)
        placed.append((at, buffer))
        offset.update(dict.fromkeys(buffer.names, at))
    return BufferPlan(offset, max(at + buffer.n_words for at, buffer in placed))


def words_of(tensor: Tensor) -> int:
    """Size in words of four bytes: a number, or the steps of two channels."""
    channels = -(-tensor.channels // 2) if tensor.quantised else tensor.channels
    return channels * tensor.positions


def _can_be_written_over(layer: Layer, later: list[Layer]) -> bool:
    """Whether a layer may write into the buffer of the path that it adds to."""
    assert layer.added is not None
    is_needed = any(layer.added is used for one in later for used in (one.entry, one.added))
    return not is_needed and words_of(layer.added) == words_of(layer.made)


def _buffers(layers: list[Layer]) -> list[_Buffer]:
    by_name: dict[str, _Buffer] = {}
    buffers: list[_Buffer] = []
    first = layers[0].made
    if first.quantised:
        buffers.append(_Buffer([SUMS], first.channels * first.positions, 0, 0))
    for number, layer in enumerate(layers):
        for used in (layer.entry, layer.added):
            if used is not None:
                by_name[used.name].last = number
        if layer.added is not None and _can_be_written_over(layer, layers[number + 1 :]):
            buffer = by_name[layer.added.name]
            buffer.names.append(layer.made.name)
            buffer.last = number
        else:
            buffer = _Buffer([layer.made.name], words_of(layer.made), number, number)
            buffers.append(buffer)
        by_name[layer.made.name] = buffer
    return buffers
