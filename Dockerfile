# The image that serves (the default target: no TensorFlow), and the one that trains (--target train).
# docs/docker.md says how to build and run both, and how to pin the base by its digest.
ARG BASE=docker.io/library/debian:trixie-slim

FROM ${BASE} AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*

# Packages are installed by hash into one folder, which alone goes on. A company's package index comes in as a secret,
# `--secret id=pip,src=/etc/pip.conf`, and stays in no layer.
FROM base AS packages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3-venv \
    && python3 -m venv /opt/rabisco
WORKDIR /build
# For files in an object store: --build-arg OBJECT_STORE=1
ARG OBJECT_STORE=
COPY requirements/serve.txt requirements/s3.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/rabisco/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements/serve.txt \
    ${OBJECT_STORE:+-r requirements/s3.txt}

FROM packages AS packages-train
COPY requirements/train.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/rabisco/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements/train.txt
COPY . .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    sh docker/install.sh rabisco.web.platform.server rabisco.web.platform.application rabisco.runs.worker keras matplotlib.pyplot sklearn.linear_model tf2onnx

FROM packages AS packages-serve
COPY . .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    sh docker/install.sh rabisco.web.platform.server rabisco.web.platform.application psycopg onnxruntime

FROM base AS runtime
RUN useradd --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin rabisco \
    && install --directory --owner=rabisco --group=rabisco /data
ENV PATH=/opt/rabisco/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RABISCO_HOME=/data \
    RABISCO_CACHE_DIR=/data/cache \
    RABISCO_HOST=0.0.0.0 \
    RABISCO_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3000/health', timeout=4)"]
ENTRYPOINT ["rabisco"]
CMD ["serve"]

FROM runtime AS train
COPY --from=packages-train /opt/rabisco /opt/rabisco

FROM runtime AS serve
COPY --from=packages-serve /opt/rabisco /opt/rabisco
# Without a token it only reads pictures. With one, it does all but train: -e RABISCO_ACCESS_TOKEN=… -e RABISCO_READ_ONLY=0
ENV RABISCO_READ_ONLY=1
