"""Where the same is asked again and again: density clustering (DBSCAN; Ester, Kriegel, Sander and Xu, KDD 1996).

A point is at the heart of a group if at least so many points, itself included, lie within the radius around it.
Hearts within the radius of each other are of one group, and so is any other point within the radius of a heart: of the
nearest, of two equally near that of the lower index. The answer depends on the points and their order alone.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.geo import EARTH_RADIUS_M, LonLat

_ROWS_AT_ONCE = 256
"""Distances are computed in blocks of so many rows; what is kept of them is a yes or no a pair."""

Metres = NDArray[np.float64]
"""Points in rows of two: metres east and north."""


def on_plane(points: Sequence[LonLat]) -> Metres:
    """WGS 84 as metres east and north of the points' mean latitude: within 0.1 % over the width of a community."""
    degrees = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if not len(degrees):
        return degrees
    shrunk = math.cos(math.radians(float(degrees[:, 1].mean())))
    return np.radians(degrees) * EARTH_RADIUS_M * np.array([shrunk, 1.0])


def dense_groups(xy: Metres, *, radius: float, at_least: int) -> list[list[int]]:
    """The indices of each group in ascending order; the largest group first, of equal ones the lower index.

    Time and memory grow with the square of the points, a byte a pair: bound them before.
    """
    near = _near(xy, radius)
    is_heart = near.sum(axis=1) >= at_least
    group_of = np.full(len(xy), -1)
    for heart in np.flatnonzero(is_heart).tolist():
        if group_of[heart] < 0:
            group_of[_reached(near, is_heart, heart)] = heart
    for border in np.flatnonzero(~is_heart & (near & is_heart).any(axis=1)).tolist():
        hearts = np.flatnonzero(near[border] & is_heart)
        group_of[border] = group_of[hearts[_squares(xy[[border]], xy[hearts])[0].argmin()]]
    groups = [np.flatnonzero(group_of == name).tolist() for name in np.unique(group_of[group_of >= 0])]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _near(xy: Metres, radius: float) -> NDArray[np.bool_]:
    """For each pair whether they lie within the radius of each other; every point is near itself."""
    near = np.empty((len(xy), len(xy)), dtype=bool)
    for begin in range(0, len(xy), _ROWS_AT_ONCE):
        rows = slice(begin, begin + _ROWS_AT_ONCE)
        near[rows] = _squares(xy[rows], xy) <= radius**2
    return near


def _squares(ours: Metres, theirs: Metres) -> NDArray[np.float64]:
    """The squared distances, a row for each of ours."""
    east, north = (np.subtract.outer(ours[:, axis], theirs[:, axis]) for axis in (0, 1))
    return east**2 + north**2


def _reached(near: NDArray[np.bool_], is_heart: NDArray[np.bool_], start: int) -> NDArray[np.bool_]:
    """The hearts that are of one group with `start`: those near it, those near these, and so on."""
    reached = np.zeros(len(near), dtype=bool)
    reached[start] = True
    newest = np.array([start])
    while len(newest):
        found = near[newest].any(axis=0) & is_heart & ~reached
        reached |= found
        newest = np.flatnonzero(found)
    return reached
