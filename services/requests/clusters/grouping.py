"""Where the same is asked again and again: density clustering (DBSCAN; Ester, Kriegel, Sander and Xu, KDD 1996).

A point is at the heart of a group if at least so many points, itself included, lie within the radius around it.
Hearts within the radius of each other are of one group, and so is any other point within the radius of a heart: of the
nearest, of two equally near that of the lower index. The answer depends on the points and their order alone.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.geo import EARTH_RADIUS_M, LonLat

_ROWS_AT_ONCE = 256
"""Distances are computed in blocks of so many rows, so that a crowd in one place cannot fill the memory."""
_REACH = 2
"""A cell's side is radius/√2: whatever shares a cell is near, and whatever is near is at most two cells away."""

Indices = NDArray[np.int64]
Cells = dict[tuple[int, int], Indices]


class _Field(NamedTuple):
    """The points in square cells, and how near is near."""

    xy: NDArray[np.float64]
    cells: Cells
    reach: float
    """The radius squared, in square metres."""


def on_plane(points: Sequence[LonLat]) -> NDArray[np.float64]:
    """WGS 84 as metres east and north of the points' mean latitude: within 0.1 % over the width of a community."""
    degrees = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if not len(degrees):
        return degrees
    shrunk = math.cos(math.radians(float(degrees[:, 1].mean())))
    return np.radians(degrees) * EARTH_RADIUS_M * np.array([shrunk, 1.0])


def dense_groups(xy: NDArray[np.float64], *, radius: float, at_least: int) -> list[list[int]]:
    """The indices of each group in ascending order; the largest group first, of equal ones the lower index."""
    field = _Field(xy, _cells(xy, radius), radius**2)
    is_core = _cores(field, at_least)
    cell_group = _joined(field, is_core)
    group_of = {int(index): group for cell, group in cell_group.items() for index in _of(field, cell, is_core)}
    group_of |= {border: group_of[core] for border, core in _borders(field, is_core)}
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index in sorted(group_of):
        groups[group_of[index]].append(index)
    return sorted(groups.values(), key=lambda group: (-len(group), group[0]))


def _cells(xy: NDArray[np.float64], radius: float) -> Cells:
    places = np.floor(xy / (radius / math.sqrt(2))).astype(np.int64)
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, (x, y) in enumerate(places.tolist()):
        cells[x, y].append(index)
    return {cell: np.array(indices) for cell, indices in cells.items()}


def _around(field: _Field, cell: tuple[int, int]) -> list[tuple[int, int]]:
    """The cells, this one included, whose points may be near those of `cell`."""
    steps = range(-_REACH, _REACH + 1)
    near = ((cell[0] + east, cell[1] + north) for east in steps for north in steps)
    return [each for each in near if each in field.cells]


def _squares(field: _Field, ours: Indices, theirs: Indices) -> NDArray[np.float64]:
    """The squared distances, a row for each of ours."""
    return ((field.xy[ours, None, :] - field.xy[None, theirs, :]) ** 2).sum(axis=2)


def _cores(field: _Field, at_least: int) -> NDArray[np.bool_]:
    is_core = np.zeros(len(field.xy), dtype=bool)
    for cell, indices in field.cells.items():
        if len(indices) >= at_least:
            is_core[indices] = True
            continue
        others = np.concatenate([field.cells[each] for each in _around(field, cell)])
        if len(others) >= at_least:
            is_core[indices] = (_squares(field, indices, others) <= field.reach).sum(axis=1) >= at_least
    return is_core


def _of(field: _Field, cell: tuple[int, int], chosen: NDArray[np.bool_]) -> Indices:
    indices = field.cells[cell]
    return indices[chosen[indices]]


def _joined(field: _Field, is_core: NDArray[np.bool_]) -> dict[tuple[int, int], tuple[int, int]]:
    """For each cell with hearts the cell that stands for its group; union by the lower cell."""
    parent = {cell: cell for cell in sorted(field.cells) if len(_of(field, cell, is_core))}

    def root(cell: tuple[int, int]) -> tuple[int, int]:
        while parent[cell] != cell:
            parent[cell] = parent[parent[cell]]
            cell = parent[cell]
        return cell

    for cell in parent:
        for other in _around(field, cell):
            if other <= cell or other not in parent or root(cell) == root(other):
                continue
            if _touch(field, _of(field, cell, is_core), _of(field, other, is_core)):
                low, high = sorted((root(cell), root(other)))
                parent[high] = low
    return {cell: root(cell) for cell in parent}


def _touch(field: _Field, ours: Indices, theirs: Indices) -> bool:
    blocks = range(0, len(ours), _ROWS_AT_ONCE)
    return any(
        bool((_squares(field, ours[begin : begin + _ROWS_AT_ONCE], theirs) <= field.reach).any()) for begin in blocks
    )


def _borders(field: _Field, is_core: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Points near a heart that are none themselves, each with the nearest."""
    found: list[tuple[int, int]] = []
    for cell in field.cells:
        ours = _of(field, cell, ~is_core)
        hearts = np.sort(np.concatenate([_of(field, each, is_core) for each in _around(field, cell)]))
        if not len(ours) or not len(hearts):
            continue
        squares = _squares(field, ours, hearts)
        nearest = squares.argmin(axis=1)
        is_near = squares[np.arange(len(ours)), nearest] <= field.reach
        found += zip(ours[is_near].tolist(), hearts[nearest[is_near]].tolist(), strict=True)
    return found
