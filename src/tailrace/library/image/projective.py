"""`tf.contrib.image`: pictures turned, moved and seen through projective transforms.

Source: TF 1.15 contrib/image/python/ops/image_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library import arithmetic, array, linalg, math

_IMAGES = frozenset(
    (
        dtypes.uint8,
        dtypes.int32,
        dtypes.int64,
        dtypes.float16,
        dtypes.float32,
        dtypes.float64,
    )
)


def _as_batch(images: Tensor) -> Tensor:
    """Pictures [H, W], [H, W, C] or [B, H, W, C] as the last. Raises: TypeError for others."""
    if images.dtype.base_dtype not in _IMAGES:
        raise TypeError(f"Invalid dtype {images.dtype}.")
    rank = images.get_shape().ndims
    if rank is None:
        raise TypeError("image_or_images rank must be statically known")
    if rank == 2:
        return images[None, :, :, None]
    if rank == 3:
        return images[None, :, :, :]
    if rank == 4:
        return images
    raise TypeError("Images should have rank between 2 and 4.")


def _as_given(output: Tensor, images: Tensor) -> Tensor:
    """A batch with the dimensions that the images had."""
    rank = images.get_shape().ndims
    if rank == 2:
        return output[0, :, :, 0]
    return output[0, :, :, :] if rank == 3 else output


def _rows(value: Tensor, rank: int, what: str) -> Tensor:
    """A value for all images, or one for each, as the latter."""
    found = value.get_shape().ndims
    if found is None:
        raise TypeError(f"{what} rank must be statically known")
    if found == rank:
        return value[None]
    if found == rank + 1:
        return value
    raise TypeError(f"{what} should have rank {rank} or {rank + 1}.")


def rotate(
    images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None
) -> Tensor:
    """Images turned counterclockwise about their middle; 0 where there is nothing.

    Units: angles in radians. Shapes: images [B, H, W, C], [H, W, C] or [H, W]; angles [] or [B].
    Raises: TypeError for other types or ranks.
    """
    with g.name_scope(name, "rotate"):
        given = convert_to_tensor(images)
        batch = _as_batch(given)
        height = arithmetic.cast(array.shape(batch)[1], dtypes.float32)[None]
        width = arithmetic.cast(array.shape(batch)[2], dtypes.float32)[None]
        turns = angles_to_projective_transforms(angles, height, width)
        return _as_given(transform(batch, turns, interpolation=interpolation), given)


def translate(
    images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None
) -> Tensor:
    """Images moved by [dx, dy] pixels, one for all or one for each; 0 where there is nothing."""
    with g.name_scope(name, "translate"):
        moves = translations_to_projective_transforms(translations)
        return transform(images, moves, interpolation=interpolation)


def angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: str | None = None
) -> Tensor:
    """Turns about the middle of images of a size as transforms [N, 8].

    Units: angles in radians. Raises: TypeError for angles of a rank above 1.
    """
    with g.name_scope(name, "angles_to_projective_transforms"):
        angles = convert_to_tensor(angles, name="angles", dtype=dtypes.float32)
        angles = _rows(angles, 0, "Angles")
        x_offset = (
            (image_width - 1)
            - (math.cos(angles) * (image_width - 1) - math.sin(angles) * (image_height - 1))
        ) / 2.0
        y_offset = (
            (image_height - 1)
            - (math.sin(angles) * (image_width - 1) + math.cos(angles) * (image_height - 1))
        ) / 2.0
        count = array.shape(angles)[0]
        columns = [
            math.cos(angles)[:, None],
            -math.sin(angles)[:, None],
            x_offset[:, None],
            math.sin(angles)[:, None],
            math.cos(angles)[:, None],
            y_offset[:, None],
            array.zeros((count, 2), dtypes.float32),
        ]
        return array.concat(columns, axis=1)


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Tensor:
    """Moves [dx, dy] as transforms [N, 8]. Raises: TypeError for a rank that is not 1 or 2."""
    with g.name_scope(name, "translations_to_projective_transforms"):
        moves = convert_to_tensor(translations, name="translations", dtype=dtypes.float32)
        moves = _rows(moves, 1, "Translations")
        count = array.shape(moves)[0]
        columns = [
            array.ones((count, 1), dtypes.float32),
            array.zeros((count, 1), dtypes.float32),
            -moves[:, 0, None],
            array.zeros((count, 1), dtypes.float32),
            array.ones((count, 1), dtypes.float32),
            -moves[:, 1, None],
            array.zeros((count, 2), dtypes.float32),
        ]
        return array.concat(columns, axis=1)


def transform(
    images: Any,
    transforms: Any,
    interpolation: str = "NEAREST",
    output_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """Images through transforms of the output's points to theirs; 0 beyond the images.

    Shapes: images [B, H, W, C], [H, W, C] or [H, W]; transforms [8], [1, 8] or [B, 8];
    output_shape [2], by default that of the images.
    Raises: TypeError for other types or ranks, ValueError for another output_shape.
    """
    with g.name_scope(name, "transform"):
        given = convert_to_tensor(images, name="images")
        rows = convert_to_tensor(transforms, name="transforms", dtype=dtypes.float32)
        batch = _as_batch(given)
        if output_shape is None:
            size = array.shape(batch)[1:3]
            known = g.known(size)
            output_shape = size if known is None else known
        output_shape = convert_to_tensor(output_shape, dtypes.int32, name="output_shape")
        if not output_shape.get_shape().is_compatible_with([2]):
            raise ValueError(
                "output_shape must be a 1-D Tensor of 2 elements: new_height, new_width"
            )
        output = g.ImageProjectiveTransformV2(
            batch,
            _rows(rows, 1, "Transforms"),
            output_shape,
            interpolation=interpolation.upper(),
        )
        return _as_given(output, given)


def compose_transforms(*transforms: Any) -> Tensor:
    """One transform that does what the given ones do one after another. Shapes: [N, 8]."""
    if not transforms:
        raise ValueError("transforms cannot be empty")
    with g.name_scope("compose_transforms", "compose_transforms"):
        composed = flat_transforms_to_matrices(transforms[0])
        for other in transforms[1:]:
            composed = linalg.matmul(composed, flat_transforms_to_matrices(other))
        return matrices_to_flat_transforms(composed)


def flat_transforms_to_matrices(transforms: Any) -> Tensor:
    """Transforms [8] or [N, 8] as matrices [N, 3, 3], which take outputs' points to images'.

    Raises: ValueError for another rank.
    """
    with g.name_scope("flat_transforms_to_matrices", "flat_transforms_to_matrices"):
        transforms = convert_to_tensor(transforms, name="transforms")
        if transforms.shape.ndims not in (1, 2):
            raise ValueError(f"Transforms should be 1D or 2D, got: {transforms}")
        transforms = array.reshape(transforms, constant([-1, 8]))
        count = array.shape(transforms)[0]
        whole = array.concat([transforms, array.ones([count, 1])], axis=1)
        return array.reshape(whole, constant([-1, 3, 3]))


def matrices_to_flat_transforms(transform_matrices: Any) -> Tensor:
    """Matrices [3, 3] or [N, 3, 3] as transforms [N, 8]. Raises: ValueError for another rank."""
    with g.name_scope("matrices_to_flat_transforms", "matrices_to_flat_transforms"):
        matrices = convert_to_tensor(transform_matrices, name="transform_matrices")
        if matrices.shape.ndims not in (2, 3):
            raise ValueError(f"Matrices should be 2D or 3D, got: {matrices}")
        flat = array.reshape(matrices, constant([-1, 9]))
        flat = flat / flat[:, 8:9]
        return flat[:, :8]
