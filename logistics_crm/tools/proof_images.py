"""Photos and signatures as they come from a phone, made harmless: sniffed, bounded and painted anew.

Painted anew, a picture loses whatever else its file carried: EXIF with the place, comments, a script behind it.
"""

import io

from PIL import Image, ImageOps

MAX_PHOTO_PIXELS = 50_000_000
MAX_SIGNATURE_PIXELS = 8_000_000
PHOTO_SIDE = 1920
SIGNATURE_SIZE = (1200, 600)
SIGNATURE_MARGIN = 12
_INK = 24  # a signature's darkest and lightest point differ by at least this much


class ImageProblem(ValueError):
    """`reason` is one of: too_big, not_a_picture, blank."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def clean_photo(content):
    """The photo in `content` (bytes of a JPEG, PNG, GIF or WebP) as an upright JPEG of at most PHOTO_SIDE a side.

    Raises ImageProblem.
    """
    picture = _read(content, ("JPEG", "PNG", "GIF", "WEBP"), MAX_PHOTO_PIXELS, side=PHOTO_SIDE)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def clean_signature(content):
    """The signature in `content` (bytes of a PNG or JPEG) as a PNG, dark on white, without its empty margin.

    Raises ImageProblem, also where there is no ink.
    """
    grey = _read(content, ("PNG", "JPEG"), MAX_SIGNATURE_PIXELS).convert("L")
    darkest, lightest = grey.getextrema()
    if lightest - darkest < _INK:
        raise ImageProblem("blank")
    ink = ImageOps.invert(grey).point([value if value >= _INK else 0 for value in range(256)])
    left, top, right, bottom = ink.getbbox()
    margin = SIGNATURE_MARGIN
    grey = grey.crop(
        (
            max(0, left - margin),
            max(0, top - margin),
            min(grey.width, right + margin),
            min(grey.height, bottom + margin),
        )
    )
    grey.thumbnail(SIGNATURE_SIZE)
    out = io.BytesIO()
    grey.save(out, "PNG", optimize=True)
    return out.getvalue()


def _read(content, formats, max_pixels, side=None):
    """The picture on a new white canvas, upright, its longer side at most `side`."""
    try:
        picture = Image.open(io.BytesIO(content), formats=formats)
        if picture.width * picture.height > max_pixels:  # the header alone is read so far: no bomb is unpacked
            raise ImageProblem("too_big")
        if side:
            picture.draft("RGB", (side, side))
        picture = ImageOps.exif_transpose(picture)
        if side:
            picture.thumbnail((side, side))
        picture = picture.convert("RGBA")
        # A new canvas carries no comment, profile or EXIF of the old file.
        canvas = Image.new("RGB", picture.size, "white")
        canvas.paste(picture, mask=picture.getchannel("A"))
        return canvas
    except ImageProblem:
        raise
    except Image.DecompressionBombError:
        raise ImageProblem("too_big") from None
    except Exception:  # Pillow raises whatever a broken file makes it stumble on
        raise ImageProblem("not_a_picture") from None
