"""Files of other kinds, known by their first bytes: HEIC where Pillow can be taught it, others by name."""

from functools import cache

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
    """Tell whether a file begins as HEIC does, in which telephones keep photographs."""
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
