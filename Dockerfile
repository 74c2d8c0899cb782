# The plugin, with the tools and the tests. By default for a CPU:
#     docker build -t integral_mmpose .
#     docker run --rm -v "$PWD/work_dirs:/app/work_dirs" integral_mmpose make demo
# With CUDA, and mmcv's own operators (they compile, 17 minutes and more):
#     docker build -t integral_mmpose --build-arg TORCH_INDEX= \
#         --build-arg MMCV_OPS=compile --build-arg FORCE_CUDA=1 \
#         --build-arg BASE=nvidia/cuda:13.0.2-devel-ubuntu24.04 .
ARG BASE=python:3.12-slim
FROM ${BASE}
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG MMCV_OPS
ARG FORCE_CUDA
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        g++ libgl1 libglib2.0-0 make python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN PIP_NO_CACHE_DIR=1 PIP_EXTRA_INDEX_URL=${TORCH_INDEX} MMCV_OPS=${MMCV_OPS} \
    FORCE_CUDA=${FORCE_CUDA} make setup
ENV PATH=/app/.venv/bin:$PATH
CMD ["integral-pose", "--help"]
