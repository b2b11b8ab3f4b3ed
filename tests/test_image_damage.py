"""Cut and damaged files: load_image gives the whole picture or a typed error, nothing else."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dressform.parsing.errors import DressformError, ImageReadError
from dressform.parsing.image import load_image

NOISE = np.random.default_rng(3).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def encode(format: str, picture: Image.Image | None = None, **options) -> bytes:
    stream = io.BytesIO()
    (picture or Image.fromarray(NOISE)).save(stream, format, **options)
    return stream.getvalue()


SEEDS = {
    "jpeg": encode("JPEG"),
    "progressive": encode("JPEG", progressive=True),
    "cmyk": encode("JPEG", Image.fromarray(NOISE).convert("CMYK")),
    "png": encode("PNG"),
    "palette": encode("PNG", Image.fromarray(NOISE).quantize(16)),
    "webp": encode("WEBP"),
    "lossless": encode("WEBP", lossless=True),
    "tiff": encode("TIFF"),
    "lzw": encode("TIFF", compression="tiff_lzw"),
    "deflate": encode("TIFF", compression="tiff_adobe_deflate"),
    "bmp": encode("BMP"),
}


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.filterwarnings("ignore")
def test_a_cut_file_is_an_error_and_never_half_a_picture(name):
    data, whole = SEEDS[name], load_image(SEEDS[name])
    for end in range(1, len(data), 37):
        try:
            image = load_image(data[:end])
        except DressformError:
            continue
        assert np.array_equal(image, whole), end
    with pytest.raises(ImageReadError, match="cut off"):
        load_image(data[: len(data) // 2])


@pytest.mark.parametrize("name", ["jpeg", "png", "bmp"])
def test_a_cut_picture_that_the_caller_opened(name):
    picture = Image.open(io.BytesIO(SEEDS[name][:-100]))
    with pytest.raises(ImageReadError, match=f"{name.upper()} in a PIL image"):
        load_image(picture)


def attempt(data: bytes) -> None:
    try:
        image = load_image(data, max_pixels=1_000_000)
    except DressformError as error:
        assert "\n" not in str(error)
    else:
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3


MARKS = [
    *(seed[:16] for seed in SEEDS.values()),
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    b"\0\0\0\x18ftyp",
    b"RIFF\0\0\0\0WEBPVP8L",
    b"<svg",
    b"",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MARKS), st.binary(max_size=300))
@pytest.mark.filterwarnings("ignore")
def test_random_bytes(mark, tail):
    attempt(mark + tail)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
    st.booleans(),
)
@pytest.mark.filterwarnings("ignore")
def test_mutated_files(name, changes, cut, header):
    data = bytearray(SEEDS[name])
    for place, value in changes:
        data[int(place * (min(len(data), 200) if header else len(data)))] = value
    attempt(bytes(data if cut > 0.5 else data[: int(2 * cut * len(data))]))
