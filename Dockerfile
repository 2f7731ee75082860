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
ENTRYPOINT ["node", "/rebootd.mjs"]
CMD ["run"]
