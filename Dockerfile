# One image; the command chooses the part: serve, work, seal, migrate ... (forbear --help).
#
#   docker build --tag forbear .
#
# A glibc base, because the wheels of the lock are built for it. Nothing is fetched that the lock does not pin by hash.
FROM python:3.12-slim AS build
ENV VENV=/opt/forbear PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv --without-pip "$VENV"
RUN python -m pip --python "$VENV/bin/python" install --no-deps --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY gateway gateway
COPY channels channels
COPY templates_sms templates_sms
COPY throttling throttling
COPY audit audit
COPY config config
RUN "$VENV/bin/python" -m pip install --no-deps --no-build-isolation .
RUN "$VENV/bin/python" -m pip check

FROM python:3.12-slim
# A user of its own without a shell. The folders are there so that fresh volumes on them belong to it.
RUN useradd --system --uid 10001 --home-dir /var/lib/forbear --shell /usr/sbin/nologin forbear \
 && install -d -o forbear -g forbear -m 0700 /var/lib/forbear /var/lib/forbear/master /var/lib/forbear/seal
COPY --from=build /opt/forbear /opt/forbear
ENV PATH=/opt/forbear/bin:$PATH PYTHONUNBUFFERED=1 FORBEAR_DATA_DIR=/var/lib/forbear FORBEAR_LISTEN=0.0.0.0:8080
WORKDIR /var/lib/forbear
USER forbear
EXPOSE 8080
STOPSIGNAL SIGTERM
# Of serve. The other parts have no port; compose.yaml turns it off for them.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
ENTRYPOINT ["forbear"]
CMD ["--help"]
