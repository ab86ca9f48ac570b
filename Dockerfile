# The worker and the commands. glibc, since the native part of Temporal's SDK needs it: no Alpine.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No dependency needs its install script; the one of this package is the build below.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY tools/build.mjs tools/
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# The SDK's native part takes its root certificates from the system, which the slim image leaves out. flock(1), which the
# file destination needs, is in it (util-linux). Debian keeps no older versions, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY bin bin
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# The working folder: the configuration is looked for here, and its relative paths start here.
RUN mkdir /data && chown node:node /data
WORKDIR /data
# The user `node`, as a number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000
ENTRYPOINT ["node", "/app/bin/office365-ingest"]
CMD ["worker"]
