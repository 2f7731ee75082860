# A Debian image with Node 24 and npm. Nothing of it is in the image but what the last stages take.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No script of a package is needed to bundle; one would fetch a second Node.
RUN npm ci --ignore-scripts
COPY tsconfig.json LICENSE ./
COPY daemon daemon
COPY manifests/image manifests/image
RUN npm run build

# Of the platform that the image is for. Nothing of it is run, so any machine builds the image for any other.
# The platform is named, as older builders take it to be that of the stage before.
FROM --platform=$TARGETPLATFORM ${NODE_IMAGE} AS node

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS parts
COPY --from=node /usr /node/usr
WORKDIR /node
# Node and its libraries, and nsenter, which commands on the host need, and its two, each with its licence. What programs name as their loader is a link,
# which may lead to the root of the machine that builds: it is copied as it is.
RUN mkdir /image && ln -s usr/lib usr/lib64 /image && \
    cp --parents --no-dereference usr/lib*/ld-linux-*.so.* /image && cp --parents --dereference \
      usr/local/bin/node usr/bin/nsenter usr/lib/*-linux-gnu/ld-linux-*.so.* \
      usr/lib/*-linux-gnu/libc.so.* usr/lib/*-linux-gnu/libm.so.* usr/lib/*-linux-gnu/libdl.so.* usr/lib/*-linux-gnu/libpthread.so.* \
      usr/lib/*-linux-gnu/libgcc_s.so.1 usr/lib/*-linux-gnu/libstdc++.so.6 \
      usr/lib/*-linux-gnu/libselinux.so.1 usr/lib/*-linux-gnu/libpcre2-8.so.0 \
      usr/local/LICENSE usr/share/doc/libc6/copyright usr/share/doc/gcc-*-base/copyright usr/share/doc/libselinux1/copyright \
      usr/share/doc/libpcre2-8-0/copyright usr/share/doc/util-linux/copyright \
      /image && \
    cd / && cp --parents usr/share/common-licenses/*GPL-[23]* /image

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="rebootd" \
      org.opencontainers.image.description="A reboot daemon for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
# Threads share one heap of the C library, and what is free of it goes back: 15 MB on each node.
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_TRIM_THRESHOLD_=65536
COPY --from=parts /image /
COPY --from=build --chmod=0555 /src/dist/rebootd.mjs /rebootd.mjs
COPY --from=build /src/dist/rebootd /rebootd
# The program in the manifests and the chart of kured.
COPY --from=build --chmod=0555 /src/manifests/image/kured /usr/bin/kured
COPY --from=build --chmod=0444 /src/LICENSE /src/dist/THIRD-PARTY-NOTICES.txt /
# logind, process 1 and some sentinels answer to this user alone. It needs no capability.
USER 0:0
# Code is interpreted and garbage collected before the memory grows: 9 MiB less on an idle node, and at most 95 MiB while a node of
# 1,000 pods is drained, for half as much processor time again in that drain. No memory is writable and executable.
# SIGUSR1 would open an inspector, in which code runs; no field's name reaches the prototype of all objects.
ENTRYPOINT ["/usr/local/bin/node", "--lite-mode", "--disable-sigusr1", "--disable-proto=delete", "/rebootd.mjs"]
CMD ["run"]
