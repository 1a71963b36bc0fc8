"""Photos as they come from phones, made fit to keep: checked by content, without where and by whom, re-encoded."""

import asyncio
import warnings
from io import BytesIO
from typing import Annotated, Any, NamedTuple

from fastapi import Depends
from PIL import Image, ImageCms, ImageOps
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Problem, both

PHOTO_MIB = 10
LONGEST_SIDE = 1_600
"""Pixels: enough to recognise a face or read a sign, a third of a megabyte."""
THUMBNAIL_SIDE = 320
MOST_PIXELS = 50_000_000
"""A phone's best camera; a file that unpacks to more is an attack on memory."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 85
_SRGB = ImageCms.createProfile("sRGB")


class PhotoUnreadable(Problem):
    status = 422
    code = "photo-unreadable"
    title = both("无法读取这张照片", "The photo cannot be read")
    detail = both(
        "请上传 JPEG、PNG 或 WebP 格式的照片, 不超过 10 MiB、5000 万像素。",
        "Send a JPEG, PNG or WebP of at most 10 MiB and 50 million pixels.",
    )


class CleanPhoto(NamedTuple):
    """Pixels and nothing else: no location, no device, no comment of the original is left."""

    jpeg: bytes
    thumbnail: bytes
    """A small JPEG of the same picture, for lists."""
    width: int
    """Pixels of `jpeg`, as of `height`."""
    height: int


async def clean_photo(data: bytes) -> CleanPhoto:
    """Decode, turn upright, shrink to 1,600 pixels and encode anew. PhotoUnreadable for what is no photo.

    What a file says of its type is not asked: the bytes decide. Decoding runs in a thread, some 50 ms a photo.
    """
    return await asyncio.to_thread(_clean, data)


async def body_as_photo(request: Request) -> CleanPhoto:
    """The photo that is a request's whole body."""
    return await clean_photo(await request.body())


PhotoBody = Annotated[CleanPhoto, Depends(body_as_photo)]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PHOTO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The photo itself, at most 10 MiB. Location and device are removed before it is stored.",
        "content": dict.fromkeys(("image/jpeg", "image/png", "image/webp"), _BINARY),
    }
}
"""What a route that takes a photo says of its body (`openapi_extra`)."""
PHOTO_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": _BINARY}}}
"""What a route that shows one says of its answer (`responses`)."""


def as_jpeg(picture: bytes) -> Response:
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def _clean(data: bytes) -> CleanPhoto:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=_FORMATS) as opened:
                upright = _upright(opened)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        # Decoders raise SyntaxError and EOFError for damaged files; the cause may quote the file, so it ends here.
        raise PhotoUnreadable from None
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    small = upright.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return CleanPhoto(_encode(upright), _encode(small), upright.width, upright.height)


def _upright(opened: Image.Image) -> Image.Image:
    """Pixels as a person sees them: turned as the camera was held, in sRGB, on white."""
    if opened.width * opened.height > MOST_PIXELS:
        raise ValueError("too many pixels")
    profile = opened.info.get("icc_profile")
    if opened.format == "JPEG":
        opened.draft("RGB", (2 * LONGEST_SIDE, 2 * LONGEST_SIDE))
    picture = ImageOps.exif_transpose(opened)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        cut_out = picture.convert("RGBA")
        picture = Image.new("RGB", cut_out.size, "white")
        picture.paste(cut_out, mask=cut_out)
    elif picture.mode != "RGB":
        picture = picture.convert("RGB")
    elif profile:
        picture = _in_srgb(picture, profile)
    return picture


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Wide-gamut cameras (Display P3) write other numbers for the same colour; a damaged profile is passed over."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB") or picture
    except (ImageCms.PyCMSError, OSError):
        return picture


def _encode(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    Image.frombytes("RGB", picture.size, picture.tobytes()).save(
        buffer, "JPEG", quality=_QUALITY, optimize=True, progressive=True
    )
    return buffer.getvalue()
