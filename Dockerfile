# The gateway as an image: docker build -t billing-gateway .
# Settings: docs/settings.md. How to run it: deploy/README.md.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json ./
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
# The user "node" of the base image, by its number: Kubernetes can see from it that this is not root.
USER 1000:1000
EXPOSE 4000
STOPSIGNAL SIGTERM
# Alive, not ready: a billing API that fails is no reason to start the gateway anew.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without npm in between, which would keep the signal to itself.
CMD ["node", "dist/main.js"]
