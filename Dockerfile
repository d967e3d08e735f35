# The only place that pins the version of Deno. .ci/run reads it from here.
ARG DENO_VERSION=2.9.6

FROM docker.io/denoland/deno:${DENO_VERSION} AS source
ENV DENO_DIR=/deno-dir
WORKDIR /app
COPY deno.json ./
COPY src src
# All users may read these files, whatever the umask of the checkout was. Only root may write them.
RUN mkdir /data && chmod -R a=rX,u+w /app

# Each image holds only the packages that its service needs: --config selects a deno.json with its lock file.
# The aggregator needs none.
FROM source AS aggregator-cache
RUN deno cache --frozen src/aggregator/main.ts src/aggregator/worker.ts src/aggregator/admin/worker.ts \
  src/aggregator/healthcheck.ts && chmod -R a=rX,u+w "$DENO_DIR"

FROM source AS balancer-cache
RUN deno cache --frozen --config src/balancer/deno.json src/balancer/main.ts src/balancer/worker.ts \
    src/balancer/healthcheck.ts src/prober/main.ts \
  && chmod -R a=rX,u+w "$DENO_DIR"

FROM source AS shipper-cache
RUN deno cache --frozen --config src/shared/database/deno.json src/shipper/main.ts src/shipper/healthcheck.ts \
    src/fleet/main.ts \
  && chmod -R a=rX,u+w "$DENO_DIR"

# Distroless: glibc and Deno, no shell. Deno runs as process 1 without an init: the services handle SIGTERM,
# and they start no child processes that an init would have to reap.
FROM docker.io/denoland/deno:distroless-${DENO_VERSION} AS runtime
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
WORKDIR /app
COPY --from=source --chown=65532:65532 /data /app/data
USER 65532:65532
VOLUME /app/data
STOPSIGNAL SIGTERM

# Without DATABASE_URL, the balancer runs the embedded PostgreSQL. With DATABASE_URL, the ENTRYPOINT also
# needs the net permission for the database host, which the image can't know: docker-compose.yml shows how to
# add it.
FROM runtime AS balancer
COPY --from=balancer-cache /app /app
COPY --from=balancer-cache /deno-dir /deno-dir
# The admin API must be reachable from outside the container. Publish its port only to the API's users. The
# health check reads this variable, so change the address with the variable, not with the flag.
ENV BALANCER_ADMIN=0.0.0.0:8081
EXPOSE 8080 8081
# Measured once: a health check takes 30 ms, of which 20 ms are CPU time.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD [ \
  "/bin/deno", "run", "--no-prompt", "--no-npm", "--cached-only", "--frozen", \
  "--allow-net=localhost,0.0.0.0,127.0.0.1,[::],[::1]", \
  "--allow-env=BALANCER_ADMIN", \
  "src/balancer/healthcheck.ts" \
]
ENTRYPOINT [ \
  "/bin/deno", "run", "--config=src/balancer/deno.json", "--no-prompt", "--cached-only", "--frozen", \
  "--allow-net=0.0.0.0,[::]", \
  "--allow-env=BALANCER_*,DATABASE_URL,DATABASE_URL_FILE,ADMIN_TOKENS,ADMIN_TOKENS_FILE,CDN_HOST,ORIGIN_CLUSTER,CDN_TO_ORIGIN", \
  "--ignore-env=PG*", \
  "--allow-read=.env,data,src", \
  "--allow-write=data", \
  "src/balancer/main.ts" \
]

# Mount the directory of an aggregator's records read-only at /app/data, and set DATABASE_URL. The ENTRYPOINT
# also needs the net permission for the database host: docker-compose.yml shows how to add it.
FROM runtime AS shipper
COPY --from=shipper-cache /app /app
COPY --from=shipper-cache /deno-dir /deno-dir
# The health check reads this variable, so change the address with the variable, not with the flag.
ENV SLUICE_SHIP_ADMIN=127.0.0.1:9997
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD [ \
  "/bin/deno", "run", "--no-prompt", "--no-npm", "--cached-only", "--frozen", \
  "--allow-net=127.0.0.1", \
  "--allow-env=SLUICE_SHIP_ADMIN", \
  "src/shipper/healthcheck.ts" \
]
ENTRYPOINT [ \
  "/bin/deno", "run", "--config=src/shared/database/deno.json", "--no-prompt", "--cached-only", "--frozen", \
  "--allow-net=127.0.0.1", \
  "--allow-env=SLUICE_SHIP_*,DATABASE_URL,DATABASE_URL_FILE", \
  "--ignore-env=PG*", \
  "--allow-sys=hostname", \
  "--allow-read=.env,data", \
  "src/shipper/main.ts" \
]

FROM runtime AS aggregator
COPY --from=aggregator-cache /app /app
COPY --from=aggregator-cache /deno-dir /deno-dir
# The admin port must be reachable from outside the container. Publish it only to the users of the metrics.
# The health check reads this variable, so change the address with the variable, not with the flag.
ENV SLUICE_ADMIN=0.0.0.0:9998
EXPOSE 9999/udp 9998
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD [ \
  "/bin/deno", "run", "--no-prompt", "--no-npm", "--cached-only", "--frozen", \
  "--allow-net=0.0.0.0,127.0.0.1,[::],[::1]", \
  "--allow-env=SLUICE_ADMIN", \
  "src/aggregator/healthcheck.ts" \
]
ENTRYPOINT [ \
  "/bin/deno", "run", "--no-prompt", "--no-npm", "--cached-only", "--frozen", \
  "--allow-net=0.0.0.0,[::]", \
  "--allow-env=SLUICE_*", \
  "--allow-read=.env,data,src", \
  "--allow-write=data", \
  "--allow-ffi=/lib/x86_64-linux-gnu/libc.so.6,/lib/aarch64-linux-gnu/libc.so.6", \
  "src/aggregator/main.ts" \
]
