# syntax=docker/dockerfile:1

# Built on Debian, where the tests run; what is built is plain JavaScript and runs on any Node 20.
FROM node:20-bookworm-slim AS build
WORKDIR /app
# The packages first: this layer is built again only when they change.
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:20-alpine
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Comes with the image, and owns nothing in it: the server writes no file.
USER node
EXPOSE 4000
# Alive, not ready: a container without Redis should wait for it, not be killed over and over.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
# The program itself, not `npm start`: npm would stand between it and the signal. There is no Redis in this
# image: REDIS_URL must be set.
CMD ["node", "dist/main.js"]
