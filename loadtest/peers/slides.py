"""OpenSlide's DeepZoom and large_image over one slide, as plain WSGI: no framework between the library and the socket.

SLIDE is the file, QUALITY that of the JPEGs. Both answer /{down}/{x}_{y}.jpeg, a tile of 256 px, 0 the full size;
large_image also /region/{left},{top},{width},{height}, shrunk to 512 px.
"""

import io
import os
import re

SLIDE = os.environ["SLIDE"]
QUALITY = int(os.environ["QUALITY"])
TILE_SIZE = 256
REGION_SIZE = 512
TILE_PATH = re.compile(r"/(\d+)/(\d+)_(\d+)\.jpeg$")
REGION_PATH = re.compile(r"/region/(\d+),(\d+),(\d+),(\d+)$")


def answering(routes):
    """A WSGI application: the first pattern that the path matches, called with its numbers, gives a JPEG."""

    def application(environ, start_response):
        for pattern, jpeg_of in routes:
            found = pattern.match(environ["PATH_INFO"])
            if found:
                body = jpeg_of(*map(int, found.groups()))
                start_response("200 OK", [("Content-Type", "image/jpeg"), ("Content-Length", str(len(body)))])
                return [body]
        start_response("404 Not Found", [("Content-Length", "0")])
        return []

    return application


def deepzoom(tile_size=TILE_SIZE, overlap=0, quality=QUALITY):
    import openslide
    from openslide.deepzoom import DeepZoomGenerator

    tiles = DeepZoomGenerator(openslide.OpenSlide(SLIDE), tile_size=tile_size, overlap=overlap)

    def tile(down, x, y):
        with io.BytesIO() as buffer:
            tiles.get_tile(tiles.level_count - 1 - down, (x, y)).save(buffer, "jpeg", quality=quality)
            return buffer.getvalue()

    return answering([(TILE_PATH, tile)])


def deepzoom_example():
    """As deepzoom_server.py of OpenSlide's Python examples sets it up."""
    return deepzoom(tile_size=254, overlap=1, quality=75)


def large_image(correct_colours=True):
    """Stored tiles pass through only when colours are not corrected; they are by default."""
    import large_image as library

    library.config.setConfig("icc_correction", correct_colours)
    return serving(library.open(SLIDE, encoding="JPEG", jpegQuality=QUALITY))


def large_image_defaults():
    import large_image as library

    return serving(library.open(SLIDE))


def serving(source):
    def tile(down, x, y):
        return bytes(source.getTile(x, y, source.levels - 1 - down))

    def region(left, top, width, height):
        jpeg, _ = source.getRegion(
            region={"left": left, "top": top, "width": width, "height": height, "units": "base_pixels"},
            output={"maxWidth": REGION_SIZE, "maxHeight": REGION_SIZE},
            encoding="JPEG",
            jpegQuality=QUALITY,
        )
        return bytes(jpeg)

    return answering([(TILE_PATH, tile), (REGION_PATH, region)])
