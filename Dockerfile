# syntax=docker/dockerfile:1

# The page and the client, in a few files.
FROM node:22-slim AS page
WORKDIR /app
COPY client/package.json client/package-lock.json client/
COPY web/package.json web/package-lock.json web/
RUN npm ci --no-audit --no-fund --omit=dev --prefix client && npm ci --no-audit --no-fund --prefix web
COPY client client
COPY web web
COPY CHANGELOG.md LICENSE ./
RUN npm run build --prefix web

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ENVIRONMENT=production LOG_FORMAT=json
WORKDIR /app
COPY requirements-server.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-server.lock && useradd --system --no-create-home mayfly
COPY CHANGELOG.md LICENSE ./
COPY client client
COPY web web
COPY --from=page /app/dist dist
COPY server server
COPY rooms rooms
COPY signaling signaling
COPY storage storage
USER mayfly
EXPOSE 3001
# A process that waits for rooms, or drains, still answers: it is not to be killed for that.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '3001') + '/health', timeout=2)"]
# SIGTERM drains: sockets are told, what is unwritten is written.
CMD ["python", "-m", "server"]
