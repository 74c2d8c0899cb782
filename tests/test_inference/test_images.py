"""Images of every kind -> BGR uint8, upright."""

import socketserver
import struct
import threading
import time
import zlib
from urllib.request import Request

import cv2
import numpy as np
import pytest
from PIL import Image

from integral_mmpose.inference import as_bgr, download, images, read_image


@pytest.mark.parametrize(
    ('pixels', 'expected'),
    [
        (np.full((1, 1, 3), 7, np.uint8), [7, 7, 7]),
        (np.full((3, 5), 9, np.uint8), [9, 9, 9]),
        # 50 / 255 of the colour on white: 255 * 205 / 255 + 1 * 50 / 255
        (np.full((3, 5, 4), (1, 2, 3, 50), np.uint8), [205, 205, 206]),
        (np.full((3, 5), 257 * 100, np.uint16), [100, 100, 100]),
        (np.full((3, 5, 3), 257 * 30, np.uint16), [30, 30, 30]),
    ],
    ids=['1x1', 'grey', 'alpha', '16 bit grey', '16 bit'],
)
def test_kinds_as_files_and_as_arrays(tmp_path, pixels, expected):
    path = tmp_path / 'image.png'
    assert cv2.imwrite(str(path), pixels)
    for image in (read_image(path), as_bgr(pixels)):
        assert image.shape == (*pixels.shape[:2], 3)
        assert image.dtype == np.uint8
        assert image[0, 0].tolist() == expected


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp'])
@pytest.mark.parametrize(
    ('tag', 'corner'), [(1, (0, 0)), (3, (9, 19)), (6, (0, 9)), (8, (19, 0))]
)
def test_photographs_are_turned_upright(tmp_path, tag, corner, suffix):
    """A white block in the stored top left corner; EXIF says where it is."""
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[:4, :4] = 255
    exif = Image.Exif()
    exif[0x0112] = tag
    path = tmp_path / f'photo.{suffix}'
    Image.fromarray(pixels).save(path, exif=exif, quality=95)
    image = read_image(path)
    turned = tag in (6, 8)
    assert image.shape == ((20, 10, 3) if turned else (10, 20, 3))
    corners = {
        (y, x): int(image[y, x, 0])
        for y in (0, image.shape[0] - 1)
        for x in (0, image.shape[1] - 1)
    }
    assert max(corners, key=corners.get) == corner


@pytest.mark.parametrize('tag', range(1, 9))
@pytest.mark.parametrize('shape', [(2, 3), (2, 3, 3)], ids=['grey', 'colour'])
def test_a_tiff_of_16_bits_is_turned_once(tmp_path, tag, shape):
    """Beside the same picture of 8 bits, which Pillow turns."""
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape) * 10
    found = []
    for depth, factor in ((np.uint8, 1), (np.uint16, 257)):
        path = tmp_path / f'{depth.__name__}.tif'
        cv2.imwrite(str(path), pixels.astype(depth) * depth(factor))
        content = bytearray(path.read_bytes())
        with Image.open(path) as header:
            assert header.tag_v2[258][0] == 8 * depth().nbytes
            order = header.tag_v2.prefix
        # OpenCV writes no orientation: replace a tag that nobody needs.
        code = '<' if order == b'II' else '>'
        entry = content.index(struct.pack(code + 'HH', 278, 3))
        entry_of_rows = struct.pack(code + 'HHIHH', 274, 3, 1, tag, 0)
        content[entry : entry + 12] = entry_of_rows
        path.write_bytes(content)
        found.append(read_image(path))
    np.testing.assert_array_equal(*found)
    with Image.open(tmp_path / 'uint8.tif') as header:
        assert header.getexif()[274] == tag


@pytest.mark.parametrize(
    ('tag', 'turned'), [(0, False), (9, False), (6, True)]
)
def test_an_unknown_orientation_of_16_bits_is_upright(tmp_path, tag, turned):
    """Cameras write 0; OpenCV writes no EXIF, so the chunk is put in."""
    content = cv2.imencode('.png', np.full((2, 4), 257 * 99, np.uint16))[1]
    content = content.tobytes()
    exif = Image.Exif()
    exif[0x0112] = tag
    chunk = b'eXIf' + exif.tobytes().removeprefix(b'Exif\0\0')
    size, check = len(chunk) - 4, zlib.crc32(chunk)
    chunk = struct.pack('>I', size) + chunk + struct.pack('>I', check)
    path = tmp_path / 'photo.png'
    path.write_bytes(content[:33] + chunk + content[33:])  # behind IHDR
    image = read_image(path)
    assert image.shape == ((4, 2, 3) if turned else (2, 4, 3))
    assert (image == 99).all()


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.jpg'):
        read_image(tmp_path / 'nowhere.jpg')
    for name, content in (('text.jpg', b'no image'), ('empty.jpg', b'')):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f'{name}: cannot be decoded'):
            read_image(tmp_path / name)


def test_webp_has_blue_first(tmp_path):
    path = tmp_path / 'photo.webp'
    Image.new('RGBA', (4, 3), (250, 0, 10, 255)).save(path, lossless=True)
    assert read_image(path).tolist() == [[[10, 0, 250]] * 4] * 3


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'webp'])
def test_torn_files_are_named(tmp_path, suffix):
    whole, path = tmp_path / f'a.{suffix}', tmp_path / f'torn.{suffix}'
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(whole)
    read_image(whole)
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=f'torn.{suffix}: cannot be decoded'):
        read_image(path)


def test_too_many_pixels_are_named(tmp_path):
    """A header that promises 1.6e9 px is refused before it is read."""

    def chunk(kind, data):
        body = kind + data
        code = zlib.crc32(body).to_bytes(4, 'big')
        return len(data).to_bytes(4, 'big') + body + code

    size = (40000).to_bytes(4, 'big') * 2
    path = tmp_path / 'wide.png'
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', size + bytes([8, 2, 0, 0, 0]))
        + chunk(b'IDAT', zlib.compress(b''))
        + chunk(b'IEND', b'')
    )
    with pytest.raises(ValueError, match='wide.png: has 40000 x 40000 px'):
        read_image(path)
    small = tmp_path / 'small.png'
    Image.new('L', (20, 10)).save(small)
    assert read_image(small, 200e-6).shape == (10, 20, 3)
    with pytest.raises(ValueError, match='more than 0.000199 megapixels'):
        read_image(small, 199e-6)


def test_pillow_keeps_its_limit_for_others(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 99)
    path = tmp_path / 'small.png'
    Image.new('LA', (20, 10)).save(path)
    assert read_image(path).shape == (10, 20, 3)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(path)


@pytest.mark.parametrize(
    'bad',
    [
        np.zeros((4, 4, 3)),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
    ],
    ids=['float', 'two channels', 'empty', 'a row'],
)
def test_arrays_that_are_no_images(bad):
    with pytest.raises(ValueError, match='photo: must be uint8 or uint16'):
        as_bgr(bad, 'photo')


def test_url(server, tmp_path, image, monkeypatch):
    cv2.imwrite(str(tmp_path / 'photo.png'), image)
    np.testing.assert_array_equal(read_image(f'{server}/photo.png'), image)
    (tmp_path / 'page.html').write_text('<html>')
    with pytest.raises(ValueError, match='page.html: cannot be decoded'):
        read_image(f'{server}/page.html')
    with pytest.raises(OSError, match='none.png: cannot be read .*404'):
        read_image(f'{server}/none.png')
    monkeypatch.setattr(download, 'MAX_BYTES', 100)
    with pytest.raises(OSError, match='photo.png: .*is larger than'):
        read_image(f'{server}/photo.png')


class _Slow(socketserver.StreamRequestHandler):
    """One byte every fifty milliseconds, without an end."""

    header = b'HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n'

    def handle(self):
        self.rfile.readline()
        self.wfile.write(self.header)
        try:
            while True:
                self.wfile.write(b'x')
                time.sleep(0.05)
        except OSError:
            pass


@pytest.mark.parametrize('header', [_Slow.header, b'HTTP/1.1 200 OK\r\nA: '])
def test_a_download_without_an_end_is_given_up(monkeypatch, header):
    """In its body, or before it has begun."""
    monkeypatch.setattr(download, 'TOTAL_S', 0.5)
    monkeypatch.setattr(_Slow, 'header', header)
    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), _Slow) as slow:
        threading.Thread(target=slow.serve_forever, daemon=True).start()
        url = f'http://127.0.0.1:{slow.server_address[1]}/a.png'
        start = time.monotonic()
        with pytest.raises(OSError, match='takes longer than 0.5 s'):
            read_image(url)
        assert time.monotonic() - start < 5
        slow.shutdown()


def test_a_download_that_ends_early_is_no_image(monkeypatch):
    class Short(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(_Slow.header + b'x' * 9000)

    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), Short) as short:
        threading.Thread(target=short.serve_forever, daemon=True).start()
        url = f'http://127.0.0.1:{short.server_address[1]}/a.png'
        with pytest.raises(OSError, match='a.png: .*ends 999 bytes early'):
            download.download(url)
        short.shutdown()


@pytest.mark.parametrize(
    ('origin', 'target', 'reason'),
    [
        ('http://8.8.8.8/a', 'http://127.0.0.1/a', 'private address'),
        ('http://8.8.8.8/a', 'http://10.0.0.8/a', 'private address'),
        ('http://8.8.8.8/a', 'http://[::1]/a', 'private address'),
        ('http://8.8.8.8/a', 'ftp://8.8.8.8/a', 'not http'),
        ('http://8.8.8.8/a', 'file:///etc/passwd', 'not http'),
        ('http://8.8.8.8/a', 'https://8.8.4.4/b', None),
        ('http://127.0.0.1/a', 'http://127.0.0.1/b', None),
    ],
)
def test_redirects_stay_in_the_web(origin, target, reason):
    """urllib's own handler follows the first three."""
    arguments = (Request(origin), None, 302, 'Found', {}, target)
    if reason is None:
        follow = download.CheckedRedirects().redirect_request(*arguments)
        assert follow.full_url == target
        return
    with pytest.raises(ValueError, match=reason):
        download.CheckedRedirects().redirect_request(*arguments)


@pytest.mark.parametrize('suffix', ['gif', 'avif', 'jp2', 'ppm', 'tga'])
def test_whatever_pillow_opens_is_read(tmp_path, suffix):
    pixels = np.full((8, 6, 3), (200, 100, 40), np.uint8)
    Image.fromarray(pixels).save(tmp_path / f'photo.{suffix}')
    image = read_image(tmp_path / f'photo.{suffix}')
    assert np.abs(image.astype(int) - (40, 100, 200)).max() <= 12


def test_values_of_an_unknown_range_are_refused(tmp_path):
    """OpenCV's colour mode gives black of the first, white of the second."""
    for highest in (3000, 200, 1):
        pixels = np.full((8, 6), highest, np.uint16)
        cv2.imwrite(str(tmp_path / '12.png'), pixels)
        message = f'12.png: 16-bit .* value is {highest}'
        with pytest.raises(ValueError, match=message):
            read_image(tmp_path / '12.png')
    Image.fromarray(np.full((8, 6), 0.5, np.float32)).save(tmp_path / 'f.tif')
    with pytest.raises(ValueError, match='f.tif: .*Convert it to 8 bits'):
        read_image(tmp_path / 'f.tif')


@pytest.mark.parametrize('highest', [2**14 - 1, 2**14])
def test_14_bits_are_told_from_16(caplog, highest):
    """A dark picture of 16 bits is read all the same."""
    image = as_bgr(np.full((3, 5), highest, np.uint16), 'ir.png')
    assert (image == highest // 257).all()
    told = f'ir.png: 16-bit image whose highest value is {highest}: if'
    assert (told in caplog.text) == (highest < 2**14)


def test_heic_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setattr(images, 'pillow_heif', None)
    path = tmp_path / 'phone.heic'
    path.write_bytes(b'\0\0\0\x18ftypxxxx')
    with pytest.raises(ValueError, match='phone.heic: .*pillow-heif'):
        read_image(path)


def test_transparent_pixels_are_white(tmp_path):
    for suffix in ('png', 'webp', 'gif'):
        path = tmp_path / f'a.{suffix}'
        Image.new('RGBA', (6, 4), (250, 0, 10, 0)).save(path)
        assert (read_image(path) == 255).all()


def test_a_server_that_is_not_there():
    with pytest.raises(OSError, match='http://127.0.0.1:9/a.png: cannot'):
        read_image('http://127.0.0.1:9/a.png')


def test_answers_that_are_no_http_are_named(server):
    """http.client's errors are neither OSError nor ValueError."""
    with pytest.raises(OSError, match='my photo.png: cannot be read'):
        read_image(f'{server}/my photo.png')
    with socketserver.TCPServer(('127.0.0.1', 0), _Cut) as cut:
        threading.Thread(target=cut.serve_forever, daemon=True).start()
        url = f'http://127.0.0.1:{cut.server_address[1]}/a.png'
        with pytest.raises(OSError, match='a.png: cannot be read'):
            read_image(url)
        cut.shutdown()


class _Cut(socketserver.StreamRequestHandler):
    """Promises more bytes than it sends."""

    def handle(self):
        self.rfile.readline()
        self.wfile.write(
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc'
        )
