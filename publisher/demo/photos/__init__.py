"""Pictures of the demo: drawn illustrations that come as a telephone's camera would send them."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import ExifTags, Image

from publisher.demo.notices import PhotoSpec
from publisher.demo.photos.canvas import Canvas
from publisher.demo.photos.scenes import SCENES

__all__ = ["SCENES", "photo"]

_QUALITY: Final = 88
_UPRIGHT: Final = 1
#: EXIF: "turn me a quarter clockwise to look at me".
_LYING: Final = 6
_TAKEN: Final = "2021:07:19 11:20:00"
#: The middle of Pune, as degrees, minutes and seconds.
_NORTH: Final = (18.0, 31.0, 13.0)
_EAST: Final = (73.0, 51.0, 24.0)


def photo(spec: PhotoSpec) -> bytes:
    """A JPEG of 4,000 × 3,000 pixels with camera, time, GPS and orientation in its EXIF.

    Where the spec asks for it the picture lies on its side and is 3,000 × 4,000 once upright.
    The same spec always gives the same bytes. An unknown scene raises KeyError.
    """
    canvas = Canvas(tall=spec.turned)
    SCENES[spec.scene](canvas, spec.text)
    stored = canvas.image.transpose(Image.Transpose.ROTATE_90) if spec.turned else canvas.image
    out = BytesIO()
    exif = _exif(_LYING if spec.turned else _UPRIGHT)
    stored.save(out, "JPEG", quality=_QUALITY, exif=exif)
    return out.getvalue()


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Namuna"
    exif[ExifTags.Base.Model] = "Udaharan N1"
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.DateTime] = _TAKEN
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = _TAKEN
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = _NORTH
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = _EAST
    return exif
