"""Photos: what is kept of them, and what is refused."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from shared.photos import LONGEST_SIDE, THUMBNAIL_SIDE, PhotoUnreadable, clean_photo

TOP_LEFT, BOTTOM_RIGHT = (200, 30, 30), (30, 30, 200)


def picture(size: tuple[int, int] = (400, 300), mode: str = "RGB") -> Image.Image:
    """Red in its upper left quarter, blue in the lower right."""
    made = Image.new("RGB", size, "white")
    made.paste(TOP_LEFT, (0, 0, size[0] // 2, size[1] // 2))
    made.paste(BOTTOM_RIGHT, (size[0] // 2, size[1] // 2, *size))
    return made.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def with_location(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif[Base.Make] = "KY-PHONE-MAKER"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (40.0, 36.0, 12.0)
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSAreaInformation] = b"KY-AREA"
    return exif


def near(pixel: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 25 for a, b in zip(pixel, wanted, strict=True))


async def test_nothing_but_the_pixels_is_kept() -> None:
    kept = await clean_photo(encoded(picture(), exif=with_location(), comment=b"KY-COMMENT"))
    for data in (kept.jpeg, kept.thumbnail):
        image = Image.open(BytesIO(data))
        assert image.format == "JPEG" and not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
        assert b"KY-" not in data
    assert (kept.width, kept.height) == (400, 300)


async def test_a_photo_is_turned_as_the_camera_was_held() -> None:
    kept = await clean_photo(encoded(picture((400, 200)), exif=with_location(orientation=6)))
    image = Image.open(BytesIO(kept.jpeg))
    assert image.size == (200, 400)
    assert near(image.getpixel((150, 50)), TOP_LEFT) and near(image.getpixel((50, 350)), BOTTOM_RIGHT)


@pytest.mark.parametrize("size", [(5000, 100), (100, 5000), (3000, 2900)])
async def test_large_photos_shrink_and_keep_their_shape(size: tuple[int, int]) -> None:
    kept = await clean_photo(encoded(picture(size)))
    assert max(kept.width, kept.height) == LONGEST_SIDE
    assert kept.width / kept.height == pytest.approx(size[0] / size[1], rel=0.05)
    assert max(Image.open(BytesIO(kept.thumbnail)).size) == THUMBNAIL_SIDE


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "1"), ("PNG", "I;16"), ("WEBP", "RGB"), ("JPEG", "CMYK")],
)
async def test_every_mode_that_phones_and_scanners_write_becomes_a_photo(kind: str, mode: str) -> None:
    source = Image.new("I;16", (60, 40)) if mode == "I;16" else picture((60, 40), mode)
    kept = await clean_photo(encoded(source, kind))
    assert Image.open(BytesIO(kept.jpeg)).mode == "RGB"


async def test_what_was_transparent_is_white() -> None:
    kept = await clean_photo(encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG"))
    assert near(Image.open(BytesIO(kept.jpeg)).getpixel((20, 20)), (255, 255, 255))


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8\xff", b"GIF89a" + bytes(100), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"],
    ids=["nothing", "cut off", "gif", "svg", "pdf"],
)
async def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(PhotoUnreadable):
        await clean_photo(data)


async def test_a_photo_cut_off_is_refused_and_not_kept_grey() -> None:
    whole = encoded(picture((800, 600)), quality=95)
    with pytest.raises(PhotoUnreadable):
        await clean_photo(whole[: len(whole) // 2])


async def test_a_file_that_unpacks_to_more_than_memory_should_hold_is_refused() -> None:
    with pytest.raises(PhotoUnreadable):
        await clean_photo(encoded(Image.new("1", (20_000, 20_000)), "PNG"))


@settings(max_examples=60)
@given(data=st.binary(max_size=400), kind=st.sampled_from(["JPEG", "PNG", "WEBP"]), at=st.integers(0, 600))
async def test_damaged_files_are_refused_or_read_and_never_fail_otherwise(data: bytes, kind: str, at: int) -> None:
    whole = encoded(picture((32, 32)), kind)
    damaged = whole[: at % len(whole)] + data + whole[at % len(whole) + len(data) :]
    try:
        kept = await clean_photo(damaged)
    except PhotoUnreadable:
        return
    assert Image.open(BytesIO(kept.jpeg)).format == "JPEG"
