"""Files of other kinds, known by their first bytes: HEIC where Pillow can be taught it, others by name."""

from functools import cache

from rabisco.errors import N_, Sentence, UnsupportedImageError

READABLE = "PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF"
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_BEGIN = (
    (b"%PDF", "PDF"),
    (b"8BPS", "Photoshop (PSD)"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\1\0", "ICO"),
    (b"%!PS", "EPS"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"SIMPLE  =", "FITS"),
    (b"FUJIFILMCCD-RAW", "RAW (RAF)"),
    (b"qoif", "QOI"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "RAR"),
    (b"\x93NUMPY", "NumPy (NPY)"),
    (b"\x89HDF", "HDF5"),
    (b"\x1aE\xdf\xa3", "WebM"),
    (b"version https://git-lfs", "Git LFS"),
)
_TEXT = ((b"<svg", "SVG"), (b"<html", "HTML"), (b"<!doctype html", "HTML"), (b'{"', "JSON"))


def is_heic(data: bytes) -> bool:
    """Return whether a file begins as HEIC does, in which telephones keep photographs."""
    return data[4:8] == b"ftyp" and data[8:12] in _HEIC


@cache
def heic_is_read() -> bool:
    """Teach Pillow to read HEIC, once, and return whether it can: ``pillow-heif`` is an extra of its own."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True


def name_of(data: bytes) -> str:
    """Return what kind of file it is, by a name that all languages share; empty if that is not known."""
    for begin, name in _BEGIN:
        if data.startswith(begin):
            return name
    if data[:2] in (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6") and data[2:3].isspace():
        return "PNM (PBM, PGM, PPM)"
    if data[4:8] == b"ftyp":
        return "RAW (CR3)" if data[8:11] == b"crx" else "MP4"
    if data[128:132] == b"DICM":
        return "DICOM"
    if data[:2] in (b"II", b"MM"):
        return "RAW"
    head = data[:1000].lstrip().lower()
    return next((name for begin, name in _TEXT if head.startswith(begin) or (name == "SVG" and begin in head)), "")


def begins_as_picture(head: bytes) -> bool:
    """Return whether a file's first 16 bytes are those of a picture."""
    begins = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
    boxed = is_heic(head) or (head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"))
    bitmap = head[:2] == b"BM" and head[6:10] == b"\0\0\0\0"
    return head.startswith(begins) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or boxed or bitmap


def unsupported(data: bytes) -> UnsupportedImageError:
    """Return the error for a file that is no picture, or in a format that is not read here."""
    if is_heic(data):
        return UnsupportedImageError(
            N_(
                "expected a picture (%(formats)s), received HEIC, which phones take; share it as JPEG, or choose "
                "the most compatible format in the settings of the camera"
            ),
            formats=READABLE,
        )
    return UnsupportedImageError(
        N_("expected a picture (%(formats)s), received %(kind)s; save it in one of these formats"),
        formats=READABLE,
        kind=name_of(data) or Sentence(N_("something else")),
    )
