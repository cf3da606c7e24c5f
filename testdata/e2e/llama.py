"""Serve a GGUF vision model by llama.cpp on a free port of 127.0.0.1. Prints the port when it answers; ends when its standard input does."""
import socket, sys, time, urllib.request
import xllamacpp

with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
p = xllamacpp.CommonParams()
p.model.path, p.mmproj.path = sys.argv[1], sys.argv[2]
p.n_ctx, p.n_parallel, p.image_min_tokens = 32768, 4, 1024
p.hostnames, p.port = ["127.0.0.1"], port
server = xllamacpp.Server(p)
for _ in range(600):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
        break
    except OSError:
        time.sleep(0.1)
print(port, flush=True)
sys.stdin.read()
