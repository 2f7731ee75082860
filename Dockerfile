# syntax=docker/dockerfile:1
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json LICENSE ./
COPY daemon daemon
RUN npm run build

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="rebootd" \
      org.opencontainers.image.description="A reboot daemon for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
COPY --from=build --chown=0:0 --chmod=0555 /src/dist/rebootd.mjs /rebootd.mjs
COPY --from=build --chown=0:0 --chmod=0444 /src/LICENSE /LICENSE
# A small space for young objects keeps the memory flat while a large node is drained.
ENTRYPOINT ["node", "--max-semi-space-size=1", "/rebootd.mjs"]
CMD ["run"]
