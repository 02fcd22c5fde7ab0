"""``s3://``, ``gs://`` and ``https://``, through servers on this machine that speak as they do.

pip install 'moto[server]' s3fs gcp-storage-emulator gcsfs aiohttp trustme
python -m pytest -n 0 tests/batch/stores.py
"""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import pytest

from tests.cli.shell import Shell, shell

pytestmark = pytest.mark.filterwarnings("ignore")  # of sockets that libraries close late

TEXT = "sin(x)*y, x/y"


@pytest.fixture
def gradcalc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A bucket with a Parquet file of four row groups and two files of text."""
    import fsspec
    import polars
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.chdir(tmp_path)
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # of another test's server
    found = fsspec.filesystem("s3", skip_instance_cache=True)
    found.mkdir("bucket")
    numbers = np.random.default_rng(0).normal(size=(80_000, 2))
    frame = polars.DataFrame({"x": numbers[:, 0], "y": numbers[:, 1]})
    frame.write_parquet("a.parquet", row_group_size=20_000)
    found.put_file("a.parquet", "bucket/in/day=1/a.parquet")
    found.pipe("bucket/text/r2.csv", b"x,y\n1,2\n")
    found.pipe("bucket/text/r10.csv.gz", gzip.compress(b"x,y\n3,-4\nfoo,1\n"))
    yield found
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    server.stop()


def test_a_bucket_is_a_folder(gradcalc: Shell, store: Any) -> None:
    ran = gradcalc("batch", "x*y", "--points", "s3://bucket/text/", "--what", "eval")
    assert (ran.code, ran.out) == (1, "f1\n2.0\n-12.0\nnan\n")
    assert "s3://bucket/text/r10.csv.gz, line 3: x is 'foo'" in ran.err
    ran = gradcalc("batch", "x*y", "--points", "s3://bucket/text/r3.csv")
    assert (ran.code, "there are no files of points" in ran.err) == (2, True)
    ran = gradcalc("batch", "x*y", "--points", "s3://elsewhere/*.csv")
    assert ran.code == 2


@pytest.mark.parametrize("words", [[], ["--cluster", "local:2"]])
def test_parts_in_a_bucket_are_those_on_a_disk(
    gradcalc: Shell, store: Any, words: list[str]
) -> None:
    words = ["--part-rows", "20000", *words]
    assert gradcalc("batch", TEXT, "--points", "a.parquet", "-o", "out/", *words[:2]).code == 0
    command = ("batch", TEXT, "--points", "s3://bucket/in/", "-o", "s3://bucket/out/", *words)
    ran = gradcalc(*command)
    assert ran.code == 0, ran.err
    for part in Path("out").glob("part-*"):
        assert store.cat(f"bucket/out/{part.name}") == part.read_bytes()
    store.invalidate_cache()
    assert len(store.ls("bucket/out")) == 5
    store.rm("bucket/out/part-00002-a-g0002.parquet")
    assert "80,000 rows in 4 parts" in gradcalc(*command).err
    assert gradcalc("verify", "s3://bucket/out/", "--sample", "2").code == 0
    data = bytearray(store.cat("bucket/out/part-00001-a-g0001.parquet"))
    data[1000] ^= 1
    store.pipe("bucket/out/part-00001-a-g0001.parquet", bytes(data))
    ran = gradcalc("verify", "s3://bucket/out/")
    assert ran.code == 1
    assert "day=1/a.parquet, row group 1): byte 1,000 is not what it was" in ran.err
    ran = gradcalc("batch", TEXT, "--points", "s3://bucket/text/", "-o", "s3://bucket/in/day=1/")
    assert (ran.code, "holds something else: a.parquet" in ran.err) == (2, True)


def test_no_credentials(gradcalc: Shell, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    ran = gradcalc("batch", "x*y", "--points", "s3://bucket/text/*.csv")
    assert ran.code == 2
    assert "cannot read 's3://bucket/text/*.csv': Unable to locate credentials" in ran.err
    assert "AWS_ACCESS_KEY_ID" in ran.err


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    # gcsfs asks, as it is loaded; by gRPC, which the emulator does not speak
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    import gcsfs
    from gcp_storage_emulator.server import create_server

    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="bucket")
    server.start()
    server._api._httpd.handle_error = lambda *_: None  # of a connection that the client has closed
    host, port = server._api._httpd.server_address
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{host}:{port}")
    monkeypatch.chdir(tmp_path)
    yield gcsfs.GCSFileSystem(token="anon", skip_instance_cache=True)
    server.stop()


def test_of_google_too(gradcalc: Shell, google: Any) -> None:
    Path("in").mkdir()
    for name, text in (("r2.csv", "x,y\n1,2\n-3,4\n"), ("r10.csv", "x,y\n5,6\n")):
        Path("in", name).write_text(text)
        google.pipe(f"bucket/in/{name}", text.encode())
    ran = gradcalc("batch", "x*y", "--points", "gs://bucket/in/", "--what", "eval")
    assert (ran.code, ran.out, ran.err) == (0, "f1\n2.0\n-12.0\n30.0\n", "3 rows\n")
    assert gradcalc("batch", TEXT, "--points", "in", "-o", "out/").code == 0
    words = ("batch", TEXT, "--points", "gs://bucket/in/", "-o", "gs://bucket/out/")
    assert gradcalc(*words).err == "3 rows in 2 parts\n"
    assert "2 of them from before" in gradcalc(*words).err or "3 of them" in gradcalc(*words).err
    google.invalidate_cache()
    for part in Path("out").glob("part-*"):
        assert google.cat(f"bucket/out/{part.name}") == part.read_bytes()
    assert gradcalc("verify", "gs://bucket/out/").code == 0


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The files of ``tmp_path``, by https with a certificate that is trusted here."""
    import aiohttp
    import trustme

    authority, trusting = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    serve = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.chdir(tmp_path)
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()


def test_from_a_web_server(gradcalc: Shell, site: str) -> None:
    Path("r.csv").write_text("x,y\n1,2\n-3,4\n")
    Path("r.csv.gz").write_bytes(gzip.compress(b"x,y\n5,6\n"))
    words = ("--points", f"{site}/r.csv", "--points", f"{site}/r.csv.gz")
    ran = gradcalc("batch", "x*y", *words, "--what", "eval")
    assert (ran.code, ran.out) == (0, "f1\n2.0\n-12.0\n30.0\n"), ran.err
    assert gradcalc("batch", TEXT, *words, "-o", "out/").err == "3 rows in 2 parts\n"
    assert gradcalc("verify", "out").code == 0
    ran = gradcalc("batch", "x*y", "--points", f"{site}/none.csv")
    assert ran.code == 2
    assert f"cannot read '{site}/none.csv': 404" in ran.err
    ran = gradcalc("batch", "x*y", "--points", f"{site.replace('localhost', '127.0.0.1')}/r.csv")
    assert ran.code == 2
    assert "certificate" in ran.err
    ran = gradcalc("batch", "x*y", "--points", f"{site}/r.csv", "-o", f"{site}/out/")
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
