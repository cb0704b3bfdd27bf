# A worker for docker-compose.yml. It holds no agent; to add one, build on it:
#
#   FROM outlive-worker:0.1.0
#   USER root
#   RUN npm install --global <the agent's package>@<version>
#   USER node

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20.20.2-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git openssh-client procps tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# A named volume takes its owner from the folder it is mounted on.
RUN ln -s /app/dist/cli/main.js /usr/local/bin/outlive && install --directory --owner=node --group=node /var/lib/outlive
ENV NODE_ENV=production XDG_STATE_HOME=/var/lib/outlive
VOLUME /var/lib/outlive
USER node
# Agents leave orphans behind; process 1 has to bury them.
ENTRYPOINT ["/usr/bin/tini", "--", "outlive"]
CMD ["worker"]
