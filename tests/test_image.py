"""What load_image returns for every kind of source, sample depth and orientation."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.parsing.errors import ImageFormatError, ImageReadError
from dressform.parsing.image import SUFFIXES, load_image, read_size

# Four flat quarters, so that any turn or flip shows and JPEG keeps the colours.
SCENE = np.zeros((32, 48, 3), np.uint8)
SCENE[:16, :24], SCENE[:16, 24:], SCENE[16:, :24] = (220, 30, 30), (30, 200, 30), (30, 30, 210)

# What a camera held in that position stores, as numpy turns of the upright scene.
STORED = {
    1: SCENE,
    2: SCENE[:, ::-1],
    3: SCENE[::-1, ::-1],
    4: SCENE[::-1],
    5: SCENE.transpose(1, 0, 2),
    6: np.rot90(SCENE, 1),
    7: SCENE[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(SCENE, -1),
}

FORMATS = {
    "jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "progressive": {"format": "JPEG", "quality": 95, "subsampling": 0, "progressive": True},
    "png": {"format": "PNG"},
    "webp": {"format": "WEBP", "lossless": True},
    "tiff": {"format": "TIFF"},
    "tiff-lzw": {"format": "TIFF", "compression": "tiff_lzw"},
    "bmp": {"format": "BMP"},
}


def encode(picture: Image.Image | np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(np.ascontiguousarray(picture))
    picture.save(stream, **options)
    return stream.getvalue()


def same(got: np.ndarray, wanted: np.ndarray, off: int = 0) -> bool:
    return got.shape == wanted.shape and int(np.abs(got.astype(int) - wanted).max()) <= off


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_from_every_source(name, tmp_path):
    data = encode(SCENE, **FORMATS[name])
    path = tmp_path / "no suffix needed"
    path.write_bytes(data)
    stream = io.BytesIO(b"ahead" + data)
    stream.seek(5)
    sources = (path, str(path), data, bytearray(data), memoryview(data), stream, Image.open(io.BytesIO(data)))
    for source in sources:
        image = load_image(source)
        assert image.dtype == np.uint8 and image.flags.c_contiguous and image.flags.writeable
        assert same(image, SCENE, 6 if "JPEG" in FORMATS[name].values() else 0)
    assert not stream.closed
    assert read_size(path) == read_size(Image.open(io.BytesIO(data))) == (48, 32)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "bmp"])
def test_orientation(name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(STORED[orientation], exif=exif, **FORMATS[name])
    assert same(load_image(data), SCENE, 6 if "JPEG" in FORMATS[name].values() else 0)
    assert read_size(data) == (48, 32)
    opened = Image.open(io.BytesIO(data))
    assert read_size(opened) == (48, 32)
    assert np.array_equal(load_image(opened), load_image(data))
    assert np.array_equal(load_image(opened), load_image(data))  # and again, now that it is decoded


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0nonsense", b"x" * 500])
@pytest.mark.filterwarnings("ignore")
def test_damaged_exif_does_not_cost_the_photo(exif):
    assert same(load_image(encode(SCENE, exif=exif, **FORMATS["jpeg"])), SCENE, 6)


@pytest.mark.parametrize("orientation", [0, 9, 255, 65535])
def test_orientation_out_of_range_is_none(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert same(load_image(encode(SCENE, exif=exif, **FORMATS["png"])), SCENE)


def test_a_pil_image_is_not_changed():
    exif = Image.Exif()
    exif[0x0112] = 6
    opened = Image.open(io.BytesIO(encode(STORED[6], exif=exif, **FORMATS["png"])))
    load_image(opened)
    assert opened.size == (32, 48) and opened.getexif()[0x0112] == 6


def test_first_frame_of_animations():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((250, 0, 0), (0, 0, 250))]
    for options in ({"format": "WEBP", "lossless": True}, {"format": "PNG"}, {"format": "TIFF"}):
        data = encode(frames[0], save_all=True, append_images=frames[1:], **options)
        assert (load_image(data) == (250, 0, 0)).all(), options
    gif = Image.open(io.BytesIO(encode(frames[0], format="GIF", save_all=True, append_images=frames[1:])))
    gif.seek(1)  # of an opened image it is the frame that the caller chose
    assert (load_image(gif) == (0, 0, 250)).all()


def test_mpo_loads_as_its_first_picture():
    second = Image.fromarray(SCENE[::-1].copy())
    data = encode(SCENE, format="MPO", save_all=True, append_images=[second], quality=95, subsampling=0)
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert same(load_image(data), SCENE, 6)


def test_heic_upright_in_its_colours():
    heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    upright = SCENE.repeat(4, axis=0).repeat(4, axis=1)
    heif.from_pillow(Image.fromarray(upright)).save(stream, exif=exif.tobytes(), quality=95)
    data = stream.getvalue()
    image = load_image(data)
    # The writer keeps the pixels and turns them on display: here a quarter clockwise.
    assert read_size(data) == (128, 192) and image.shape == (192, 128, 3)
    assert same(image[8:-8:16, 8:-8:16], np.rot90(upright, -1)[8:-8:16, 8:-8:16], 12)
    assert "HEIF" not in Image.OPEN


def as_float(dtype):
    return lambda a: (a / 255).astype(dtype)


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: a,
        lambda a: np.asfortranarray(a),
        lambda a: a[::-1].copy()[::-1],
        lambda a: a.astype(np.uint16) * 257,
        lambda a: (a.astype(np.uint16) * 257).astype(">u2"),
        as_float(np.float16),
        as_float(np.float32),
        as_float(np.float64),
        as_float(">f8"),
    ],
)
def test_arrays_of_every_type(convert):
    rgb = convert(SCENE)
    assert np.array_equal(load_image(rgb), SCENE)
    grey = rgb[:, :, 0]
    wanted = np.repeat(SCENE[:, :, :1], 3, axis=2)
    assert np.array_equal(load_image(grey), wanted)
    assert np.array_equal(load_image(grey[:, :, None]), wanted)
    assert load_image(rgb[:1, :1]).shape == (1, 1, 3)
    assert read_size(grey) == (48, 32)


def test_an_array_is_copied():
    array = SCENE.copy()
    image = load_image(array)
    image[:] = 7
    assert np.array_equal(array, SCENE)
    grey = SCENE[:, :, 0].copy()
    assert not np.shares_memory(load_image(grey), grey)


def test_bool_and_sixteen_bit_rounding():
    assert load_image(np.array([[True, False]]))[0, :, 0].tolist() == [255, 0]
    values = np.array([[0, 128, 129, 32767, 32768, 65406, 65407, 65535]], np.uint16)
    wanted = [round(v / 257) for v in values[0].tolist()]
    assert load_image(values)[0, :, 0].tolist() == wanted == [0, 0, 1, 127, 128, 254, 255, 255]
    assert load_image(np.array([[0.0, 0.2, 1.0]]))[0, :, 0].tolist() == [0, 51, 255]


def test_rgba_array_over_white():
    array = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
    wanted = [[10, 20, 30], [255, 255, 255], [204, 204, 204]]
    assert load_image(array)[0].tolist() == wanted
    assert load_image(array.astype(np.uint16) * 257)[0].tolist() == wanted
    assert load_image(array / 255)[0].tolist() == wanted


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.zeros((0, 4, 3), np.uint8), ImageReadError, "no pixels"),
        (np.zeros((4, 0), np.uint8), ImageReadError, "no pixels"),
        (np.zeros(4, np.uint8), ImageFormatError, "(4,)"),
        (np.array(4, np.uint8), ImageFormatError, "shape"),
        (np.zeros((4, 4, 2), np.uint8), ImageFormatError, "(4, 4, 2)"),
        (np.zeros((3, 40, 50), np.uint8), ImageFormatError, "np.moveaxis"),
        (np.zeros((1, 4, 4, 3), np.uint8), ImageFormatError, "(1, 4, 4, 3)"),
        (np.zeros((4, 4), np.int64), ImageFormatError, "int64"),
        (np.zeros((4, 4), np.uint32), ImageFormatError, "uint32"),
        (np.zeros((4, 4), np.complex64), ImageFormatError, "complex64"),
        (np.zeros((4, 4), object), ImageFormatError, "object"),
        (np.array([["a", "b"]]), ImageFormatError, "type"),
        (np.full((4, 4), np.nan), ImageFormatError, "0..1"),
        (np.array([[0.5, np.nan]]), ImageFormatError, "0..1"),
        (np.array([[0.5, np.inf]], np.float32), ImageFormatError, "0..1"),
        (np.array([[0.5, 1.1]]), ImageFormatError, "divide by 255"),
        (np.array([[0.5, -0.1]]), ImageFormatError, "0..1"),
    ],
)
def test_wrong_arrays(array, error, words):
    with pytest.raises(error) as caught:
        load_image(array)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("source", [None, 7, [[1, 2]], {"a": 1}, object()])
def test_wrong_types(source):
    for function in (load_image, read_size):
        with pytest.raises(ImageFormatError, match=type(source).__name__):
            function(source)


def test_pil_image_without_pixels():
    with pytest.raises(ImageReadError, match="no pixels"):
        load_image(Image.new("RGB", (0, 5)))


def test_suffixes_are_lower_case_and_cover_what_phones_write():
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in SUFFIXES)
    assert {Path(name).suffix.lower() for name in ("a.JPG", "b.heic", "c.png", "d.webp", "e.tif")} <= SUFFIXES
