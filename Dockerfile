# syntax=docker/dockerfile:1

# Built on Debian, where the tests run. The result is plain JavaScript and runs on any supported Node.
FROM node:24-bookworm-slim AS build
WORKDIR /app
# Install packages first: this layer is rebuilt only when they change.
COPY package.json package-lock.json ./
COPY packages/client/package.json packages/client/
RUN npm ci --no-audit --no-fund
COPY . .
# The page contains the client already, so the link to its workspace can go: it would lead nowhere in the image.
RUN npm run build \
  && npm prune --omit=dev --no-audit --no-fund \
  && rm -f node_modules/streamly-chat-client

FROM node:24-alpine
# One process per container, so that an orchestrator can restart and scale each by itself. If a container has several cores
# to itself, WORKERS=auto uses all of them.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 WORKERS=1
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# This user comes with the image and owns none of the app's files. The server does not write files.
USER node
EXPOSE 4000
# Check for live, not ready: a container without Redis should wait for it instead of being restarted repeatedly.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
# Run the program directly: with `npm start`, npm would receive the signals. The image contains no Redis, so
# REDIS_URL must be set.
CMD ["node", "dist/main.js"]
