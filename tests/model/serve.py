"""llama.cpp's own HTTP server with a small model: says where it listens, and serves until it is killed."""

import glob
import os
import signal
import sys

import xllamacpp

package, name = sys.argv[1:]
settings = xllamacpp.CommonParams()
settings.model.path = glob.glob(os.path.join(package, "*.gguf"))[0]
settings.model_alias = {name}
settings.hostnames = ["127.0.0.1"]
settings.port = 0
settings.n_ctx = 4096
settings.n_parallel = 1
settings.cpuparams.n_threads = 1
settings.offline = True
settings.use_jinja = True
settings.endpoint_slots = True
server = xllamacpp.Server(settings)
print(server.listening_address, flush=True)
signal.pause()
