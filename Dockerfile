# The server in a container: docker build -t mail-server . ; docs/operating.md has the rest.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p mail-server

FROM debian:bookworm-slim
# The roots that `check`, ACME and verified relays trust.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /var/lib/mail-server mail-server \
 && install -d -o mail-server -m 700 /var/lib/mail-server
COPY --from=build /src/target/release/mail-server /usr/local/bin/mail-server
# Ports below 1024 without root: docker lets containers bind them.
USER mail-server
WORKDIR /var/lib/mail-server
VOLUME /var/lib/mail-server
EXPOSE 25 443 465 587 143 993
# Told to stop it finishes what is underway, for `limits.grace-seconds`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["mail-server", "--config", "/etc/mail-server.toml"]
